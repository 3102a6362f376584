use super::connection::Connection;
use super::hits::Hits;
use super::play::{After, play};
use super::role::Role;
use oar_testkit::ScriptedUpstream;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// An upstream for each role, on free loopback ports. Dropping it closes them all.
pub struct Upstreams {
    addrs: BTreeMap<Role, SocketAddr>,
    hits: Hits,
    /// Holds the port at which connections are refused.
    _refusing: ScriptedUpstream,
    /// Owns the listeners and every connection.
    _listeners: JoinSet<()>,
}

impl Upstreams {
    /// Starts them all, on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// There are not enough ports or files.
    pub async fn start() -> io::Result<Self> {
        let (hits, mut listeners, mut addrs) = (Hits::default(), JoinSet::new(), BTreeMap::new());
        let refusing = ScriptedUpstream::refusing()?;
        for role in Role::ALL {
            if role == Role::Refuses {
                addrs.insert(role, refusing.addr());
                continue;
            }
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            addrs.insert(role, listener.local_addr()?);
            // Nobody tells them to play anything else.
            let (_, role) = watch::channel(role);
            listeners.spawn(accept(listener, role, hits.clone()));
        }
        Ok(Self { addrs, hits, _refusing: refusing, _listeners: listeners })
    }

    /// Every role with the address it is played at, in order.
    pub fn addrs(&self) -> impl Iterator<Item = (Role, SocketAddr)> {
        self.addrs.iter().map(|(&role, &addr)| (role, addr))
    }

    /// What they remember.
    pub fn hits(&self) -> &Hits {
        &self.hits
    }
}

/// Plays, to each request of each connection, the role of that moment.
pub(super) async fn accept(listener: TcpListener, role: watch::Receiver<Role>, hits: Hits) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => _ = connections.spawn(serve(stream, role.clone(), hits.clone())),
                // Out of files: the gateway sees a connection that waits.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            },
            // Those that have ended are let go, or they would add up.
            Some(_) = connections.join_next() => {}
        }
    }
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
