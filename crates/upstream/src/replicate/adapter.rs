use super::account::Account;
use super::answer::{Answer, Ending};
use super::ask::{Ask, Reply, Surface};
use super::links::Origins;
use super::live::Live;
use super::models::Model;
use super::refusal::Failure;
use super::running::{Running, Tasks};
use super::settings::{Settings, SettingsError};
use super::stops::{Cut, Stops};
use crate::{Description, Fault, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use async_trait::async_trait;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::time::{Duration, SystemTime};
use tokio_util::task::TaskTracker;

/// Replicate, behind OpenAI's chat and text completions.
///
/// ```
/// use oar_upstream::Upstream;
/// use oar_upstream::replicate::{Replicate, Settings};
/// use std::time::Duration;
///
/// let upstream = Replicate::new(Settings::default(), Duration::from_secs(5))?;
/// assert!(upstream.describe().defect.is_some(), "it has no key");
/// # Ok::<(), oar_upstream::replicate::SettingsError>(())
/// ```
pub struct Replicate {
    account: Account,
    key: Key,
    models: Vec<Model>,
    tracker: TaskTracker,
}

/// Which key a request presents.
enum Key {
    /// None is configured, so no request can succeed.
    Missing,
    /// The configured one, which the account has.
    Own(SecretString),
    /// The client's.
    AsIs,
}

impl Replicate {
    /// An upstream with these settings, which gives up on a connection, with name resolution and TLS handshake, after
    /// `connect_timeout`. An empty `sk` is no error here: [`Upstream::describe`] tells of it.
    ///
    /// # Errors
    ///
    /// A [`SettingsError`] for settings that cannot be used.
    ///
    /// ```
    /// use oar_upstream::replicate::{Replicate, Settings};
    /// use std::time::Duration;
    ///
    /// let settings = Settings { endpoint: "api.replicate.com/v1".into(), ..Settings::default() };
    /// let error = Replicate::new(settings, Duration::from_secs(5)).err().expect("no URL");
    /// assert_eq!(error.key(), Some("endpoint"));
    /// ```
    pub fn new(settings: Settings, connect_timeout: Duration) -> Result<Self, SettingsError> {
        let account = Account::new(Origins::new(&settings)?, connect_timeout)?;
        let (key, account) = match settings.sk.expose_secret() {
            "" => (Key::Missing, account),
            "asis" => (Key::AsIs, account),
            _ => (Key::Own(settings.sk.clone()), account.with_key(&settings.sk)?),
        };
        Ok(Self { account, key, models: settings.models, tracker: TaskTracker::new() })
    }

    /// The same with its background work, which is cancelling abandoned predictions, given to this tracker. Each piece
    /// of it ends within ten seconds.
    ///
    /// ```
    /// use oar_upstream::replicate::{Replicate, Settings};
    /// use std::time::Duration;
    /// use tokio_util::task::TaskTracker;
    ///
    /// let tracker = TaskTracker::new();
    /// let upstream = Replicate::new(Settings::default(), Duration::from_secs(5))?.tracked_by(tracker.clone());
    /// // When the program stops: `tracker.close()`, then `tracker.wait().await`.
    /// assert!(tracker.is_empty());
    /// # Ok::<(), oar_upstream::replicate::SettingsError>(())
    /// ```
    #[must_use]
    pub fn tracked_by(self, tracker: TaskTracker) -> Self {
        Self { tracker, ..self }
    }

    /// The account that a request goes to.
    fn account_for(&self, request: &UpstreamRequest) -> Result<Account, UpstreamError> {
        match (&self.key, &request.client_token) {
            (Key::Missing, _) => Err(UpstreamError::caused_by(Fault::Misconfigured, MISSING_KEY)),
            (Key::AsIs, Some(token)) => {
                self.account.with_key(token).map_err(|error| UpstreamError::caused_by(Fault::Misconfigured, error))
            }
            (Key::AsIs, None) | (Key::Own(_), _) => Ok(self.account.clone()),
        }
    }

    async fn answer(&self, account: &Account, request: &UpstreamRequest) -> Result<UpstreamResponse, Failure> {
        let surface = Surface::of(&request.method, &request.path_and_query)?;
        let Ask { creation, shape, stops } = Ask::read(surface, &request.body, &self.models)?;
        let (reply, stops) = (shape.reply, Stops::new(stops));
        let running = Running::create(account, &Tasks::on(&self.tracker), creation).await?;
        let answer = Answer::new(shape, &running.prediction.id, seconds_since_1970());
        match reply {
            Reply::Whole => whole(running, stops, &answer).await,
            Reply::Stream | Reply::StreamWithUsage => Live::open(running, stops, &answer).await?.respond(answer).await,
        }
    }
}

const MISSING_KEY: &str = "sk is empty";

#[async_trait]
impl Upstream for Replicate {
    /// Answers with a whole completion once the prediction has ended, with a stream once the first text has come.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or the body before its end, cancels the prediction in the background.
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let account = self.account_for(request)?;
        match self.answer(&account, request).await {
            Ok(response) => Ok(response),
            Err(Failure::Answer(refusal)) => Ok(refusal.into_response()),
            Err(Failure::Fault(error)) => Err(error),
        }
    }

    fn describe(&self) -> Description {
        let (key, passes_client_token, defect) = match &self.key {
            Key::Missing => (None, false, Some(MISSING_KEY.to_owned())),
            Key::Own(key) => (Some(key.clone()), false, None),
            Key::AsIs => (None, true, None),
        };
        Description {
            endpoint: self.account.origins().endpoint().to_owned(),
            key,
            passes_client_token,
            defect,
            advice: None,
        }
    }
}

async fn whole(mut running: Running, mut stops: Stops, answer: &Answer) -> Result<UpstreamResponse, Failure> {
    let prediction = running.end().await?;
    let (text, ending) = match stops.push(&prediction.text()?) {
        Cut::Open(text) => (text + &stops.finish(), Ending::Model(prediction.tokens())),
        Cut::Closed(text) => (text, Ending::Stop),
    };
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    Ok(UpstreamResponse {
        status: http::StatusCode::OK,
        headers,
        body: ResponseBody::full(answer.whole(&text, ending)),
    })
}

fn seconds_since_1970() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs())
}
