use super::{Peer, golang, nginx, ours};
use crate::compare::behind::Behind;
use crate::compare::crew::Crew;
use crate::database::{Care, Database, Server};
use crate::gateway::{Gateway, Stopped};
use crate::tree::Tree;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// What it takes to start peers.
pub(crate) struct Grounds {
    binary: PathBuf,
    go: Option<PathBuf>,
    server: Option<Arc<Server>>,
    databases: AtomicU32,
    _folder: TempDir,
}

impl Grounds {
    /// Builds and starts what these peers need. `binary` is the gateway's program.
    ///
    /// # Errors
    ///
    /// Something is not installed, and which.
    pub(crate) async fn prepare(peers: &[Peer], binary: &Path) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        if peers.contains(&Peer::Nginx) {
            nginx::find()?;
        }
        let go = match peers.contains(&Peer::Go) {
            true => Some(golang::build(folder.path()).await?),
            false => None,
        };
        let server = match peers.contains(&Peer::OursPostgres) {
            true => Some(Server::start(Care::Usual).await?),
            false => None,
        };
        Ok(Self { binary: binary.to_owned(), go, server, databases: AtomicU32::new(0), _folder: folder })
    }

    /// Starts a peer in front of this.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub(crate) async fn start(&self, peer: Peer, behind: &Behind) -> io::Result<Running> {
        let folder = tempfile::tempdir()?;
        let kept = match peer {
            Peer::Direct => Kept::Nobody(behind.addr),
            Peer::Nginx => nginx::start(folder.path(), behind).await?,
            Peer::Go => golang::start(self.go.as_deref().ok_or(io::ErrorKind::NotFound)?, behind).await?,
            Peer::OursNone | Peer::OursSqlite | Peer::OursPostgres => {
                let database = self.database(peer, folder.path()).await?;
                return self.start_configured_in(folder, behind, &ours::configuration(behind, &database)).await;
            }
        };
        Ok(Running { kept, folder })
    }

    /// Starts ours with this configuration, in front of this.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub(crate) async fn start_configured(&self, behind: &Behind, config: &str) -> io::Result<Running> {
        self.start_configured_in(tempfile::tempdir()?, behind, config).await
    }

    async fn start_configured_in(&self, folder: TempDir, behind: &Behind, config: &str) -> io::Result<Running> {
        let gateway = Gateway::start_trusting(&behind.authority, &self.binary, folder.path(), config).await?;
        Ok(Running { kept: Kept::Ours(gateway), folder })
    }

    async fn database(&self, peer: Peer, folder: &Path) -> io::Result<Database> {
        match (peer, &self.server) {
            (Peer::OursSqlite, _) => Ok(Database::Sqlite(folder.join("db.sqlite"))),
            (Peer::OursPostgres, Some(server)) => {
                server.create(&format!("compare{}", self.databases.fetch_add(1, Ordering::Relaxed))).await
            }
            _ => Ok(Database::None),
        }
    }

    /// Ends what was started for all.
    ///
    /// # Errors
    ///
    /// PostgreSQL does not end in a minute.
    pub(crate) async fn clear(self) -> io::Result<()> {
        match self.server {
            Some(server) => server.end().await,
            None => Ok(()),
        }
    }
}

/// A peer that runs. Dropping it ends it.
pub(crate) struct Running {
    kept: Kept,
    folder: TempDir,
}

/// What keeps it running.
pub(super) enum Kept {
    Nobody(SocketAddr),
    Stranger(Crew, SocketAddr),
    Ours(Gateway),
}

impl Running {
    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        match &self.kept {
            Kept::Nobody(addr) | Kept::Stranger(_, addr) => *addr,
            Kept::Ours(gateway) => gateway.addr(),
        }
    }

    /// Its processes; `None` when nobody stands between.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub(crate) fn tree(&self) -> io::Result<Option<Tree>> {
        match &self.kept {
            Kept::Nobody(_) => Ok(None),
            Kept::Stranger(crew, _) => Ok(Some(Tree::of(crew.id()?))),
            Kept::Ours(gateway) => Ok(Some(gateway.tree())),
        }
    }

    /// Of the requests so far, the share that was to be recorded and was not; `None` where nothing is recorded.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub(crate) async fn lost(&self) -> io::Result<Option<f64>> {
        let Kept::Ours(gateway) = &self.kept else { return Ok(None) };
        let (page, lost) = (gateway.metrics().await?, "oar_records_dropped_total");
        let share = || page.sum(lost) as f64 / page.sum("oar_requests_total").max(1) as f64;
        Ok(page.has(lost).then(share))
    }

    /// Ends it in order, where that matters.
    ///
    /// # Errors
    ///
    /// It does not end, or ended badly.
    pub(crate) async fn stop(self) -> io::Result<()> {
        match self.kept {
            Kept::Nobody(_) => {}
            Kept::Stranger(crew, _) => crew.end().await?,
            Kept::Ours(gateway) => {
                let Stopped { status, .. } = gateway.stop(ours::STOP_PATIENCE).await?;
                if !status.success() {
                    return Err(io::Error::other(format!("the gateway ended with {status}")));
                }
            }
        }
        self.folder.close()
    }
}
