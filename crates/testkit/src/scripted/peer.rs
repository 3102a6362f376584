use super::script::{Script, Step};
use super::seen::Log;
use crate::wire::{Framing, Wire};
use crate::{Ending, Head, response_bytes};
use bytes::Bytes;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::sleep;

/// How far an upstream reads ahead while its script does something else: enough to notice a close behind a small
/// request, little enough that an upstream which does not read still pushes back.
const READ_AHEAD_CAP_BYTES: usize = 64 * 1024;

/// `Break` when the script is over for this connection.
type Flow = ControlFlow<Over>;

/// How this side leaves.
enum Over {
    Close,
    Reset,
}

/// One accepted connection, playing its script.
pub(super) struct Peer {
    wire: Wire,
    write: OwnedWriteHalf,
    log: Log,
    /// The request read last.
    request: Option<(Head, Bytes)>,
}

impl Peer {
    pub(super) fn new(stream: TcpStream, log: Log) -> Self {
        let (read, write) = stream.into_split();
        Self { wire: Wire::new(read), write, log, request: None }
    }

    pub(super) async fn play(mut self, script: Script) {
        let mut flow = self.play_once(&script).await;
        while script.repeats && flow.is_continue() {
            flow = self.play_once(&script).await;
        }
        match flow {
            Flow::Continue(()) => _ = self.fin().await,
            Flow::Break(Over::Close) => {}
            Flow::Break(Over::Reset) => self.reset(),
        }
    }

    async fn play_once(&mut self, script: &Script) -> Flow {
        self.steps(&script.steps).await?;
        match (&script.choice, &self.request) {
            (Some(choice), Some((head, body))) => {
                let chosen = choice.steps(head, body);
                self.steps(&chosen).await
            }
            _ => Flow::Continue(()),
        }
    }

    async fn steps(&mut self, steps: &[Step]) -> Flow {
        for step in steps {
            self.step(step).await?;
        }
        Flow::Continue(())
    }

    async fn step(&mut self, step: &Step) -> Flow {
        match step {
            Step::ReadHead => self.read_head().await,
            Step::ReadBody => self.read_body().await,
            Step::Send(bytes) => self.send(bytes).await,
            Step::Sleep(pause) => self.wait(sleep(*pause)).await,
            Step::Until(gate) => self.wait(gate.passed()).await,
            Step::Trickle(bytes, pause) => self.trickle(bytes, *pause).await,
            Step::Forever(bytes, pause) => self.forever(bytes, *pause).await,
            Step::Echo => self.echo().await,
            Step::Hang => self.hang().await,
            Step::Fin => self.fin().await,
            Step::Rst => self.rst(),
        }
    }

    async fn read_head(&mut self) -> Flow {
        let Some(head) = self.wire.head().await else { return self.left() };
        self.log.head(head.clone());
        self.request = Some((head, Bytes::new()));
        Flow::Continue(())
    }

    async fn read_body(&mut self) -> Flow {
        let Some((head, body)) = &mut self.request else { return Flow::Continue(()) };
        let (bytes, complete) = self.wire.body(Framing::of_request(head)).await;
        *body = bytes.clone();
        self.log.body(bytes, complete);
        if complete { Flow::Continue(()) } else { self.left() }
    }

    async fn send(&mut self, bytes: &[u8]) -> Flow {
        let mut rest = bytes;
        while !rest.is_empty() {
            let Ok(count @ 1..) = alongside(&mut self.wire, &self.log, self.write.write(rest)).await else {
                self.log.closed(Ending::Rst);
                return Flow::Break(Over::Close);
            };
            self.log.sent(count);
            rest = rest.get(count..).unwrap_or_default();
        }
        Flow::Continue(())
    }

    async fn wait(&mut self, pause: impl Future<Output = ()>) -> Flow {
        alongside(&mut self.wire, &self.log, pause).await;
        Flow::Continue(())
    }

    async fn trickle(&mut self, bytes: &[u8], pause: Duration) -> Flow {
        for byte in bytes.chunks(1) {
            self.send(byte).await?;
            self.wait(sleep(pause)).await?;
        }
        Flow::Continue(())
    }

    async fn forever(&mut self, bytes: &[u8], pause: Duration) -> Flow {
        loop {
            self.send(bytes).await?;
            // An upstream that never pauses must still let a single-threaded runtime do something else.
            if pause.is_zero() { tokio::task::yield_now().await } else { self.wait(sleep(pause)).await? }
        }
    }

    async fn echo(&mut self) -> Flow {
        let Some((head, body)) = &self.request else { return Flow::Continue(()) };
        let answer = echo_bytes(head, body);
        self.send(&answer).await
    }

    async fn hang(&mut self) -> Flow {
        self.wire.discard().await;
        self.left()
    }

    async fn fin(&mut self) -> Flow {
        self.log.finished();
        let _ = self.write.shutdown().await;
        // Closing with unread bytes would send a RST, which may overtake what was sent.
        self.wire.discard().await;
        self.left()
    }

    fn rst(&self) -> Flow {
        self.log.finished();
        Flow::Break(Over::Reset)
    }

    fn reset(self) {
        let _ = self.write.as_ref().set_zero_linger();
        // Dropping the half would send a FIN first.
        self.write.forget();
    }

    /// The other side has ended.
    fn left(&self) -> Flow {
        self.log.closed(self.wire.ending().unwrap_or(Ending::Rst));
        Flow::Break(Over::Close)
    }
}

/// Does `work`, and meanwhile reads ahead, so that the other side's leaving is written down when it happens.
async fn alongside<T>(wire: &mut Wire, log: &Log, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    while wire.ending().is_none() && wire.buffered() < READ_AHEAD_CAP_BYTES {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = wire.fill() => if let Some(ending) = wire.ending() { log.closed(ending) },
        }
    }
    work.await
}

fn echo_bytes(head: &Head, body: &[u8]) -> Bytes {
    let mut headers = vec![("x-seen-request-line".to_owned(), head.first_line().to_owned())];
    headers.extend(head.headers().map(|(name, value)| (format!("x-seen-{name}"), value.to_owned())));
    let kind = head.header("content-type").unwrap_or("application/octet-stream");
    headers.push(("content-type".to_owned(), kind.to_owned()));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    response_bytes(200, &headers, body)
}
