use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long to wait before accepting again when the system has no file for another connection.
const OUT_OF_FILES_PAUSE: Duration = Duration::from_millis(10);

/// A server on a free port of the loopback: what stand-ins are made of, whatever they speak.
///
/// It runs on the runtime that started it. Dropping it closes the port and every connection.
///
/// ```
/// use oar_testkit::{LoopbackServer, RawClient, request_bytes, response_bytes};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = LoopbackServer::start(|mut stream| async move {
///     let _ = stream.read(&mut [0; 1024]).await;
///     let _ = stream.write_all(&response_bytes(200, &[], b"hello")).await;
/// })
/// .await?;
/// let answer = RawClient::exchange(server.addr(), request_bytes("GET", "/", &[], b"")).await?;
/// assert_eq!(answer.text(), "hello");
/// assert_eq!(server.endpoint(), format!("http://{}/v1", server.addr()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LoopbackServer {
    addr: SocketAddr,
    /// Owns the port and every connection; dropping it ends them.
    _tasks: JoinSet<()>,
}

impl LoopbackServer {
    /// Gives each connection, with `TCP_NODELAY`, to a future of its own. `serve` is called in the order of the connections.
    ///
    /// # Errors
    ///
    /// No loopback port could be had.
    ///
    /// ```
    /// # use oar_testkit::{LoopbackServer, RawClient};
    /// # use tokio::io::AsyncWriteExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // A server that speaks first.
    /// let server = LoopbackServer::start(|mut stream| async move {
    ///     let _ = stream.write_all(b"220 mail.test\r\n").await;
    /// })
    /// .await?;
    /// assert_eq!(RawClient::connect(server.addr()).await?.read_to_close().await.0, "220 mail.test\r\n");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start<F>(serve: impl FnMut(TcpStream) -> F + Send + 'static) -> io::Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(any_port()).await?;
        let addr = listener.local_addr()?;
        Ok(Self::holding(addr, serve_each(listener, serve)))
    }

    /// A port that refuses connections, and that nobody else can get meanwhile: bound, but not listening.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    ///
    /// ```
    /// # use oar_testkit::{LoopbackServer, RawClient};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let closed = LoopbackServer::refusing()?;
    /// let error = RawClient::connect(closed.addr()).await.err().expect("nobody listens");
    /// assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    /// # Ok(())
    /// # }
    /// ```
    pub fn refusing() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(any_port())?;
        let addr = socket.local_addr()?;
        Ok(Self::holding(addr, hold(socket)))
    }

    /// A port at which connecting hangs: its backlog is full and nobody accepts.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// ```
    /// # use oar_testkit::{LoopbackServer, RawClient};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// # use std::time::Duration;
    /// let silent = LoopbackServer::unreachable().await?;
    /// let connecting = RawClient::connect(silent.addr());
    /// assert!(tokio::time::timeout(Duration::from_secs(60), connecting).await.is_err(), "it hangs");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn unreachable() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(any_port())?;
        let listener = socket.listen(0)?;
        let addr = listener.local_addr()?;
        // A backlog of 0 still takes one connection; with it in place the kernel drops every further SYN.
        let filler = TcpStream::connect(addr).await?;
        Ok(Self::holding(addr, hold((listener, filler))))
    }

    fn holding(addr: SocketAddr, work: impl Future<Output = ()> + Send + 'static) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(work);
        Self { addr, _tasks: tasks }
    }

    /// Where it listens.
    ///
    /// ```
    /// # use oar_testkit::LoopbackServer;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let server = LoopbackServer::refusing()?;
    /// assert!(server.addr().ip().is_loopback() && server.addr().port() != 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    ///
    /// ```
    /// # use oar_testkit::LoopbackServer;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let server = LoopbackServer::refusing()?;
    /// assert_eq!(server.origin(), format!("http://127.0.0.1:{}", server.addr().port()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// `http://127.0.0.1:PORT/v1`, as a configured endpoint would be.
    ///
    /// ```
    /// # use oar_testkit::LoopbackServer;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let server = LoopbackServer::refusing()?;
    /// assert_eq!(format!("{}/models", server.endpoint()), format!("{}/v1/models", server.origin()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn endpoint(&self) -> String {
        format!("{}/v1", self.origin())
    }
}

/// Gives each connection to a future of its own, until this one is dropped: then the connections end as well.
pub(crate) async fn serve_each<F>(listener: TcpListener, mut serve: impl FnMut(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            // Those that have ended are let go, or they would add up.
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // A socket that cannot do so is closing already.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream));
                }
                // The next one waits in the backlog until there is room.
                Err(_) => sleep(OUT_OF_FILES_PAUSE).await,
            },
        }
    }
}

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

async fn hold<T>(_held: T) {
    pending::<()>().await;
}
