//! The whole product in this thread, between a client and an upstream that do next to nothing: what a request takes with
//! HTTP on both sides. All three are in the count, and what the system does for them is not.

use crate::Failure;
use crate::cases::{Case, TOKEN};
use crate::wire::{self, Message};
use oar_app::{App, Config};
use std::future;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A running product, and a client's connection to it. All ends when this is dropped.
pub(crate) struct Served {
    client: TcpStream,
    request: Message,
    answer: Message,
    read: Vec<u8>,
    _running: JoinSet<Result<(), Failure>>,
}

impl Served {
    pub(crate) async fn start(case: Case) -> Result<Self, Failure> {
        let mut running = JoinSet::new();
        let upstream = TcpListener::bind("127.0.0.1:0").await?;
        let app = App::builder(config(upstream.local_addr()?)?).build().map_err(|problems| problems.to_string())?;
        let listener = app.bind().await?;
        let client = TcpStream::connect(listener.local_addr()?).await?;
        client.set_nodelay(true)?;
        running.spawn(async { Ok(app.run(listener, future::pending()).await?) });
        running.spawn(answer(upstream, case));
        let (request, answer) = (wire::request(case), wire::answer(case));
        Ok(Self { client, request, answer, read: Vec::new(), _running: running })
    }

    /// Sends one request and reads its answer.
    pub(crate) async fn serve(&mut self) -> Result<(), Failure> {
        self.client.write_all(self.request.bytes()).await?;
        let complete = wire::read(&mut self.client, &mut self.read, &self.answer).await?;
        if complete && self.read.starts_with(b"HTTP/1.1 200 OK\r\n") {
            return Ok(());
        }
        Err(format!("the answer is not what it should be: {}", String::from_utf8_lossy(&self.read)).into())
    }
}

fn config(upstream: SocketAddr) -> Result<Config, Failure> {
    let text = format!(
        "address: 127.0.0.1:0\nauthorization: {TOKEN}\ndbtype: none\nupstreams:\n\
         - {{name: primary, sk: sk-upstream-0123456789, endpoint: 'http://{upstream}/v1'}}\n\
         - {{name: spare, sk: sk-upstream-0123456789, endpoint: 'http://{upstream}/v1'}}\n"
    );
    Config::parse(&text, "config.yaml", &|_| None).map_err(|problems| problems.to_string().into())
}

/// Answers whoever connects, one connection after the other: the gateway needs no more than one.
async fn answer(listener: TcpListener, case: Case) -> Result<(), Failure> {
    let (request, answer) = (wire::request(case), wire::answer(case));
    let mut read = Vec::new();
    loop {
        let (mut gateway, _) = listener.accept().await?;
        gateway.set_nodelay(true)?;
        while wire::read(&mut gateway, &mut read, &request).await? {
            gateway.write_all(answer.bytes()).await?;
        }
    }
}
