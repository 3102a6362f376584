use super::connect::Connector;
use super::fault;
use crate::{UpstreamError, tls};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::fmt;
use std::time::Duration;

/// An idle connection is closed after this long: before the five seconds after which common servers (Node, uvicorn) close
/// theirs, so that a request rarely meets a connection on its way out.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// The largest response head, and the largest piece of a body read at once.
const READ_BUFFER_CAP_BYTES: usize = 64 * 1024;

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
}

impl Transport {
    /// A transport that gives up on a connection, with name resolution and TLS handshake, after `connect_timeout`.
    pub fn new(connect_timeout: Duration) -> Self {
        let tls = tls::client_config();
        Self {
            any_version: client(Connector::any_version(tls.clone(), connect_timeout)),
            http1: client(Connector::http1(tls, connect_timeout)),
        }
    }

    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        upgrades: bool,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let client = if upgrades { &self.http1 } else { &self.any_version };
        client.request(request).await.map_err(fault::of_client)
    }
}

fn client(connector: Connector) -> Client<Connector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .http1_max_buf_size(READ_BUFFER_CAP_BYTES)
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(HTTP2_PING_INTERVAL)
        .http2_keep_alive_timeout(HTTP2_PING_TIMEOUT)
        .build(connector)
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}
