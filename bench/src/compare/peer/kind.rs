use crate::cli::one_of;

/// Who is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Nobody: clients ask the upstream itself.
    Direct,
    /// nginx, with one worker.
    Nginx,
    /// The reverse proxy of Go's standard library.
    Go,
    /// Ours, which records nothing.
    OursNone,
    /// Ours, which records every request in SQLite.
    OursSqlite,
    /// Ours, which records every request in PostgreSQL.
    OursPostgres,
}

impl Peer {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 6] =
        [Self::Direct, Self::Nginx, Self::Go, Self::OursNone, Self::OursSqlite, Self::OursPostgres];

    /// What it is called on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Go => "go",
            Self::OursNone => "ours-none",
            Self::OursSqlite => "ours-sqlite",
            Self::OursPostgres => "ours-postgres",
        }
    }

    /// What it is called in tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Direct => "direct, no proxy",
            Self::Nginx => "nginx",
            Self::Go => "Go's ReverseProxy",
            Self::OursNone => "ours, no records",
            Self::OursSqlite => "ours, SQLite",
            Self::OursPostgres => "ours, PostgreSQL",
        }
    }

    /// Whether there is a process whose cost can be told.
    pub const fn costs(self) -> bool {
        match self {
            Self::Direct => false,
            Self::Nginx | Self::Go | Self::OursNone | Self::OursSqlite | Self::OursPostgres => true,
        }
    }

    /// The one of this name.
    ///
    /// # Errors
    ///
    /// There is none; says which there are.
    pub fn of(word: &str) -> Result<Self, String> {
        one_of(word, Self::ALL.map(|one| (one.word(), one)))
    }
}
