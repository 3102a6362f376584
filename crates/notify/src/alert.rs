//! One message, before it is text or JSON.

use crate::book::Admitted;
use crate::event::{Event, Failure, Tried};
use crate::policy::Language;
use crate::text::{self, tame};
use oar_exchange::Exchange;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// One message to people.
///
/// Whatever a client may have written (the model, the request id) is short, on one line, and cannot ping anybody.
/// Serializes as the JSON object that [`Webhook`](crate::Webhook) documents.
///
/// ```
/// use oar_notify::{Alert, Kind, Language};
///
/// let alert = Alert::test("gateway-1", Language::English);
/// assert_eq!(alert.kind(), Kind::Test);
/// assert_eq!(alert.text(), "[gateway-1] this is a test (test)\nAlerts of openai-api-route arrive here.");
/// let json = serde_json::to_value(&alert)?;
/// assert_eq!((&json["kind"], &json["hostname"]), (&"test".into(), &"gateway-1".into()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alert {
    /// Unique among all alerts of all gateways; for channels that can tell a repeated message from a new one.
    pub id: String,
    /// Which gateway speaks, as configured.
    pub hostname: Arc<str>,
    /// The language of [`Alert::text`].
    pub language: Language,
    /// What it tells.
    pub event: Event,
}

/// What kind of message it is.
///
/// ```
/// # use oar_notify::{Alert, Kind, Language};
/// let kind = Alert::test("gateway-1", Language::Chinese).kind();
/// assert_eq!((kind, kind.as_str()), (Kind::Test, "test"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A request met a trouble.
    Alert,
    /// Something works again.
    Recovered,
    /// Many troubles in one message.
    Summary,
    /// Records cannot be written.
    Records,
    /// A new configuration was rejected.
    Reload,
    /// A test.
    Test,
}

impl Alert {
    /// The longest text of an alert, in bytes of UTF-8.
    pub const TEXT_CAP_BYTES: usize = 2048;

    /// The message that shows that a channel works.
    ///
    /// ```
    /// # use oar_notify::{Alert, Language};
    /// let alert = Alert::test("gateway-1", Language::Chinese);
    /// assert!(alert.text().starts_with("[gateway-1] 这是一条测试消息"));
    /// ```
    pub fn test(hostname: impl Into<Arc<str>>, language: Language) -> Self {
        Self::now(Event::Test, hostname.into(), language)
    }

    /// What people hear about `event`, which is about no single request.
    pub(crate) fn now(event: Event, hostname: Arc<str>, language: Language) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let id = format!("{}-{hostname}-{}", event.kind().as_str(), since.as_micros());
        Self { id, hostname, language, event }
    }

    /// What people hear about `exchange`.
    pub(crate) fn of_failure(
        exchange: &Exchange,
        Admitted { troubles, more }: Admitted,
        hostname: &Arc<str>,
        language: Language,
    ) -> Self {
        let failure = Failure {
            troubles,
            more,
            outcome: exchange.outcome,
            request_id: tame(&exchange.request_id),
            model: exchange.request.model.as_deref().map(tame),
            attempts: exchange.attempts.iter().map(Tried::from).collect(),
        };
        Self { id: exchange.id.clone(), hostname: Arc::clone(hostname), language, event: Event::Failure(failure) }
    }

    /// What kind of message it is.
    ///
    /// ```
    /// # use oar_notify::{Alert, Kind, Language};
    /// assert_eq!(Alert::test("gateway-1", Language::English).kind(), Kind::Test);
    /// ```
    pub const fn kind(&self) -> Kind {
        self.event.kind()
    }

    /// The alert as a few lines of plain text for a chat, at most [`Alert::TEXT_CAP_BYTES`] long. The first line says
    /// what it is about.
    ///
    /// ```
    /// # use oar_notify::{Alert, Language};
    /// let text = Alert::test("gateway-1", Language::English).text();
    /// assert_eq!(text.lines().next(), Some("[gateway-1] this is a test (test)"));
    /// assert!(text.len() <= Alert::TEXT_CAP_BYTES);
    /// ```
    pub fn text(&self) -> String {
        text::compose(self)
    }
}

impl Kind {
    /// The word for it.
    ///
    /// ```
    /// # use oar_notify::Kind;
    /// assert_eq!(Kind::Recovered.as_str(), "recovered");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Recovered => "recovered",
            Self::Summary => "summary",
            Self::Records => "records",
            Self::Reload => "reload",
            Self::Test => "test",
        }
    }
}
