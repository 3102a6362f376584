use crate::client::{Call, Conduct, End, Http1, Seen};
use crate::upstream::{Hits, Kind, Role, Ticket, Upstreams, digest, events, plain};
use bytes::Bytes;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// What these clients present.
pub const TOKEN: &str = "token-of-an-even-load";

/// Whoever has not finished after this long hangs.
const HANG: Duration = Duration::from_secs(30);

/// A connection that has been idle for longer may be one that the gateway is about to close.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// How large a request's body is.
const BODY_BYTES: usize = 2048;

/// A configuration with the upstream that answers, and these further lines.
pub fn configuration(upstreams: &Upstreams, lines: &str) -> String {
    let entry = format!("  - {{name: good, sk: key-of-good, endpoint: 'http://{}/v1'}}\n", upstreams.addr(Role::Good));
    format!("address: 127.0.0.1:0\nauthorization: {TOKEN}\n{lines}upstreams:\n{entry}")
}

/// Requests of two kilobytes each, every other one for a stream, over connections that are kept.
#[derive(Clone)]
pub struct Load {
    gateway: SocketAddr,
    hits: Hits,
    between: Duration,
    models: u64,
    idle: Arc<Mutex<Vec<(Instant, Http1)>>>,
}

/// A request that was sent, or should have been.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its ticket's number.
    pub number: u64,
    /// When it was due.
    pub due: Instant,
    /// When its answer ended, or failed to come.
    pub ended: Instant,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// What is wrong with the answer; `None` when it is the right one, with status 200.
    pub wrong: Option<String>,
}

impl Sent {
    /// What the client knows the request with this number by.
    pub fn request_id(number: u64) -> String {
        ticket(number).to_string()
    }

    /// How long it took, from the moment it was due.
    pub fn took(&self) -> Duration {
        self.ended - self.due
    }
}

impl Load {
    /// So many requests a second at this gateway, in front of these upstreams.
    pub fn new(gateway: SocketAddr, upstreams: &Upstreams, rate: u32) -> Self {
        let between = Duration::from_secs(1) / rate.max(1);
        Self { gateway, hits: upstreams.hits().clone(), between, models: 1, idle: Arc::default() }
    }

    /// Asks for this many models in turn, `even-0`, `even-1` and so on, instead of `even-0` alone.
    #[must_use]
    pub fn models(self, models: u64) -> Self {
        Self { models: models.max(1), ..self }
    }

    /// Sends requests with the numbers from `first` on until `stop`, and waits for the last answer.
    pub async fn run(&self, first: u64, stop: &CancellationToken) -> Vec<Sent> {
        self.send_each(first..u64::MAX, stop).await
    }

    /// Sends so many requests, and waits for the last answer.
    pub async fn send_all(&self, first: u64, count: u64) -> Vec<Sent> {
        self.send_each(first..first + count, &CancellationToken::new()).await
    }

    async fn send_each(&self, numbers: Range<u64>, stop: &CancellationToken) -> Vec<Sent> {
        let mut running = JoinSet::new();
        let (mut sent, mut due) = (Vec::new(), Instant::now());
        for number in numbers {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep_until(due) => {}
            }
            running.spawn(self.clone().send(number, due));
            due += self.between;
            while let Some(Ok(one)) = running.try_join_next() {
                sent.push(one);
            }
        }
        sent.extend(running.join_all().await);
        sent
    }

    async fn send(self, number: u64, due: Instant) -> Sent {
        let call = call(ticket(number), number % self.models);
        let seen = timeout(HANG, self.call(&call)).await;
        let ended = Instant::now();
        let (status, wrong) = match seen {
            Ok(Ok(seen)) => (seen.status, wrong(&call, &seen)),
            Ok(Err(error)) => (None, Some(error.to_string())),
            Err(_) => (None, Some(format!("it hung for {} s", HANG.as_secs()))),
        };
        Sent { number, due, ended, status, wrong }
    }

    async fn call(&self, call: &Call) -> io::Result<Seen> {
        let connection = match self.kept() {
            Some(connection) => connection,
            None => Http1::connect(self.gateway).await?,
        };
        let mut trail = self.hits.follow(call.ticket);
        let (seen, kept) = connection.call(call, Conduct::Reads, &mut trail).await?;
        if let Some(connection) = kept {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), connection));
        }
        Ok(seen)
    }

    /// The connection that was used last, unless that is long ago: then all others have waited longer.
    fn kept(&self) -> Option<Http1> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        match idle.pop() {
            Some((since, connection)) if since.elapsed() < KEPT_FOR => Some(connection),
            Some(_) | None => {
                idle.clear();
                None
            }
        }
    }
}

fn ticket(number: u64) -> Ticket {
    Ticket { number, kind: if number.is_multiple_of(2) { Kind::Plain } else { Kind::Stream } }
}

fn call(ticket: Ticket, model: u64) -> Call {
    let path = "/v1/chat/completions";
    Call { path, token: TOKEN, ticket, content_type: "application/json", body: body(ticket, model) }
}

fn body(ticket: Ticket, model: u64) -> Bytes {
    let stream = ticket.kind.is_stream();
    let text = format!("{ticket} ").repeat(BODY_BYTES / 8);
    let text = text.get(..BODY_BYTES).unwrap_or(&text);
    format!(
        "{{\"model\":\"even-{model}\",\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]}}"
    )
    .into()
}

fn wrong(call: &Call, seen: &Seen) -> Option<String> {
    let digest = digest(&call.body);
    let expected = match call.ticket.kind.is_stream() {
        true => events(call.ticket, digest).concat().into(),
        false => plain(call.ticket, digest),
    };
    match (seen.status, seen.end) {
        (Some(200), End::Whole) if seen.body == expected => None,
        (Some(200), End::Whole) => Some("the answer is not the upstream's".into()),
        (status, end) => Some(format!("status {status:?}, end {end:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn so_many_requests_are_sent_and_answered() {
        let upstreams = Upstreams::start().await.unwrap();
        let sent = Load::new(upstreams.addr(Role::Good), &upstreams, 1000).send_all(7, 20).await;
        let mut numbers: Vec<_> = sent.iter().map(|one| one.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (7..27).collect::<Vec<_>>());
        assert_eq!(sent.iter().find_map(|one| one.wrong.as_ref()), None);
    }

    #[tokio::test]
    async fn who_is_not_answered_says_so() {
        let upstreams = Upstreams::start().await.unwrap();
        let sent = Load::new(upstreams.addr(Role::Resets), &upstreams, 100).send_all(0, 2).await;
        assert!(sent.iter().all(|one| one.wrong.is_some()), "{sent:?}");
    }
}
