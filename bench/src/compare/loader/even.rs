use super::client::{Client, Request};
use super::ear::{Ear, Heard};
use crate::compare::clock::Ticks;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};

/// Requests that are sent when they are due, over whichever connection has rested longest.
pub(super) struct Even {
    to: SocketAddr,
    request: Request,
    every: Duration,
    idle: VecDeque<Client>,
}

impl Even {
    /// With so many connections; more are made when all of them are busy.
    pub(super) async fn connect(to: SocketAddr, connections: u32, rate: u32, request: Request) -> io::Result<Self> {
        let mut idle = VecDeque::new();
        for _ in 0..connections {
            idle.push_back(Client::connect(to).await?);
        }
        Ok(Self { to, request, every: Duration::from_secs(1) / rate.max(1), idle })
    }

    /// Sends so many requests, and hears their answers.
    pub(super) async fn run(&mut self, count: u64) -> io::Result<Heard> {
        let (mut all, mut running, mut ticks) = (Heard::default(), JoinSet::new(), Ticks::new(self.every)?);
        for _ in 0..count {
            let due = ticks.next().await?;
            while let Some(ended) = running.try_join_next() {
                self.keep(ended, &mut all)?;
            }
            running.spawn(ask(self.idle.pop_front(), self.to, self.request.clone(), due));
        }
        while let Some(ended) = running.join_next().await {
            self.keep(ended, &mut all)?;
        }
        Ok(all)
    }

    fn keep(&mut self, ended: Result<io::Result<(Client, Heard)>, JoinError>, all: &mut Heard) -> io::Result<()> {
        let (client, heard) = ended??;
        self.idle.push_back(client);
        all.add(heard);
        Ok(())
    }
}

async fn ask(kept: Option<Client>, to: SocketAddr, request: Request, due: u64) -> io::Result<(Client, Heard)> {
    let mut client = match kept {
        Some(client) => client,
        None => Client::connect(to).await?,
    };
    let mut ear = Ear::default();
    client.ask(&request, due, &mut ear).await?;
    Ok((client, ear.into_heard()))
}
