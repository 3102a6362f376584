use super::hits::Hits;
use super::role::Role;
use super::server::playing;
use oar_testkit::LoopbackServer;
use std::io;
use std::net::SocketAddr;
use tokio::sync::watch;

/// An upstream that plays one role, and another when it is told to: one that fails and recovers. It listens on a free
/// loopback port; dropping it closes that.
pub struct Turncoat {
    server: LoopbackServer,
    role: watch::Sender<Role>,
}

impl Turncoat {
    /// Starts it, on the runtime that this is called on. Whom it is asked by goes to `hits`.
    ///
    /// # Errors
    ///
    /// There are not enough ports or files.
    pub async fn start(role: Role, hits: &Hits) -> io::Result<Self> {
        let role = watch::Sender::new(role);
        Ok(Self { server: playing(role.subscribe(), hits).await?, role })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// What it plays to requests that are read from now on, on all connections. [`Role::Refuses`] is played as a reset:
    /// the port stays open.
    pub fn turn(&self, role: Role) {
        self.role.send_replace(role);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Ticket};
    use super::*;
    use crate::client::{Call, Conduct, Http1};

    #[tokio::test]
    async fn a_turn_is_felt_on_connections_that_are_open() {
        let hits = Hits::default();
        let upstream = Turncoat::start(Role::Fails, &hits).await.unwrap();
        let mut connection = Http1::connect(upstream.addr()).await.unwrap();
        for (role, status) in [(Role::Fails, 500), (Role::Good, 200), (Role::Limits, 429)] {
            upstream.turn(role);
            let ticket = Ticket { number: status.into(), kind: Kind::Plain };
            let (path, body) = ("/v1/chat/completions", "{}".into());
            let call = Call { path, token: "any", ticket, content_type: "application/json", body };
            let mut trail = hits.follow(ticket);
            let (seen, kept) = connection.call(&call, Conduct::Reads, &mut trail).await.unwrap();
            assert_eq!((seen.status, trail.visit().seen), (Some(status), vec![role]));
            connection = kept.expect("the connection is kept");
        }
    }
}
