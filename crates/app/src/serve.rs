//! Accept, serve, drain.

use crate::front::Front;
use http::Request;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use oar_gateway::Peer;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long running requests may take to finish once the service stops.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to send a request's head, once it has sent a part of it.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest request head.
const HEAD_CAP_BYTES: usize = 64 * 1024;

/// How long to wait after a connection could not be accepted, mostly because the process has too many open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Everything that serves clients: connections, what runs on them, and the tunnels that came of them.
#[derive(Clone, Default)]
pub(crate) struct Connections {
    pub(crate) tasks: TaskTracker,
    /// Cancelled when those that are left are cut.
    pub(crate) cut: CancellationToken,
}

/// Serves until `stop` resolves, then lets what is running finish, and cuts what does not. When it returns, every
/// request's story has been told.
pub(crate) async fn serve(
    listener: TcpListener,
    front: Front,
    connections: Connections,
    stop: Pin<&mut impl Future<Output = ()>>,
) {
    let graceful = GracefulShutdown::new();
    tokio::select! {
        () = accept(&listener, &front, &connections, &graceful) => {}
        () = stop => {}
    }
    drop(listener);
    front.drain();
    tracing::info!("stopping, running requests may finish");
    connections.tasks.close();
    let finished = async {
        graceful.shutdown().await;
        connections.tasks.wait().await;
    };
    if tokio::time::timeout(DRAIN_TIMEOUT, finished).await.is_err() {
        tracing::warn!(tasks = connections.tasks.len(), "the drain time is over, requests that still run are cut");
        connections.cut.cancel();
        connections.tasks.wait().await;
    }
}

/// Accepts for ever.
async fn accept(listener: &TcpListener, front: &Front, connections: &Connections, graceful: &GracefulShutdown) {
    let server = server(connections);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let connection = connection(&server, graceful, front.clone(), stream, peer);
                connections.tasks.spawn(connections.cut.clone().run_until_cancelled_owned(connection));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn server(connections: &Connections) -> auto::Builder<Streams> {
    let mut server = auto::Builder::new(Streams(connections.clone()));
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

/// Runs the streams of HTTP/2 connections, each of which is a task.
#[derive(Clone)]
struct Streams(Connections);

impl<F> Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        self.0.tasks.spawn(self.0.cut.clone().run_until_cancelled_owned(stream));
    }
}

/// One client's connection, from its first byte to its end.
fn connection(
    server: &auto::Builder<Streams>,
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
