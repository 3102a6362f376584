use super::peer::Peer;
use super::script::Script;
use super::seen::{Connection, Log, Seen, SeenRequest};
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A raw TCP server on a free loopback port that plays scripts and remembers what it saw.
///
/// It runs on the runtime that started it. Dropping it closes the port and every connection.
pub struct ScriptedUpstream {
    addr: SocketAddr,
    seen: Arc<watch::Sender<Seen>>,
    /// Owns the listener and every connection; dropping it ends them.
    _tasks: JoinSet<()>,
}

impl ScriptedUpstream {
    /// Plays the same script on every connection.
    ///
    /// # Errors
    ///
    /// No loopback port could be had; so for all constructors.
    pub async fn start(script: impl Into<Script>) -> io::Result<Self> {
        Self::start_each([script.into()]).await
    }

    /// Plays the first script on the first connection, and so on; the last is played on all that follow.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); `InvalidInput` without any script.
    pub async fn start_each(scripts: impl IntoIterator<Item = Script>) -> io::Result<Self> {
        let scripts: Vec<_> = scripts.into_iter().collect();
        if scripts.is_empty() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let listener = TcpListener::bind(any_port()).await?;
        let addr = listener.local_addr()?;
        let seen = Arc::new(watch::Sender::new(Seen::default()));
        Ok(Self::holding(addr, seen.clone(), accept(listener, scripts, seen)))
    }

    /// Answers every request with this, and closes: [`Script::answering`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn answering(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> io::Result<Self> {
        Self::start_each([Script::answering(status, headers, body)]).await
    }

    /// Reads every request and never answers: [`Script::hanging`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn hanging() -> io::Result<Self> {
        Self::start_each([Script::hanging()]).await
    }

    /// Answers with server-sent events: [`Script::sse`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn sse(events: impl IntoIterator<Item = impl AsRef<str>>) -> io::Result<Self> {
        Self::start_each([Script::sse(events)]).await
    }

    /// Answers each request with its own body and head: [`Script::echo`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn echo() -> io::Result<Self> {
        Self::start_each([Script::echo()]).await
    }

    /// A port that refuses connections, and that nobody else can get meanwhile: bound, but not listening.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn refusing() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(any_port())?;
        let addr = socket.local_addr()?;
        Ok(Self::holding(addr, Arc::default(), hold(socket)))
    }

    /// A port at which connecting hangs: its backlog is full and nobody accepts.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn unreachable() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(any_port())?;
        let listener = socket.listen(0)?;
        let addr = listener.local_addr()?;
        // A backlog of 0 still takes one connection; with it in place the kernel drops every further SYN.
        let filler = TcpStream::connect(addr).await?;
        Ok(Self::holding(addr, Arc::default(), hold((listener, filler))))
    }

    fn holding(
        addr: SocketAddr,
        seen: Arc<watch::Sender<Seen>>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(work);
        Self { addr, seen, _tasks: tasks }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// `http://127.0.0.1:PORT/v1`, as a configured endpoint would be.
    pub fn endpoint(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// How many request heads were read.
    pub fn hits(&self) -> usize {
        self.seen.borrow().requests.len()
    }

    /// Every request, in the order in which their heads were read.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.seen.borrow().requests.clone()
    }

    /// Every connection, in the order in which they were accepted.
    pub fn connections(&self) -> Vec<Connection> {
        self.seen.borrow().connections.clone()
    }

    /// Waits until `times` request heads were read in all.
    pub async fn until_hit(&self, times: usize) {
        self.until(|seen| seen.requests.len() >= times).await;
    }

    /// Waits until `bodies` request bodies were read whole in all.
    pub async fn until_read(&self, bodies: usize) {
        self.until(|seen| seen.requests.iter().filter(|request| request.complete).count() >= bodies).await;
    }

    /// Waits until there was a connection and the other side has closed or reset every one.
    pub async fn closed(&self) {
        self.until(|seen| {
            !seen.connections.is_empty() && seen.connections.iter().all(|connection| connection.closed.is_some())
        })
        .await;
    }

    async fn until(&self, holds: impl FnMut(&Seen) -> bool) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.seen.subscribe().wait_for(holds).await;
    }
}

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

async fn hold<T>(_held: T) {
    pending::<()>().await;
}

async fn accept(listener: TcpListener, scripts: Vec<Script>, seen: Arc<watch::Sender<Seen>>) {
    let mut peers = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let log = Log::open(&seen);
        if let Some(script) = scripts.get(log.number()).or(scripts.last()) {
            peers.spawn(Peer::new(stream, log).play(script.clone()));
        }
    }
}
