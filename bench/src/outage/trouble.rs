use crate::database::{Care, Database, Lock, Server};
use std::fmt;
use std::io;
use std::path::Path;

/// What happens to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing: there is none.
    NoDatabase,
    /// Another process holds the SQLite file with `BEGIN EXCLUSIVE`.
    SqliteLocked,
    /// All processes of the PostgreSQL server are stopped with `SIGSTOP`: it accepts connections and says nothing.
    PostgresFrozen,
    /// The PostgreSQL server is stopped with `pg_ctl stop -m immediate`, and started again at the end.
    PostgresStopped,
}

impl Trouble {
    /// Those that are any, in the order of a round.
    pub const ALL: [Self; 3] = [Self::SqliteLocked, Self::PostgresFrozen, Self::PostgresStopped];
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoDatabase => "no database",
            Self::SqliteLocked => "SQLite locked",
            Self::PostgresFrozen => "PostgreSQL frozen",
            Self::PostgresStopped => "PostgreSQL stopped",
        })
    }
}

/// A database with its trouble.
pub(super) struct Stage {
    trouble: Trouble,
    pub(super) database: Database,
}

impl Stage {
    /// Makes a database for this trouble; a file is in `folder`.
    pub(super) async fn set(trouble: Trouble, folder: &Path) -> io::Result<Self> {
        let database = match trouble {
            Trouble::NoDatabase => Database::None,
            Trouble::SqliteLocked => Database::Sqlite(folder.join("db.sqlite")),
            Trouble::PostgresFrozen | Trouble::PostgresStopped => {
                Server::start(Care::None).await?.create("gateway").await?
            }
        };
        Ok(Self { trouble, database })
    }

    /// Takes the database away; what is yielded is for [`end`](Self::end).
    pub(super) async fn begin(&self) -> io::Result<Option<Lock>> {
        match &self.database {
            Database::None => Ok(None),
            Database::Sqlite(file) => Lock::take(file).await.map(Some),
            Database::Postgres { server, .. } if self.trouble == Trouble::PostgresFrozen => {
                server.freeze().await.map(|()| None)
            }
            Database::Postgres { server, .. } => server.stop().await.map(|()| None),
        }
    }

    /// Gives it back.
    pub(super) async fn end(&self, lock: Option<Lock>) -> io::Result<()> {
        match &self.database {
            Database::None | Database::Sqlite(_) => match lock {
                Some(lock) => lock.release().await,
                None => Ok(()),
            },
            Database::Postgres { server, .. } if self.trouble == Trouble::PostgresFrozen => server.thaw().await,
            Database::Postgres { server, .. } => server.start_again().await,
        }
    }

    /// Ends the server, if there is one, and waits for that.
    pub(super) async fn clear(self) -> io::Result<()> {
        match self.database {
            Database::None | Database::Sqlite(_) => Ok(()),
            Database::Postgres { server, .. } => server.end().await,
        }
    }
}
