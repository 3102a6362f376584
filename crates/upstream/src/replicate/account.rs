use super::ask::{Creation, Reply};
use super::links::{Origins, Trust};
use super::prediction::Prediction;
use super::problem;
use super::refusal::{Failure, Refusal};
use super::settings::SettingsError;
use crate::dns::Resolver;
use crate::{Fault, UpstreamError, fault, tls};
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderValue};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;

/// For reading a prediction's state, which takes Replicate no time.
const GET_TIMEOUT: Duration = Duration::from_secs(15);
/// For each of the two times that a cancellation is asked for.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(3);
const CANCEL_AGAIN_AFTER: Duration = Duration::from_millis(250);
/// A prediction repeats its input and holds its whole output.
const PREDICTION_CAP_BYTES: usize = 64 * 1024 * 1024;
/// Longer error texts are cut: somebody else wrote them.
const MESSAGE_CAP_CHARS: usize = 1000;
/// <https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header>.
const LAST_EVENT_ID: &str = "last-event-id";
/// How long Replicate may hold a creation's answer back in the hope of an output. Before that answer nobody knows how to
/// cancel the prediction, so it is the shortest that the API knows; what takes longer is polled for.
const PREFER_WAIT: HeaderValue = HeaderValue::from_static("wait=1");

/// Replicate's API with the key that one request presents.
#[derive(Clone)]
pub(super) struct Account {
    client: Client,
    origins: Arc<Origins>,
    key: Option<Key>,
}

#[derive(Clone)]
struct Key {
    secret: SecretString,
    header: HeaderValue,
}

impl Account {
    pub(super) fn new(origins: Origins, connect_timeout: Duration) -> Result<Self, SettingsError> {
        let client = client(connect_timeout).map_err(SettingsError::Client)?;
        Ok(Self { client, origins: Arc::new(origins), key: None })
    }

    /// The same with this key.
    ///
    /// # Errors
    ///
    /// If no header can carry it.
    pub(super) fn with_key(&self, secret: &SecretString) -> Result<Self, SettingsError> {
        let header = format!("Bearer {}", secret.expose_secret());
        let mut header = HeaderValue::try_from(header).map_err(|_| SettingsError::Key)?;
        header.set_sensitive(true);
        Ok(Self { key: Some(Key { secret: secret.clone(), header }), ..self.clone() })
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Creates a prediction. What is told of it is in `answer`, as far as it came: also when reading on fails, and when
    /// the future is dropped.
    ///
    /// # Errors
    ///
    /// The fault tells whether anything was sent: a prediction costs money, so it is created once at most.
    pub(super) async fn create(&self, creation: &Creation, answer: &mut Vec<u8>) -> Result<(), Failure> {
        let request =
            self.client.post(self.origins.api(&creation.path)).headers(self.key_headers()).json(&creation.body);
        let request = match creation.reply {
            Reply::Whole => request.header("prefer", PREFER_WAIT),
            Reply::Stream | Reply::StreamWithUsage => request,
        };
        let response = request.send().await.map_err(not_answered)?;
        self.read_success(response, answer).await
    }

    /// Reads a prediction's state.
    pub(super) async fn get(&self, url: &Url) -> Result<Prediction, Failure> {
        let request = self.client.get(url.clone()).headers(self.key_headers()).timeout(GET_TIMEOUT);
        let mut answer = Vec::new();
        self.read_success(send_later(request).await?, &mut answer).await?;
        Ok(self.prediction_in(&answer)?)
    }

    /// Asks Replicate to stop, and once more if it may not have heard: what runs on is paid for. There is nobody left to
    /// tell if that fails.
    pub(super) async fn cancel(&self, url: Url) {
        let mut cancelled = self.try_to_cancel(url.clone()).await;
        if cancelled.as_ref().is_err_and(was_not_heard) {
            tokio::time::sleep(CANCEL_AGAIN_AFTER).await;
            cancelled = self.try_to_cancel(url).await;
        }
        if let Err(error) = cancelled {
            tracing::warn!(error = %error.without_url(), "prediction could not be cancelled");
        }
    }

    async fn try_to_cancel(&self, url: Url) -> Result<(), reqwest::Error> {
        let request = self.client.post(url).headers(self.key_headers()).timeout(CANCEL_TIMEOUT);
        request.send().await.and_then(Response::error_for_status).map(drop)
    }

    /// Opens a prediction's stream of events, behind the one with the id `after` if whoever serves it knows how.
    pub(super) async fn open_stream(
        &self,
        url: Url,
        trust: Trust,
        after: Option<&HeaderValue>,
    ) -> Result<Response, Failure> {
        let headers = match trust {
            Trust::Key => self.key_headers(),
            Trust::Keyless => HeaderMap::new(),
        };
        let request = self.client.get(url).headers(headers);
        let request = request.header(ACCEPT, "text/event-stream").header(CACHE_CONTROL, "no-store");
        let request = after.iter().fold(request, |request, &id| request.header(LAST_EVENT_ID, id));
        let response = send_later(request).await?;
        if response.status() == http::StatusCode::OK { Ok(response) } else { Err(self.refusal(response).await) }
    }

    /// Somebody else's text without our key, should it be repeated there, and not too much of it.
    pub(super) fn redacted(&self, text: &str) -> String {
        let secret = self.key.as_ref().map(|key| key.secret.expose_secret()).filter(|secret| !secret.is_empty());
        let text = secret.map_or_else(|| text.to_owned(), |secret| text.replace(secret, "***"));
        text.chars().take(MESSAGE_CAP_CHARS).collect()
    }

    fn key_headers(&self) -> HeaderMap {
        self.key.iter().map(|key| (AUTHORIZATION, key.header.clone())).collect()
    }

    /// The prediction that an answer tells of, without our key.
    pub(super) fn prediction_in(&self, answer: &[u8]) -> Result<Prediction, Refusal> {
        let no_prediction = |_| Refusal::bad_gateway("upstream_bad_answer", "Replicate's answer is no prediction");
        let mut prediction: Prediction = serde_json::from_slice(answer).map_err(no_prediction)?;
        prediction.rewrite_error(|text| self.redacted(text));
        Ok(prediction)
    }

    async fn read_success(&self, response: Response, answer: &mut Vec<u8>) -> Result<(), Failure> {
        if response.status().is_success() {
            return read(response, PREDICTION_CAP_BYTES, answer).await;
        }
        Err(self.refusal(response).await)
    }

    /// The status as it is. A body that cannot be read takes nothing away from it.
    async fn refusal(&self, response: Response) -> Failure {
        const PROBLEM_CAP_BYTES: usize = 64 * 1024;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        let _unread_rest = read(response, PROBLEM_CAP_BYTES, &mut body).await;
        let text = String::from_utf8_lossy(&body);
        problem::refusal(status, &headers, &text, |text| self.redacted(text)).into()
    }
}

/// Why a creation was not answered. The address is left out of the cause, as it is everywhere: it may hold what gives access
/// to a stream.
fn not_answered(error: reqwest::Error) -> Failure {
    let fault = match (error.is_connect(), error.is_timeout()) {
        (true, true) => Fault::ConnectTimeout,
        (true, false) => fault::of_connecting(&error),
        (false, _) => fault::of_request(&error),
    };
    Failure::Fault(UpstreamError::caused_by(fault, error.without_url()))
}

/// Sends what concerns a prediction that exists already, so that no failure means that nothing was sent.
async fn send_later(request: RequestBuilder) -> Result<Response, Failure> {
    request.send().await.map_err(|error| Failure::lost(error.without_url()))
}

/// Whether the answer to a cancellation, or its absence, leaves open whether it was understood.
fn was_not_heard(error: &reqwest::Error) -> bool {
    error.status().is_none_or(|status| status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS)
}

async fn read(mut response: Response, cap_bytes: usize, body: &mut Vec<u8>) -> Result<(), Failure> {
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::lost(error.without_url()))? {
        if body.len() + chunk.len() > cap_bytes {
            return Err(Refusal::bad_gateway("upstream_bad_answer", "Replicate's answer is too long").into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// Nobody but the configured hosts is talked to: no redirects, no proxies of the environment.
fn client(connect_timeout: Duration) -> Result<Client, crate::BodyError> {
    let client = Client::builder()
        .tls_backend_preconfigured(tls())
        .connect_timeout(connect_timeout)
        .dns_resolver(Names(Resolver::system()))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("openai-api-route/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

fn tls() -> rustls::ClientConfig {
    let mut config = tls::client_config();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Names as reqwest asks for them.
struct Names(Resolver);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.0.lookup(name.as_str());
        Box::pin(async move { Ok(Box::new(addresses.await?) as Addrs) })
    }
}
