//! What a channel is, and how it says no.

use crate::alert::Alert;
use async_trait::async_trait;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// One channel that people read.
///
/// Shared by the worker and whoever wants to send a message by hand: `&self`, no locks held across an await.
///
/// ```
/// use async_trait::async_trait;
/// use oar_notify::{Alert, Kind, Language, Notifier, NotifyError};
///
/// /// Hands alerts to another task, and a test to nobody.
/// struct Handed(tokio::sync::mpsc::Sender<String>);
///
/// #[async_trait]
/// impl Notifier for Handed {
///     fn name(&self) -> &str {
///         "handed"
///     }
///
///     async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
///         if alert.kind() == Kind::Test {
///             return Ok(());
///         }
///         // Tried again, should the other task be there by then.
///         self.0.send(alert.text()).await.map_err(|gone| NotifyError::Unreachable(Box::new(gone)))
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let (sender, _receiver) = tokio::sync::mpsc::channel(1);
///
/// assert!(Handed(sender).notify(&Alert::test("gateway-1", Language::English)).await.is_ok());
/// # }
/// ```
#[async_trait]
pub trait Notifier: Send + Sync + 'static {
    /// The channel's name in logs and metrics; fixed by the configuration, and no secret.
    ///
    /// ```
    /// # use oar_notify::{Http, Notifier, Webhook};
    /// let hook: Box<dyn Notifier> = Box::new(Webhook::new(&Http::new()?, &"https://alerts.example.com/hook".into())?);
    /// assert_eq!(hook.name(), "webhook");
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    fn name(&self) -> &str;

    /// Delivers one alert; called once per try.
    ///
    /// The worker gives each try [`Worker::TRY_LIMIT`](crate::Worker::TRY_LIMIT), tries again when the error
    /// [is temporary](NotifyError::is_temporary), and calls for the next alert when this one is done: never twice at a
    /// time.
    ///
    /// # Errors
    ///
    /// A [`NotifyError`] says that the message did not arrive, or that nobody knows. It must not name the channel's
    /// address, which is a secret as a rule.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when its time is over or when the gateway stops; the message may have arrived.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use oar_notify::{Alert, Http, Language, Notifier, Webhook};
    /// # let chat = oar_testkit::ScriptedUpstream::answering(503, &[], "restarting").await?;
    /// # let webhook = Webhook::new(&Http::new()?, &format!("{}/hook", chat.origin()).into())?;
    /// // By hand, where nobody tries again:
    /// let error = webhook.notify(&Alert::test("gateway-1", Language::English)).await.expect_err("the chat restarts");
    /// assert_eq!(error.to_string(), "channel answered with status 503: restarting");
    /// assert!(error.is_temporary());
    /// # Ok(())
    /// # }
    /// ```
    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError>;

    /// The least time from one try to the next, for channels that count messages in a second. None by default.
    ///
    /// ```
    /// # use oar_notify::{Alert, Notifier, NotifyError};
    /// # use std::time::Duration;
    /// struct Strict;
    ///
    /// #[async_trait::async_trait]
    /// impl Notifier for Strict {
    ///     # fn name(&self) -> &str { "strict" }
    ///     # async fn notify(&self, _: &Alert) -> Result<(), NotifyError> { Ok(()) }
    ///     // `name`, `notify`, and:
    ///     fn pace(&self) -> Duration {
    ///         Duration::from_secs(1)
    ///     }
    /// }
    ///
    /// assert_eq!(Strict.pace(), Duration::from_secs(1));
    /// ```
    fn pace(&self) -> Duration {
        Duration::ZERO
    }
}

// Channels are chosen by configuration, so the trait must stay usable as a trait object.
const _: fn(&dyn Notifier) = |_| {};

/// Why a message was not delivered. Names neither the address nor a secret.
///
/// ```
/// # use oar_notify::{NotifyError, Said};
/// let busy = NotifyError::Status { status: 503, said: Said::new("come back later"), wait: None };
/// assert_eq!(busy.to_string(), "channel answered with status 503: come back later");
/// assert!(busy.is_temporary());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// The channel answered with a status that is no success; a redirect is none.
    #[error("channel answered with status {status}{said}")]
    Status {
        /// The status.
        status: u16,
        /// How its answer begins.
        said: Said,
        /// How long the channel wants to be left alone.
        wait: Option<Duration>,
    },
    /// The channel answered, and said with a code of its own that it did not take the message.
    #[error("channel refused the message with {code}{said}")]
    Refused {
        /// The channel's code: of Feishu a number, as `19021`, of Matrix a word, as `M_FORBIDDEN`.
        code: String,
        /// What it says beside the code.
        said: Said,
        /// Whether the same message may be taken later.
        temporary: bool,
        /// How long the channel wants to be left alone.
        wait: Option<Duration>,
    },
    /// The channel's answer is not what its protocol promises, or is too long.
    #[error("channel gave an answer that is not understood")]
    Answer,
    /// No answer came in time.
    #[error("channel gave no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The channel was not reached, or the connection failed.
    #[error("channel was not reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The [`Notifier`] itself panicked.
    #[error("channel panicked")]
    Panicked,
}

impl NotifyError {
    /// Whether another try may succeed.
    ///
    /// ```
    /// # use oar_notify::NotifyError;
    /// assert!(NotifyError::Timeout(std::time::Duration::from_secs(5)).is_temporary());
    /// assert!(!NotifyError::Answer.is_temporary());
    /// ```
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..),
            Self::Refused { temporary, .. } => *temporary,
            Self::Answer | Self::Panicked => false,
            Self::Timeout(_) | Self::Unreachable(_) => true,
        }
    }

    /// How long the channel wants to be left alone before the next try, if it said so.
    ///
    /// ```
    /// # use oar_notify::{NotifyError, Said};
    /// # use std::time::Duration;
    /// let wait = Some(Duration::from_secs(3));
    /// assert_eq!(NotifyError::Status { status: 429, said: Said::default(), wait }.wait(), wait);
    /// assert_eq!(NotifyError::Answer.wait(), None);
    /// ```
    pub const fn wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } | Self::Refused { wait, .. } => *wait,
            Self::Answer | Self::Timeout(_) | Self::Unreachable(_) | Self::Panicked => None,
        }
    }
}

/// What a channel says when it refuses a message: one line without marks that are not seen, at most
/// [`Said::CAP_CHARS`] long, and without the address or the token of the channel. Displays as `: …`, or as nothing.
///
/// ```
/// # use oar_notify::Said;
/// assert_eq!(Said::new("no @room\nfor you").to_string(), ": no ＠room for you");
/// assert_eq!(Said::default().to_string(), "");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said(String);

impl Said {
    /// The most characters that are shown.
    pub const CAP_CHARS: usize = 200;

    /// The beginning of `text`, made fit to be shown. What is secret must not be in it.
    ///
    /// ```
    /// # use oar_notify::Said;
    /// assert_eq!(Said::new(&"x".repeat(1000)).as_str().chars().count(), Said::CAP_CHARS + 1, "and `…`");
    /// ```
    pub fn new(text: &str) -> Self {
        Self(crate::text::tame_to(text.trim(), Self::CAP_CHARS))
    }

    /// The words; empty when nothing was said.
    ///
    /// ```
    /// # use oar_notify::Said;
    /// assert_eq!(Said::new(" gone ").as_str(), "gone");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}
