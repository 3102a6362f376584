use crate::{Ending, Head};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// A request that a scripted upstream read: see [`ScriptedUpstream::requests`](super::ScriptedUpstream::requests).
///
/// ```
/// use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let upstream = ScriptedUpstream::answering(200, &[], "").await?;
/// RawClient::exchange(upstream.addr(), request_bytes("POST", "/v1/files", &[], b"{}")).await?;
///
/// let request = &upstream.requests()[0];
/// assert_eq!((request.connection, request.head.target()), (0, "/v1/files"));
/// assert!(request.body == "{}" && request.complete);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    /// Its head, exactly as it came.
    pub head: Head,
    /// Its body without chunk framing; empty until the script has read it.
    pub body: Bytes,
    /// Whether the script has read the body, and it was whole.
    pub complete: bool,
}

/// A connection that a scripted upstream accepted. Instants are tokio's.
///
/// ```
/// use oar_testkit::{Ending, RawClient, ScriptedUpstream, request_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let upstream = ScriptedUpstream::hanging().await?;
/// let mut client = RawClient::connect(upstream.addr()).await?;
/// client.send(request_bytes("GET", "/", &[], b"")).await?;
/// upstream.until_hit(1).await;
/// client.reset()?;
/// upstream.closed().await;
///
/// let connection = &upstream.connections()[0];
/// assert!(connection.abandoned() && connection.sent == 0);
/// assert!(matches!(connection.closed, Some((_, Ending::Rst))));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Connection {
    /// When it was accepted.
    pub accepted: Instant,
    /// When the script came to its end: a `Fin`, a `Rst`, or its last step done.
    pub finished: Option<Instant>,
    /// When and how the other side closed or reset it.
    pub closed: Option<(Instant, Ending)>,
    /// How many bytes the upstream could send so far.
    pub sent: u64,
}

impl Connection {
    /// Whether the other side left before the script was over.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let request = request_bytes("GET", "/", &[], b"");
    /// let answers = ScriptedUpstream::answering(200, &[], "hello").await?;
    /// RawClient::exchange(answers.addr(), &request).await?;
    /// let hangs = ScriptedUpstream::hanging().await?;
    /// RawClient::connect(hangs.addr()).await?.send(&request).await?;
    ///
    /// for (upstream, abandoned) in [(answers, false), (hangs, true)] {
    ///     upstream.closed().await;
    ///     assert_eq!(upstream.connections()[0].abandoned(), abandoned);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn abandoned(&self) -> bool {
        match (self.closed, self.finished) {
            (Some((closed, _)), Some(finished)) => closed < finished,
            (closed, _) => closed.is_some(),
        }
    }
}

/// Everything a scripted upstream saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) requests: Vec<SeenRequest>,
    pub(super) connections: Vec<Connection>,
}

/// One connection's pen: writes into what the upstream saw.
pub(super) struct Log {
    seen: Arc<watch::Sender<Seen>>,
    connection: usize,
}

impl Log {
    /// Opens the next connection's entry; `number` says which it is.
    pub(super) fn open(seen: &Arc<watch::Sender<Seen>>) -> Self {
        let mut connection = 0;
        seen.send_modify(|seen| {
            connection = seen.connections.len();
            seen.connections.push(Connection { accepted: Instant::now(), finished: None, closed: None, sent: 0 });
        });
        Self { seen: seen.clone(), connection }
    }

    pub(super) fn number(&self) -> usize {
        self.connection
    }

    pub(super) fn head(&self, head: Head) {
        let request = SeenRequest { connection: self.connection, head, body: Bytes::new(), complete: false };
        self.seen.send_modify(|seen| seen.requests.push(request));
    }

    pub(super) fn body(&self, body: Bytes, complete: bool) {
        self.seen.send_modify(|seen| {
            if let Some(request) = seen.requests.iter_mut().rfind(|request| request.connection == self.connection) {
                (request.body, request.complete) = (body, complete);
            }
        });
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.update(|connection| connection.sent += bytes as u64);
    }

    pub(super) fn finished(&self) {
        self.update(|connection| _ = connection.finished.get_or_insert_with(Instant::now));
    }

    pub(super) fn closed(&self, ending: Ending) {
        self.update(|connection| _ = connection.closed.get_or_insert_with(|| (Instant::now(), ending)));
    }

    fn update(&self, change: impl FnOnce(&mut Connection)) {
        self.seen.send_modify(|seen| {
            if let Some(connection) = seen.connections.get_mut(self.connection) {
                change(connection);
            }
        });
    }
}
