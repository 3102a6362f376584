use super::answers::{DONE, Place, event, plain};
use super::counts::Counts;
use crate::compare::clock::Ticks;
use crate::compare::play::Play;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// More than anybody asks for at once.
const STREAMS: u32 = 20_000;

type Answer = Response<Either<Full<Bytes>, Events>>;

/// Answers every request of a connection, until whoever made it leaves.
pub(super) async fn serve<S>(stream: S, tasks: TaskTracker, counts: Counts) -> Result<(), hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, tasks.clone(), counts.clone()));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.max_concurrent_streams(STREAMS).serve_connection(TokioIo::new(stream), service).await
}

async fn answer(request: Request<Incoming>, tasks: TaskTracker, counts: Counts) -> io::Result<Answer> {
    let line = request.uri().path_and_query().map(|path| format!("{path} ")).unwrap_or_default();
    let play = Play::asked(line.as_bytes()).map_err(io::Error::other)?;
    request.into_body().collect().await.map_err(io::Error::other)?;
    counts.request();
    counts.http2();
    match play {
        Play::Plain { bytes } => Ok(said("application/json", Either::Left(Full::from(plain(bytes))))),
        Play::Paced { events, every } => stream(&tasks, events, Some(Ticks::new(Duration::from_micros(every))?)),
        Play::Burst { events } => stream(&tasks, events, None),
        Play::Held => Err(io::Error::other("no stream is held by HTTP/2")),
    }
}

fn said(content_type: &'static str, body: Either<Full<Bytes>, Events>) -> Answer {
    let mut answer = Response::new(body);
    answer.headers_mut().insert("content-type", http::HeaderValue::from_static(content_type));
    answer
}

fn stream(tasks: &TaskTracker, events: u32, ticks: Option<Ticks>) -> io::Result<Answer> {
    let (sender, receiver) = mpsc::channel(1);
    tasks.spawn(speak(events, ticks, sender));
    Ok(said("text/event-stream", Either::Right(Events(receiver))))
}

/// Ends early when nobody listens any more.
async fn speak(events: u32, mut ticks: Option<Ticks>, sender: mpsc::Sender<Bytes>) -> io::Result<()> {
    for number in 1..=events {
        if let Some(ticks) = &mut ticks {
            ticks.next().await?;
        }
        let mut text = String::new();
        event(if number < events { Place::Within } else { Place::Last }, &mut text);
        if number == events {
            text.push_str(DONE);
        }
        sender.send(text.into()).await.map_err(io::Error::other)?;
    }
    Ok(())
}

/// A body of what comes through a channel.
struct Events(mpsc::Receiver<Bytes>);

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}
