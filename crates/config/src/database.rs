//! Where records are kept.

use crate::problem::Complaint;
use crate::section::{Field, Section};
use crate::word::choice;
use secrecy::SecretString;
use std::path::PathBuf;

/// Where records are kept.
///
/// ```
/// # use oar_config::{Config, Database};
/// let text = "dbtype: none\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert!(matches!(config.database, Database::None));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
pub enum Database {
    /// Nowhere.
    None,
    /// In a file.
    Sqlite {
        /// Relative to the working directory; `./db.sqlite` unless the file says otherwise. Without the prefixes
        /// `file:` and `sqlite:`, and without options after a `?`, which belong to other programs.
        path: PathBuf,
    },
    /// In a server.
    Postgres {
        /// `host=… user=… dbname=…`, or a `postgres://` URL.
        dsn: SecretString,
    },
}

impl Database {
    /// The database that a text names: a server by its DSN, anything else a file.
    ///
    /// # Errors
    ///
    /// A text that is neither; nothing of it is told, for it may hold a password.
    ///
    /// ```
    /// # use oar_config::Database;
    /// assert!(matches!(Database::named("./db.sqlite")?, Database::Sqlite { path } if path.ends_with("db.sqlite")));
    /// assert!(matches!(Database::named("postgres://user:password@host/name")?, Database::Postgres { .. }));
    /// let complaint = Database::named("file:").expect_err("no name");
    /// assert_eq!(complaint.to_string(), "is not the name of a file");
    /// # Ok::<(), oar_config::Complaint>(())
    /// ```
    pub fn named(text: &str) -> Result<Self, Complaint> {
        match is_dsn(text) {
            true => dsn(text).map(|dsn| Self::Postgres { dsn }),
            false => file(text).map(|path| Self::Sqlite { path }),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    None,
    Sqlite,
    Postgres,
}

const KINDS: &[(&str, Kind)] = &[("sqlite", Kind::Sqlite), ("postgres", Kind::Postgres), ("none", Kind::None)];

pub(crate) fn database(top: &mut Section<'_>) -> Database {
    let kind = top.take("dbtype").read(|text| choice(text, KINDS)).unwrap_or(Kind::Sqlite);
    let address = top.take("dbaddr");
    match kind {
        Kind::None => Database::None,
        Kind::Sqlite => Database::Sqlite { path: address.read(file).unwrap_or_else(|| PathBuf::from("./db.sqlite")) },
        Kind::Postgres => Database::Postgres { dsn: required_dsn(address) },
    }
}

fn required_dsn(address: Field<'_>) -> SecretString {
    if address.is_null() {
        address.complain(Complaint::new("`dbtype: postgres` needs to know where").hint(DSN_FORMS));
    }
    address.read(dsn).unwrap_or_default()
}

const DSN_FORMS: &str =
    "write `postgres://USER:PASSWORD@HOST/NAME`, or `host=HOST user=USER dbname=NAME password=PASSWORD`";

fn is_dsn(text: &str) -> bool {
    let words_are_pairs = text.split_whitespace().next().is_some_and(|word| word.contains('='));
    text.starts_with("postgres://") || text.starts_with("postgresql://") || words_are_pairs
}

fn dsn(text: &str) -> Result<SecretString, Complaint> {
    if !is_dsn(text) {
        return Err(Complaint::new("is neither a postgres URL nor `key=value` pairs").hint(DSN_FORMS));
    }
    Ok(SecretString::from(text.trim()))
}

/// A file name, after the prefixes that other programs want. Server addresses would become files named by a password.
fn file(text: &str) -> Result<PathBuf, Complaint> {
    if text.starts_with("postgres") && text.contains("://") || text.split_whitespace().count() > 1 && is_dsn(text) {
        let message = "is the address of a server, but `dbtype` is sqlite";
        return Err(Complaint::new(message).hint("write `dbtype: postgres`"));
    }
    let path = ["sqlite://", "sqlite:", "file:"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path.is_empty() || path.contains('\0') {
        return Err(Complaint::new("is not the name of a file").hint("write `./db.sqlite`"));
    }
    Ok(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::{dsn, file};
    use std::path::Path;

    #[test]
    fn a_file_may_have_the_prefixes_and_options_of_other_programs() {
        for (text, path) in [
            ("./db.sqlite", "./db.sqlite"),
            ("/data/a b=c.sqlite", "/data/a b=c.sqlite"),
            ("file:db.sqlite?_journal=WAL", "db.sqlite"),
            ("sqlite:///data/db.sqlite", "/data/db.sqlite"),
            ("sqlite:db.sqlite", "db.sqlite"),
            (":memory:", ":memory:"),
        ] {
            assert_eq!(file(text).as_deref(), Ok(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn a_server_is_no_file_and_a_file_is_no_server() {
        assert!(file("host=127.0.0.1 port=5432 password=x").is_err());
        assert!(file("postgres://u:p@h/db").is_err());
        assert!(file("file:").is_err());
        assert!(dsn("./db.sqlite").is_err());
        assert!(dsn("host=127.0.0.1 port=5432").is_ok());
        assert!(dsn("postgresql://u:p@h/db").is_ok());
    }
}
