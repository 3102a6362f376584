use super::connection::Connection;
use super::hits::Hits;
use super::play::{After, play};
use super::role::Role;
use oar_testkit::LoopbackServer;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// An upstream for each role, on free loopback ports. Dropping it closes them all.
pub struct Upstreams {
    servers: BTreeMap<Role, LoopbackServer>,
    hits: Hits,
}

impl Upstreams {
    /// Starts them all, on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// There are not enough ports or files.
    pub async fn start() -> io::Result<Self> {
        let (hits, mut servers) = (Hits::default(), BTreeMap::new());
        for role in Role::ALL {
            let server = if role == Role::Refuses {
                LoopbackServer::refusing()?
            } else {
                // Nobody tells them to play anything else.
                playing(watch::channel(role).1, &hits).await?
            };
            servers.insert(role, server);
        }
        Ok(Self { servers, hits })
    }

    /// Every role with the address it is played at, in order.
    pub fn addrs(&self) -> impl Iterator<Item = (Role, SocketAddr)> {
        self.servers.iter().map(|(&role, server)| (role, server.addr()))
    }

    /// Where this role is played.
    pub fn addr(&self, role: Role) -> SocketAddr {
        self.servers.get(&role).expect("there is a server for each role").addr()
    }

    /// What they remember.
    pub fn hits(&self) -> &Hits {
        &self.hits
    }
}

/// Plays, to each request of each connection, the role of that moment.
pub(super) async fn playing(role: watch::Receiver<Role>, hits: &Hits) -> io::Result<LoopbackServer> {
    let hits = hits.clone();
    LoopbackServer::start(move |stream| serve(stream, role.clone(), hits.clone())).await
}

/// Serves one connection until somebody ends it.
async fn serve(stream: TcpStream, roles: watch::Receiver<Role>, hits: Hits) {
    let mut connection = Connection::new(stream);
    while let Ok(request) = connection.request().await {
        let role = *roles.borrow();
        let _at_work = hits.seen(request.ticket, role);
        match play(role, &request, &mut connection).await {
            Ok(After::Keep) => {}
            Ok(After::Finish) => return connection.finish().await,
            Ok(After::Reset) => return connection.reset(),
            Err(_) => return hits.let_go(request.ticket, role),
        }
    }
}
