//! One client's connection, from its first byte to its end.

use crate::front::Front;
use crate::serve::Connections;
use crate::serve::bodies::{Download, Upload};
use crate::serve::client_io::ClientIo;
use crate::serve::conversation::{Conversation, Overdue};
use crate::serve::first_of::first_of;
use crate::serve::linger::linger;
use crate::serve::opening::Opening;
use crate::serve::socket::Socket;
use crate::serve::streams::Streams;
use bytes::Bytes;
use futures_util::future::Either;
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use oar_gateway::Peer;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

/// The largest request head.
const HEAD_CAP_BYTES: usize = 64 * 1024;

/// How many requests may run at a time on one HTTP/2 connection.
const STREAMS_CAP: u32 = 256;

/// How much of an answer waits in each of its streams for an HTTP/2 client that does not take it.
const STREAM_BUFFER_BYTES: usize = 64 * 1024;

/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(20);

/// Serves connections.
pub(crate) struct Server {
    front: Front,
    connections: Connections,
    http1: http1::Builder,
    http2: http2::Builder<Streams>,
}

/// One connection as its own task holds it.
struct Client {
    socket: Arc<Socket>,
    conversation: Arc<Conversation>,
    address: IpAddr,
}

/// What else there is to know of a connection.
enum News {
    /// The client has left, or takes too long.
    Over,
    /// No request may begin any more.
    Retire,
}

/// How the HTTP on a connection ended.
enum Ended {
    /// Everything was said, or the connection is something else now.
    InOrder,
    /// What the client sent is not HTTP, and it has been told so.
    Refused,
    /// In the middle, by either side.
    Broken,
}

impl Server {
    pub(crate) fn new(front: Front, connections: Connections) -> Self {
        let mut http1 = http1::Builder::new();
        // hyper's own limit would close idle connections after the same time. And who leaves is noticed without it: to look
        // out for that itself, it would take a second buffer for each request, and read from the client while that waits.
        http1.header_read_timeout(None).half_close(true).max_buf_size(HEAD_CAP_BYTES);
        let mut http2 = http2::Builder::new(Streams::new(connections.clone(), connections.limits().write));
        http2
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_EVERY)
            .max_concurrent_streams(STREAMS_CAP)
            .max_send_buf_size(STREAM_BUFFER_BYTES)
            .max_header_list_size(HEAD_CAP_BYTES as u32);
        Self { front, connections, http1, http2 }
    }

    /// Serves one client, to the end of its connection or to the moment at which it becomes something else.
    ///
    /// In a box: whoever spawns it wraps it, and each wrapping holds room for what it wraps twice.
    pub(crate) fn serve(self: Arc<Self>, socket: Socket, address: IpAddr) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { self.converse(socket, address).await })
    }

    async fn converse(&self, socket: Socket, address: IpAddr) {
        let limits = self.connections.limits();
        let client = Client { socket: Arc::new(socket), conversation: Conversation::new(limits), address };
        match self.opening(&client).await {
            Some(Opening::Http1(read)) => self.http1(client, read).await,
            // Larger, and rarer: the others' tasks need no room for it.
            Some(Opening::Http2(read)) => Box::pin(self.http2(client, read)).await,
            None => {}
        }
    }

    /// What the client begins with; `None` when it says too little for too long, or when the service stops before.
    async fn opening(&self, client: &Client) -> Option<Opening> {
        tokio::select! {
            biased;
            opening = Opening::read(&client.socket) => opening.ok().flatten(),
            _ = client.conversation.overdue() => None,
            () = self.connections.stop.cancelled() => None,
        }
    }

    async fn http1(&self, client: Client, read: Bytes) {
        let ended = {
            let connection = self.http1.serve_connection(self.io(&client, read), self.service(&client));
            let connection = pin!(connection.with_upgrades());
            self.live(&client, connection, http1::UpgradeableConnection::graceful_shutdown).await
        };
        if matches!(ended, Ended::Broken) {
            return;
        }
        client.socket.close_in_order();
        if matches!(ended, Ended::Refused) || client.conversation.has_unread_upload() {
            linger(&client.socket, self.connections.limits().linger).await;
        }
    }

    async fn http2(&self, client: Client, read: Bytes) {
        client.conversation.speaks_http2();
        let connection = pin!(self.http2.serve_connection(self.io(&client, read), self.service(&client)));
        self.live(&client, connection, http2::Connection::graceful_shutdown).await;
    }

    fn io(&self, client: &Client, read: Bytes) -> TokioIo<ClientIo> {
        let Client { socket, conversation, .. } = client;
        TokioIo::new(ClientIo::new(Arc::clone(socket), read, Arc::clone(conversation), self.connections.limits().write))
    }

    fn service(
        &self,
        client: &Client,
    ) -> impl Service<Request<Incoming>, Response = Response<Download>, Error = Infallible, Future: Send + 'static> + use<>
    {
        let front = self.front.clone();
        let Client { socket, conversation, address } = client;
        let (socket, conversation, peer) = (Arc::clone(socket), Arc::clone(conversation), Peer(*address));
        service_fn(move |request: Request<Incoming>| {
            let running = conversation.begins();
            if request.version() < Version::HTTP_11 {
                // Such a client takes the end of the connection for the end of the answer, so that must not look like
                // one unless it is one.
                socket.reset_on_close();
            }
            let mut request = request.map(|body| Upload::new(body, Arc::clone(&conversation)));
            request.extensions_mut().insert(peer);
            let front = front.clone();
            // hyper keeps room for this as long as the connection lasts; what it takes is free again with the answer's head.
            Box::pin(async move { Ok(front.serve(request).await.map(|body| Download::new(body, running))) })
        })
    }

    /// Lets hyper speak with the client until one of them has done, or the client has left or takes too long. A stop lets
    /// what runs finish: `retire` tells hyper to begin nothing new.
    async fn live<C>(&self, client: &Client, mut connection: Pin<&mut C>, retire: impl Fn(Pin<&mut C>)) -> Ended
    where
        C: Future<Output = Result<(), hyper::Error>>,
    {
        let mut retires = false;
        loop {
            match first_of(connection.as_mut(), self.news(client, retires)).await {
                Either::Left(ended) => return Ended::of(ended),
                Either::Right(News::Over) => return Ended::Broken,
                Either::Right(News::Retire) => {}
            }
            retires = true;
            client.conversation.retires();
            retire(connection.as_mut());
        }
    }

    /// Waits for what hyper need be told of a connection, or cannot know.
    async fn news(&self, client: &Client, retires: bool) -> News {
        tokio::select! {
            () = client.socket.left() => News::Over,
            overdue = client.conversation.overdue() => match overdue {
                Overdue::Head | Overdue::Close => News::Over,
                Overdue::Request => News::Retire,
            },
            () = self.connections.stop.cancelled(), if !retires => News::Retire,
        }
    }
}

impl Ended {
    fn of(ended: Result<(), hyper::Error>) -> Self {
        let Err(error) = ended else { return Self::InOrder };
        tracing::debug!(%error, "a client's connection ended with an error");
        if error.is_parse() { Self::Refused } else { Self::Broken }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn room<A, F>(_: &impl Fn(A) -> F) -> usize {
        size_of::<F>()
    }

    /// Thousands of clients at a time wait for the next event of a stream.
    #[test]
    fn who_waits_takes_little_room() {
        let connection = room(&|(server, client): (&'static Server, _)| server.http1(client, Bytes::new()));
        assert!(connection <= 2048, "{connection}");
    }
}
