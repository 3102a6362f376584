//! Connections: resolve, connect, shake hands, all within one time limit, and say which of them failed.

use super::kept::Kept;
use super::line::Line;
use super::link::Link;
use super::multiplexed::Multiplexed;
use crate::dns::{Addresses, ResolveError, Resolver};
use crate::{Fault, UpstreamError, fault};
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;
use tower_service::Service;

/// After this long without a byte the system asks whether the other side is still there.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// Connects to `http` and `https` URLs.
#[derive(Clone)]
pub(super) struct Connector {
    inner: HttpsConnector<HttpConnector<Resolver>>,
    timeout: Duration,
}

impl Connector {
    /// Speaks HTTP/2 where TLS agrees on it.
    pub(super) fn any_version(tls: ClientConfig, names: &Resolver, timeout: Duration) -> Self {
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        Self { inner: https.enable_all_versions().wrap_connector(tcp(names, timeout)), timeout }
    }

    /// Speaks HTTP/1.1 only.
    pub(super) fn http1(tls: ClientConfig, names: &Resolver, timeout: Duration) -> Self {
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        Self { inner: https.enable_http1().wrap_connector(tcp(names, timeout)), timeout }
    }
}

/// The time limit is shared by the addresses of a name, so that one that drops packets does not use up all of it.
fn tcp(names: &Resolver, timeout: Duration) -> HttpConnector<Resolver> {
    let mut tcp = HttpConnector::new_with_resolver(names.clone());
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(timeout));
    tcp.set_keepalive(Some(TCP_KEEPALIVE));
    tcp
}

impl Connector {
    /// A new connection to the host of `uri`, ready for a request. One that others may use as well goes to `kept` at once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the connection.
    pub(super) async fn link(&self, uri: &Uri, kept: &Kept) -> Result<Link, UpstreamError> {
        let connecting = tokio::time::timeout(self.timeout, self.inner.clone().call(uri.clone()));
        let stream = match connecting.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(UpstreamError::caused_by(fault::of_connecting(&*error), error)),
            Err(elapsed) => return Err(UpstreamError::caused_by(Fault::ConnectTimeout, elapsed)),
        };
        if stream.connected().is_negotiated_h2() {
            let multiplexed = Multiplexed::open(TokioIo::new(stream)).await?;
            let place = multiplexed.place();
            kept.share(multiplexed);
            return Ok(Link::Place(place));
        }
        // Without TLS there need be no room for its state.
        Ok(Link::Line(match stream {
            MaybeHttpsStream::Http(tcp) => Line::open(tcp.into_inner()),
            MaybeHttpsStream::Https(tls) => Line::open(tls.into_inner()),
        }))
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Addresses;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Addresses {
        self.lookup(name.as_str())
    }
}
