use super::address::Address;
use super::reply::Reply;
use crate::notifier::NotifyError;
use crate::worker::Worker;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;

/// How channels speak HTTP: straight to the address they were given, no redirects, no proxy, no waiting for ever, and
/// no connection kept. Cheap to clone; one serves all channels.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    limit: Duration,
}

/// Why a channel could not be set up. Never shows the address, which is a secret.
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
    /// The most that is read of a channel's answer, in bytes.
    pub const REPLY_CAP_BYTES: usize = 64 * 1024;

    /// HTTP with [`Worker::TRY_LIMIT`] for a whole exchange, from the connection to the end of the answer.
    ///
    /// # Errors
    ///
    /// [`SetupError::Client`].
    pub fn new() -> Result<Self, SetupError> {
        Self::with_limit(Worker::TRY_LIMIT)
    }

    /// HTTP as [`Http::new`] has it, with another limit for a whole exchange.
    ///
    /// # Errors
    ///
    /// [`SetupError::Client`].
    pub fn with_limit(limit: Duration) -> Result<Self, SetupError> {
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

    /// Sends, and reads the answer to its end, whatever its status; one that is longer than the cap is an error.
    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<Reply, NotifyError> {
        let mut response = self.send(request).await?;
        let mut reply = Reply::head(response.status(), response.headers());
        while let Some(chunk) = response.chunk().await.map_err(|error| self.explain(error))? {
            if !reply.keep(&chunk) {
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
        let mut response = self.send(request).await?;
        let mut reply = Reply::head(response.status(), response.headers());
        if reply.status.is_success() {
            return Ok(());
        }
        // The status is known: a body that breaks off, or is endless, makes it no other.
        while let Ok(Some(chunk)) = response.chunk().await
            && reply.keep(&chunk)
        {}
        Err(judge(&reply))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, NotifyError> {
        request.send().await.map_err(|error| self.explain(error))
    }

    fn explain(&self, error: reqwest::Error) -> NotifyError {
        match error.is_timeout() {
            true => NotifyError::Timeout(self.limit),
            false => NotifyError::Unreachable(Box::new(error.without_url())),
        }
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
