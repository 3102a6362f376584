//! Accept, serve, drain.

use crate::front::Front;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use oar_gateway::Peer;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

/// How long running requests may take to finish once the service stops.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to send a request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest request head.
const HEAD_CAP_BYTES: usize = 64 * 1024;

/// How long to wait after a connection could not be accepted, mostly because the process has too many open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` resolves, then lets what is running finish.
pub(crate) async fn serve(
    listener: TcpListener,
    front: Front,
    tasks: &TaskTracker,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let server = server();
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => tasks.spawn(connection(&server, &graceful, front.clone(), stream, peer)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
    }
    drop(listener);
    front.drain();
    tracing::info!("stopping, running requests may finish");
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still running at the end of the drain time and are cut");
    }
    Ok(())
}

fn server() -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEAD_CAP_BYTES)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256);
    server
}

/// One client's connection, from its first byte to its end.
fn connection(
    server: &auto::Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
    front: Front,
    stream: TcpStream,
    peer: SocketAddr,
) -> impl Future<Output = ()> + use<> {
    // Events of a stream are small and must not wait for each other.
    let nodelay = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip().to_canonical()));
        let front = front.clone();
        async move { Ok::<_, Infallible>(front.serve(request).await) }
    });
    let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    async move {
        if let Err(error) = nodelay.map_err(Into::into).and(connection.await) {
            tracing::debug!(%error, "a client's connection ended with an error");
        }
    }
}
