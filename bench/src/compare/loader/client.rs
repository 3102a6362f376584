use super::Order;
use super::answer::{Framing, Next};
use super::ear::Ear;
use crate::compare::clock::now;
use crate::compare::play::Play;
use crate::compare::wire::Wire;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An answer that takes longer hangs.
const HANG: Duration = Duration::from_secs(60);

/// A request that is sent again and again, and what must come of it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    bytes: Arc<[u8]>,
    play: Play,
}

impl Request {
    pub(super) fn of(order: &Order) -> Self {
        let body = body(order);
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept: */*\r\n\
             user-agent: oar-bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            order.play.path(),
            order.to,
            order.token,
            body.len()
        );
        Self { bytes: [head, body].concat().into_bytes().into(), play: order.play }
    }

    /// What the answer lacks.
    fn check(&self, ear: &Ear) -> io::Result<()> {
        let wrong = match self.play {
            Play::Plain { bytes } => (ear.bytes != bytes).then(|| format!("{} bytes, not {bytes}", ear.bytes)),
            Play::Paced { events, .. } | Play::Burst { events } => {
                (ear.events != events).then(|| format!("{} events, not {events}", ear.events))
            }
            Play::Held => Some("a stream ended that is held".into()),
        };
        wrong.map_or(Ok(()), |wrong| Err(io::Error::other(format!("an answer has {wrong}"))))
    }
}

/// A completion's request of so many bytes, or of as many as it takes to say nothing.
fn body(order: &Order) -> String {
    let stream = order.play.events() > 0;
    let start = format!("{{\"model\":\"bench-1\",\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"");
    let end = "\"}]}";
    let text: String =
        "so many words ".chars().cycle().take(order.body.saturating_sub(start.len() + end.len())).collect();
    [start.as_str(), &text, end].concat()
}

/// A connection that is kept.
pub(super) struct Client {
    wire: Wire<TcpStream>,
    framing: Framing,
}

impl Client {
    pub(super) async fn connect(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { wire: Wire::new(stream), framing: Framing::Length(0) })
    }

    /// Sends a request that was due then, and reads its answer to the end.
    pub(super) async fn ask(&mut self, request: &Request, due: u64, ear: &mut Ear) -> io::Result<()> {
        timeout(HANG, self.read_whole(request, due, ear)).await??;
        request.check(ear)
    }

    /// Sends a request, and reads its answer until this many events have come.
    pub(super) async fn open(&mut self, request: &Request, ear: &mut Ear) -> io::Result<()> {
        timeout(HANG, self.read_events(request, ear)).await?
    }

    async fn read_whole(&mut self, request: &Request, due: u64, ear: &mut Ear) -> io::Result<()> {
        self.begin(request, due, ear).await?;
        while let Heard::Some = self.hear(ear)? {
            self.wait().await?;
        }
        ear.end(now());
        Ok(())
    }

    async fn read_events(&mut self, request: &Request, ear: &mut Ear) -> io::Result<()> {
        self.begin(request, now(), ear).await?;
        while let Heard::Some = self.hear(ear)? {
            if ear.events >= request.play.events() {
                return Ok(());
            }
            self.wait().await?;
        }
        request.check(ear)
    }

    async fn begin(&mut self, request: &Request, due: u64, ear: &mut Ear) -> io::Result<()> {
        ear.ask(due);
        self.wire.send(&request.bytes).await?;
        let head = self.wire.head().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.get(..12).map(String::from_utf8_lossy).unwrap_or_default();
        if status != "HTTP/1.1 200" {
            return Err(io::Error::other(format!("an answer begins with `{status}`")));
        }
        self.framing = Framing::of(&head)?;
        Ok(())
    }

    /// Hears what has come.
    fn hear(&mut self, ear: &mut Ear) -> io::Result<Heard> {
        let now = now();
        loop {
            match self.framing.next(&mut self.wire.buffer)? {
                Next::Piece(piece) => ear.piece(&piece, now),
                Next::More => return Ok(Heard::Some),
                Next::End => return Ok(Heard::All),
            }
        }
    }

    async fn wait(&mut self) -> io::Result<()> {
        match self.wire.more().await? {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// How much of an answer has been heard.
enum Heard {
    Some,
    All,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::loader::Pace;

    #[test]
    fn a_body_has_its_length_and_is_json() {
        let pace = Pace::Held { steps: Vec::new() };
        let order = Order { to: ([127, 0, 0, 1], 1).into(), token: "t".into(), play: Play::Held, body: 1024, pace };
        let body = body(&order);
        assert_eq!(body.len(), 1024);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["stream"], true);
        assert!(Request::of(&order).bytes.ends_with(body.as_bytes()));
    }
}
