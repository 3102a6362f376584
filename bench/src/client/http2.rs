//! HTTP/2 without TLS, with many requests on one connection.

use super::{Call, Conduct, End, Seen};
use crate::upstream::Trail;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How much may come unread in each stream: small, so that whoever does not read is felt by the gateway.
const WINDOW_BYTES: u32 = 64 * 1024;

/// How long a slow reader rests after each piece of that size.
const REST: Duration = Duration::from_millis(60);

/// One connection. Dropping it closes it.
pub struct Http2 {
    sender: http2::SendRequest<Full<Bytes>>,
    authority: SocketAddr,
    /// Owns the connection.
    _connection: JoinSet<Result<(), hyper::Error>>,
}

type AnyError = Box<dyn Error + Send + Sync>;

impl Http2 {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says, or no HTTP/2.
    pub async fn connect(gateway: SocketAddr) -> Result<Self, AnyError> {
        let stream = TcpStream::connect(gateway).await?;
        stream.set_nodelay(true)?;
        let builder = http2::Builder::new(TokioExecutor::new()).initial_stream_window_size(WINDOW_BYTES).to_owned();
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        let mut owner = JoinSet::new();
        owner.spawn(connection);
        Ok(Self { sender, authority: gateway, _connection: owner })
    }

    /// Whether a client can behave like this in HTTP/2, where there are neither heads to be cut in two nor bytes between
    /// requests.
    pub const fn can(conduct: Conduct) -> bool {
        match conduct {
            Conduct::Reads | Conduct::ReadsSlowly | Conduct::LeavesWaiting(..) | Conduct::LeavesReading(_) => true,
            Conduct::LeavesSending | Conduct::LeavesInHead | Conduct::Promises(_) | Conduct::SendsUnpromised(_) => {
                false
            }
        }
    }

    /// Sends a request and behaves like this; leaving is resetting the request's stream. May be called many times at once.
    ///
    /// # Errors
    ///
    /// The request could not be made or sent.
    pub async fn call(&self, call: &Call, conduct: Conduct, trail: &mut Trail) -> Result<Seen, AnyError> {
        let mut sender = self.sender.clone();
        let answering = sender.send_request(self.request(call)?);
        match conduct {
            Conduct::LeavesWaiting(role, _) => tokio::select! {
                answer = answering => Ok(Seen { end: End::Whole, ..head(&answer?) }),
                () = trail.until_seen_by(role) => Ok(Seen::default()),
            },
            Conduct::LeavesReading(bytes) => Ok(read(answering.await?, bytes, Duration::ZERO).await),
            Conduct::ReadsSlowly => Ok(read(answering.await?, usize::MAX, REST).await),
            Conduct::Reads
            | Conduct::LeavesSending
            | Conduct::LeavesInHead
            | Conduct::Promises(_)
            | Conduct::SendsUnpromised(_) => Ok(read(answering.await?, usize::MAX, Duration::ZERO).await),
        }
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, http::Error> {
        let uri = format!("http://{}{}", self.authority, call.path);
        let request =
            call.headers().into_iter().fold(Request::post(uri), |request, (name, value)| request.header(name, value));
        request.body(Full::new(call.body.clone()))
    }
}

fn head(answer: &Response<Incoming>) -> Seen {
    Seen { status: Some(answer.status().as_u16()), headers: answer.headers().clone(), ..Seen::default() }
}

async fn read(answer: Response<Incoming>, bytes: usize, rest: Duration) -> Seen {
    let mut seen = head(&answer);
    let mut body = answer.into_body();
    let mut until_rest = WINDOW_BYTES as usize;
    seen.end = loop {
        if seen.body.len() >= bytes {
            break End::Left;
        }
        match body.frame().await {
            None => break End::Whole,
            Some(Err(_)) => break End::Cut,
            Some(Ok(frame)) => seen.body.extend_from_slice(frame.data_ref().map_or(&[], |piece| piece)),
        }
        if !rest.is_zero() && seen.body.len() >= until_rest {
            until_rest = seen.body.len() + WINDOW_BYTES as usize;
            sleep(rest).await;
        }
    };
    seen
}
