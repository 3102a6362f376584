use super::counts::Counts;
use super::{certificate, http1, http2};
use crate::cli::say;
use crate::compare::pairs::Pairs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

/// As many connections as are opened at once while streams are held.
const BACKLOG: u32 = 4096;

/// Serves until standard input ends, with and without TLS; says its addresses first, and then, to every line, what it has
/// counted. Whom to trust for its certificate goes into a file.
///
/// # Errors
///
/// It cannot listen, or not write the file.
pub(crate) async fn serve(authority: &Path) -> io::Result<()> {
    let config = certificate::configuration(authority).map_err(|error| io::Error::other(error.to_string()))?;
    let ((plain, plain_addr), (tls, tls_addr)) = (listen()?, listen()?);
    let hall = Hall { tasks: TaskTracker::new(), counts: Counts::default(), tls: config.into() };
    hall.tasks.spawn(hall.clone().accept(plain, Hall::converse));
    hall.tasks.spawn(hall.clone().accept(tls, Hall::converse_in_private));
    say(&Pairs::default().with("plain", plain_addr).with("tls", tls_addr).to_string());
    let mut lines = BufReader::new(stdin()).lines();
    while lines.next_line().await?.is_some() {
        say(&hall.counts.pairs().to_string());
    }
    Ok(())
}

fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// What all connections share.
#[derive(Clone)]
struct Hall {
    tasks: TaskTracker,
    counts: Counts,
    tls: TlsAcceptor,
}

impl Hall {
    async fn accept<F>(self, listener: TcpListener, converse: fn(Self, TcpStream) -> F) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // A proxy may leave whenever it likes: whether all answers came is for those who asked to say.
            self.tasks.spawn(converse(self.clone(), stream));
        }
    }

    async fn converse(self, stream: TcpStream) -> io::Result<()> {
        http1::serve(stream, || self.counts.request()).await
    }

    async fn converse_in_private(self, stream: TcpStream) -> io::Result<()> {
        let stream = self.tls.accept(stream).await?;
        self.counts.handshake();
        let (_, session) = stream.get_ref();
        match session.alpn_protocol() {
            Some(b"h2") => http2::serve(stream, self.tasks, self.counts).await.map_err(io::Error::other),
            _ => http1::serve(stream, || self.counts.request()).await,
        }
    }
}
