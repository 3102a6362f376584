//! HTTP to whatever channel. Knows no channel's protocol.

use super::address::Address;
use crate::notifier::{NotifyError, Said};
use crate::worker::Worker;
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The most that is read of a channel's answer, in bytes.
pub(super) const REPLY_CAP_BYTES: usize = 64 * 1024;

/// Which part of its limit an exchange may spend on the body of a refusal. The worker waits no longer than the limit, and is
/// to hear the status even if the body never comes.
const REFUSAL_SHARE: u32 = 5;

/// How channels speak HTTP: straight to the address they were given, no redirects, no proxy, no waiting for ever, and
/// no connection kept. Cheap to clone; one serves all channels.
///
/// ```
/// # use oar_notify::{Feishu, Http, Webhook, feishu};
/// let http = Http::new()?;
/// let webhook = Webhook::new(&http, &"https://alerts.example.com/hook".into())?;
/// let robot = Feishu::new(&http, &"https://open.feishu.cn/open-apis/bot/v2/hook/1".into(), None, feishu::Style::Card)?;
/// # Ok::<(), oar_notify::SetupError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    limit: Duration,
}

/// Why a channel could not be set up. Never shows the address, which is a secret.
///
/// ```
/// # use oar_notify::{Http, Webhook};
/// let error = Webhook::new(&Http::new()?, &"alerts.example.com/hook".into()).expect_err("no scheme");
/// assert_eq!(error.to_string(), "channel address is not an absolute http or https URL");
/// # Ok::<(), oar_notify::SetupError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The address is none.
    #[error("channel address is not an absolute http or https URL")]
    Address,
    /// The HTTP client could not be made.
    #[error("HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

impl Http {
    /// HTTP with [`Worker::TRY_LIMIT`] for a whole exchange, from the connection to the end of the answer.
    ///
    /// # Errors
    ///
    /// [`SetupError::Client`].
    ///
    /// ```
    /// let http = oar_notify::Http::new()?;
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn new() -> Result<Self, SetupError> {
        Self::with_limit(Worker::TRY_LIMIT)
    }

    /// The same, with another limit.
    pub(crate) fn with_limit(limit: Duration) -> Result<Self, SetupError> {
        let client = Client::builder()
            .user_agent(concat!("openai-api-route/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls())
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(limit)
            .build()
            .map_err(SetupError::Client)?;
        Ok(Self { client, limit })
    }

    pub(super) fn post(&self, address: &Address) -> RequestBuilder {
        self.client.post(address.expose().clone())
    }

    pub(super) fn put(&self, address: &Address) -> RequestBuilder {
        self.client.put(address.expose().clone())
    }

    /// Sends, and reads the answer: that of a success to its end, and it is an error if it breaks off or is longer than
    /// the cap; of any other as much as comes and fits.
    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<Reply, NotifyError> {
        let (mut response, mut reply) = self.send(request).await?;
        if !reply.status.is_success() {
            return Ok(self.refused(response, reply).await);
        }
        while let Some(piece) = response.chunk().await.map_err(|error| self.explain(error))? {
            if !reply.keep(&piece) {
                return Err(NotifyError::Answer);
            }
        }
        Ok(reply)
    }

    /// Sends, and takes a success status for a success, whose body is not read. Of any other answer `judge` says what
    /// error it is, by its head and by as much of its body as comes and fits.
    pub(super) async fn deliver(
        &self,
        request: RequestBuilder,
        judge: impl FnOnce(&Reply) -> NotifyError,
    ) -> Result<(), NotifyError> {
        let (response, reply) = self.send(request).await?;
        if reply.status.is_success() {
            return Ok(());
        }
        Err(judge(&self.refused(response, reply).await))
    }

    /// The answer with its body. Its status is known: a body that breaks off, is endless or never comes makes it no other.
    async fn refused(&self, mut response: Response, mut reply: Reply) -> Reply {
        let body = async {
            while let Ok(Some(piece)) = response.chunk().await
                && reply.keep(&piece)
            {}
        };
        let _came_whole = timeout(self.limit / REFUSAL_SHARE, body).await;
        reply
    }

    async fn send(&self, request: RequestBuilder) -> Result<(Response, Reply), NotifyError> {
        let response = request.send().await.map_err(|error| self.explain(error))?;
        let reply = Reply::head(&response);
        Ok((response, reply))
    }

    fn explain(&self, error: reqwest::Error) -> NotifyError {
        match error.is_timeout() {
            true => NotifyError::Timeout(self.limit),
            false => NotifyError::Unreachable(Box::new(error.without_url())),
        }
    }
}

/// A channel's answer, as far as it was read.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// How long the channel wants to be left alone, if its head says so in seconds.
    pub(super) wait: Option<Duration>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// An answer whose body has not been read.
    fn head(response: &Response) -> Self {
        let wait = response.headers().get(RETRY_AFTER).and_then(|seconds| seconds.to_str().ok()?.trim().parse().ok());
        Self { status: response.status(), wait: wait.map(Duration::from_secs), body: Vec::new() }
    }

    /// Keeps a piece of the body and says so; `false` when that would be more than the cap.
    fn keep(&mut self, piece: &[u8]) -> bool {
        let fits = self.body.len() + piece.len() <= REPLY_CAP_BYTES;
        if fits {
            self.body.extend_from_slice(piece);
        }
        fits
    }

    /// The error that the status is; with how the body begins, without what it repeats of `address` and `secret`.
    pub(super) fn refusal(&self, address: &Address, secret: Option<&SecretString>) -> NotifyError {
        // Redacted as a whole: a secret that is cut is still half a secret.
        let text = address.redact(&String::from_utf8_lossy(&self.body), secret);
        NotifyError::Status { status: self.status.as_u16(), said: Said::new(&text), wait: self.wait }
    }
}

/// The system's certificate authorities, or Mozilla's where the system has none, as in an image without a certificate
/// store. Offers HTTP/1.1 only, which is all that a message a minute needs.
fn tls() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
