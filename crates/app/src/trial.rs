//! Whether people would hear: one test message to each configured channel.

use crate::channels;
use futures_util::future::join_all;
use oar_config::Config;
use oar_notify::{Alert, Notifier, NotifyError, SetupError, Worker};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// What came of one message to one channel; see [`try_channels`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use oar_app::{Config, Trial, try_channels};
/// # use oar_testkit::ScriptedUpstream;
/// # let chat = ScriptedUpstream::answering(403, &[], "go away").await?;
/// # let url = format!("{}/hook", chat.origin());
///
/// let file = format!("authorization: t\nupstreams: [{{sk: key}}]\nnotify: {{webhook: {{url: '{url}'}}}}");
/// let config = Config::parse(&file, "config.yaml", &|_| None)?;
/// for Trial { channel, result, .. } in try_channels(&config).await? {
///     let told = result.map_or_else(|error| error.to_string(), |()| "delivered".to_owned());
///     assert_eq!((channel.as_str(), told.as_str()), ("webhook", "channel answered with status 403: go away"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Trial {
    /// The channel: `feishu`, `matrix` or `webhook`.
    pub channel: String,
    /// How long it took until that was known.
    pub elapsed: Duration,
    /// Whether the message was taken. An error names neither the address nor a token.
    pub result: Result<(), NotifyError>,
}

/// Sends one test message to each channel that `config` names, to all at once and to each once, for at most
/// [`Worker::TRY_LIMIT`]. Yields what came of each; nothing when no channel is configured.
///
/// # Errors
///
/// A [`SetupError`] when a channel cannot be set up. Nothing was sent then.
///
/// # Cancel safety
///
/// Dropping the future gives up what is under way; messages may have arrived.
///
/// ```
/// use oar_app::{Config, try_channels};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Nobody listens at this port.
/// let file = "authorization: t\nupstreams: [{sk: key}]\nnotify: {webhook: {url: 'http://127.0.0.1:9/hook'}}";
/// let config = Config::parse(file, "config.yaml", &|_| None)?;
/// let trials = try_channels(&config).await?;
/// assert_eq!((trials.len(), trials[0].channel.as_str()), (1, "webhook"));
/// assert!(trials[0].result.is_err(), "after {:?}", trials[0].elapsed);
/// # Ok(())
/// # }
/// ```
pub async fn try_channels(config: &Config) -> Result<Vec<Trial>, SetupError> {
    let notifiers = channels::notifiers(&config.notify)?;
    let alert = Alert::test(channels::hostname(config), channels::language(&config.notify));
    Ok(join_all(notifiers.iter().map(|notifier| attempt(&**notifier, &alert))).await)
}

async fn attempt(notifier: &dyn Notifier, alert: &Alert) -> Trial {
    let started = Instant::now();
    let delivery = timeout(Worker::TRY_LIMIT, notifier.notify(alert));
    let result = delivery.await.unwrap_or(Err(NotifyError::Timeout(Worker::TRY_LIMIT)));
    Trial { channel: notifier.name().to_owned(), elapsed: started.elapsed(), result }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use oar_notify::Language;
    use std::future::pending;

    struct Silent;

    #[async_trait]
    impl Notifier for Silent {
        fn name(&self) -> &str {
            "silent"
        }

        async fn notify(&self, _alert: &Alert) -> Result<(), NotifyError> {
            pending().await
        }
    }

    /// N02.
    #[tokio::test(start_paused = true)]
    async fn a_channel_that_never_answers_is_given_up_after_five_seconds() {
        let trial = attempt(&Silent, &Alert::test("gateway-1", Language::English)).await;
        assert_eq!((trial.channel.as_str(), trial.elapsed), ("silent", Duration::from_secs(5)));
        assert!(matches!(trial.result, Err(NotifyError::Timeout(_))), "{trial:?}");
    }

    #[tokio::test]
    async fn without_a_channel_nothing_is_tried() {
        let file = "authorization: a\nupstreams: [{sk: key}]";
        let config = Config::parse(file, "config.yaml", &|_| None).expect("a file");
        assert!(try_channels(&config).await.expect("no trial").is_empty());
    }
}
