use super::connect::Connector;
use super::fault;
use super::line::Memory;
use crate::dns::Resolver;
use crate::{Connection, UpstreamError, tls};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use std::fmt;
use std::time::Duration;

/// An idle connection is closed after this long: before the five seconds after which common servers (Node, uvicorn) close
/// theirs, so that a request rarely meets a connection on its way out.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// The largest response head, and the largest piece of a body read at once.
const READ_BUFFER_CAP_BYTES: usize = 48 * 1024;

/// A connection that all requests to a host share must not be dead for long without anybody noticing.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(15);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(5);

/// The connections to upstreams, shared by all of them: cloning it shares its pool.
///
/// Redirects are never followed, proxy variables of the environment are not read, and bodies are not decompressed: the
/// only hosts contacted are configured ones, and what they send is what the client gets.
#[derive(Clone)]
pub struct Transport {
    any_version: Client<Connector, Full<Bytes>>,
    /// For upgrades, which only HTTP/1.1 has.
    http1: Client<Connector, Full<Bytes>>,
    /// Keeps no connection. HTTP/1.1 will do: only its connections are ever stale.
    fresh: Client<Connector, Full<Bytes>>,
}

impl Transport {
    /// A transport that gives up on a connection, with name resolution and TLS handshake, after `connect_timeout`.
    pub fn new(connect_timeout: Duration) -> Self {
        Self::with(tls::client_config(), &Resolver::system(), connect_timeout)
    }

    pub(super) fn with(tls: ClientConfig, names: &Resolver, connect_timeout: Duration) -> Self {
        let http1 = Connector::http1(tls.clone(), names, connect_timeout);
        Self {
            any_version: builder().build(Connector::any_version(tls, names, connect_timeout)),
            http1: builder().build(http1.clone()),
            fresh: builder().pool_max_idle_per_host(0).build(http1),
        }
    }

    pub(super) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        upgrade: Option<&HeaderValue>,
        connection: Connection,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let client = match (connection, upgrade) {
            (Connection::Fresh, _) => &self.fresh,
            (Connection::Any, Some(_)) => &self.http1,
            (Connection::Any, None) => &self.any_version,
        };
        let mut awaited = Awaited(Some(capture_connection(&mut request)));
        let response = client.request(request).await.map_err(fault::of_client)?;
        awaited.has_come();
        if let Some(memory) = Memory::of_response(&response) {
            memory.answered();
        }
        Ok(response)
    }
}

/// An answer that somebody waits for, and the connection it will come on.
struct Awaited(Option<CaptureConnection>);

impl Awaited {
    fn has_come(&mut self) {
        self.0 = None;
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let Some(connection) = &self.0 else { return };
        if let Some(memory) = connection.connection_metadata().as_ref().and_then(Memory::of_connection) {
            memory.gives_up();
        }
    }
}

fn builder() -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .http1_max_buf_size(READ_BUFFER_CAP_BYTES)
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(HTTP2_PING_INTERVAL)
        .http2_keep_alive_timeout(HTTP2_PING_TIMEOUT);
    builder
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}
