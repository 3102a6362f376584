//! A server that answers one request as it is told, in the test's own task.

use oar_testkit::canary::Watch;
use secrecy::SecretString;
use serde_json::Value;
use std::convert::Infallible;
use std::future::pending;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Listens on a port of its own until dropped, and fails the test when a secret got out meanwhile.
pub(crate) struct Server {
    listener: TcpListener,
    _watch: Watch,
}

/// A request as it came over the wire.
pub(crate) struct Request {
    /// Method, target and version.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The URL of `path` on `server`.
pub(crate) fn hook(server: &Server, path: &str) -> SecretString {
    let address = server.listener.local_addr().expect("an address");
    format!("http://{address}{path}").into()
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        Self { listener, _watch: Watch::start() }
    }

    /// Reads one request and answers it.
    pub(crate) async fn answer(&self, status: &str, body: &str) -> Request {
        let (mut connection, request) = self.request().await;
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
        connection.write_all(head.as_bytes()).await.expect("a client that listens");
        connection.write_all(body.as_bytes()).await.expect("a client that listens");
        request
    }

    /// Reads one request and answers it until the client closes the connection; says how many bytes that took.
    pub(crate) async fn answer_endlessly(&self, status: &str) -> usize {
        let (mut connection, _) = self.request().await;
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 1073741824\r\n\r\n");
        connection.write_all(head.as_bytes()).await.expect("a client that listens");
        let mut written = 0;
        while connection.write_all(&[b' '; 4096]).await.is_ok() {
            written += 4096;
        }
        written
    }

    /// Reads one request and answers it with a head, whose body never comes.
    pub(crate) async fn stall(&self, status: &str) -> Infallible {
        let (mut connection, _) = self.request().await;
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 9\r\n\r\n");
        connection.write_all(head.as_bytes()).await.expect("a client that listens");
        pending().await
    }

    /// Reads one request and never answers it.
    pub(crate) async fn hang(&self) -> Infallible {
        let _held = self.request().await;
        pending().await
    }

    async fn request(&self) -> (TcpStream, Request) {
        let (mut connection, _) = self.listener.accept().await.expect("a client");
        let mut bytes = Vec::new();
        loop {
            if let Some(request) = Request::parse(&bytes) {
                return (connection, request);
            }
            let read = connection.read_buf(&mut bytes).await.expect("a client that speaks");
            assert_ne!(read, 0, "the client left in the middle of its request");
        }
    }
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The request in `bytes`, when it is complete.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(bytes.get(..end)?).expect("ASCII");
        let (line, headers) = head.split_once("\r\n").expect("headers");
        let headers = headers.lines().filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let body = bytes.get(end + 4..)?.to_vec();
        let request = Self { line: line.to_owned(), headers, body };
        let length: usize = request.header("content-length")?.parse().expect("a length");
        (request.body.len() == length).then_some(request)
    }
}
