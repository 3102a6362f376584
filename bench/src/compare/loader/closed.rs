use super::client::{Client, Request};
use super::ear::{Ear, Heard};
use crate::compare::clock::{Ticks, now};
use crate::compare::play::Play;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections that ask again as soon as they have been answered.
pub(super) struct Closed {
    clients: Vec<Client>,
    request: Request,
    apart: Duration,
}

impl Closed {
    pub(super) async fn connect(to: SocketAddr, connections: u32, play: Play, request: Request) -> io::Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(Client::connect(to).await?);
        }
        Ok(Self { clients, request, apart: apart(play, connections) })
    }

    /// Sends so many requests, and hears their answers.
    pub(super) async fn run(&mut self, count: u64) -> io::Result<Heard> {
        let (left, mut running) = (Arc::new(AtomicU64::new(count)), JoinSet::new());
        let mut ticks = Ticks::new(self.apart)?;
        for client in self.clients.drain(..) {
            ticks.next().await?;
            running.spawn(ask_all(client, self.request.clone(), Arc::clone(&left)));
        }
        let mut all = Heard::default();
        while let Some(ended) = running.join_next().await {
            let (client, heard) = ended??;
            self.clients.push(client);
            all.add(heard);
        }
        Ok(all)
    }
}

/// Streams whose events come at a pace begin evenly spread over it: a machine's clients do not breathe together.
fn apart(play: Play, connections: u32) -> Duration {
    let over = match play {
        Play::Paced { every, .. } => Duration::from_micros(every),
        Play::Plain { .. } | Play::Burst { .. } | Play::Held => Duration::ZERO,
    };
    (over / connections.max(1)).max(Duration::from_micros(1))
}

async fn ask_all(mut client: Client, request: Request, left: Arc<AtomicU64>) -> io::Result<(Client, Heard)> {
    let mut ear = Ear::default();
    let take = |left: u64| left.checked_sub(1);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
        client.ask(&request, now(), &mut ear).await?;
    }
    Ok((client, ear.into_heard()))
}
