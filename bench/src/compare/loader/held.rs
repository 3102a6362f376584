use super::client::{Client, Request};
use super::ear::Ear;
use std::io;
use std::net::SocketAddr;
use tokio::task::JoinSet;

/// How many streams are opened at once.
const AT_ONCE: usize = 64;

/// Streams that are kept open.
pub(super) struct Held {
    to: SocketAddr,
    request: Request,
    open: Vec<Client>,
}

impl Held {
    pub(super) fn new(to: SocketAddr, request: Request) -> Self {
        Self { to, request, open: Vec::new() }
    }

    /// Opens more, until there are so many.
    pub(super) async fn grow(&mut self, to: usize) -> io::Result<()> {
        while self.open.len() < to {
            let mut opening = JoinSet::new();
            for _ in 0..AT_ONCE.min(to - self.open.len()) {
                opening.spawn(open(self.to, self.request.clone()));
            }
            while let Some(opened) = opening.join_next().await {
                self.open.push(opened??);
            }
        }
        Ok(())
    }
}

async fn open(to: SocketAddr, request: Request) -> io::Result<Client> {
    let mut client = Client::connect(to).await?;
    client.open(&request, &mut Ear::default()).await?;
    Ok(client)
}
