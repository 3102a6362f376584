use super::connect::Connector;
use super::kept::{Origin, Shelves};
use super::link::{Unanswered, Versions};
use crate::dns::Resolver;
use crate::{Connection, ResponseBody, UpstreamError, tls};
use bytes::Bytes;
use http::{Request, Response};
use rustls::ClientConfig;
use std::fmt;
use std::time::Duration;

/// The connections to upstreams, shared by all of them: cloning it shares those that are kept.
///
/// Redirects are never followed, proxy variables of the environment are not read, and bodies are not decompressed: the
/// only hosts contacted are configured ones, and what they send is what the client gets.
///
/// ```
/// use oar_upstream::openai::{OpenAi, Settings, Transport};
/// use std::time::Duration;
///
/// let transport = Transport::new(Duration::from_secs(5));
/// for endpoint in ["http://127.0.0.1:8000/v1", "http://127.0.0.1:8001/v1"] {
///     let settings = Settings { sk: "local".into(), endpoint: endpoint.into(), ..Settings::default() };
///     let upstream = OpenAi::new(&settings, transport.clone())?;
/// }
/// # Ok::<(), oar_upstream::openai::SettingsError>(())
/// ```
#[derive(Clone)]
pub struct Transport {
    any_version: Connector,
    /// For upgrades, which only HTTP/1.1 has.
    http1: Connector,
    shelves: Shelves,
}

impl Transport {
    /// A transport that gives up on a connection, with name resolution and TLS handshake, after `connect_timeout`.
    ///
    /// ```
    /// let transport = oar_upstream::openai::Transport::new(std::time::Duration::from_secs(5));
    /// ```
    pub fn new(connect_timeout: Duration) -> Self {
        Self::with(tls::client_config(), &Resolver::system(), connect_timeout)
    }

    pub(super) fn with(tls: ClientConfig, names: &Resolver, connect_timeout: Duration) -> Self {
        Self {
            any_version: Connector::any_version(tls.clone(), names, connect_timeout),
            http1: Connector::http1(tls, names, connect_timeout),
            shelves: Shelves::default(),
        }
    }

    /// Sends a request to the host of its URI, on a kept connection if it may and there is one, and waits for the head of
    /// the answer. One that had been closed before anything was sent on it is passed over.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the request.
    pub(super) async fn send(
        &self,
        mut request: Request<Bytes>,
        versions: Versions,
        connection: Connection,
    ) -> Result<Response<ResponseBody>, UpstreamError> {
        let uri = std::mem::take(request.uri_mut());
        let kept = self.shelves.to(Origin::of(&uri));
        if connection == Connection::Any {
            while let Some(link) = kept.take(versions) {
                match link.ask(&uri, request, &kept).await {
                    Err(Unanswered::Unsent(unsent)) => request = *unsent,
                    answered => return answered.map_err(|unanswered| unanswered.on(connection)),
                }
            }
        }
        let connector = match versions {
            Versions::Any => &self.any_version,
            Versions::Http1 => &self.http1,
        };
        let link = connector.link(&uri, &kept).await?;
        link.ask(&uri, request, &kept).await.map_err(|unanswered| unanswered.on(connection))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}
