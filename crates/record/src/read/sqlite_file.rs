//! An SQLite file for those who come by: who read, or delete by hand. The table stays as it is.

use super::{ReadError, sqlite};
use crate::schema::missing;
use crate::sqlite::file::PATIENCE;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::error::Error;
use std::path::{Path, PathBuf};

type AnyError = Box<dyn Error + Send + Sync>;

type Open = fn(&Path) -> Result<SqliteConnection, ReadError>;

/// A file that is there. It is opened with the first question, and anew after one that failed or was given up.
pub(super) struct SqliteFile {
    path: PathBuf,
    open: Open,
    connection: Option<SqliteConnection>,
}

impl SqliteFile {
    /// So that nothing can be written to it.
    pub(super) fn to_read(path: PathBuf) -> Self {
        Self { path, open: open_to_read, connection: None }
    }

    /// So that rows of it can be deleted.
    pub(super) fn to_delete(path: PathBuf) -> Self {
        Self { path, open: open_to_delete, connection: None }
    }

    /// Runs `work` on the connection and a thread of its own. The connection comes back only when that succeeds.
    pub(super) async fn ask<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let (path, open, connection) = (self.path.clone(), self.open, self.connection.take());
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.map_or_else(|| open(&path), Ok)?;
            let value = work(&mut connection).map_err(|error| asked(&path, error))?;
            Ok((value, connection))
        });
        let (value, connection) = done.await.unwrap_or_else(|panicked| Err(asked(&self.path, panicked)))?;
        self.connection = Some(connection);
        Ok(value)
    }
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Opens a file that is there, so that nothing can be written to it.
fn open_to_read(path: &Path) -> Result<SqliteConnection, ReadError> {
    let (mut connection, columns) = connect(path, "ro")?;
    if let Some(view) = missing::view(&columns, "main", |_| "NULL".to_owned()) {
        connection.batch_execute(&view).map_err(|error| asked(path, error))?;
    }
    Ok(connection)
}

/// Opens a file that is there, so that rows of it can be deleted.
fn open_to_delete(path: &Path) -> Result<SqliteConnection, ReadError> {
    connect(path, "rw").map(|(connection, _)| connection)
}

/// What the file answered went wrong.
fn asked(path: &Path, source: impl Into<AnyError>) -> ReadError {
    ReadError::Asked { database: format!("`{}`", path.display()), source: source.into() }
}

/// A connection, and the columns of its table.
fn connect(path: &Path, mode: &str) -> Result<(SqliteConnection, Vec<String>), ReadError> {
    if !path.exists() {
        return Err(ReadError::NoFile { path: path.to_owned() });
    }
    let failed = |source| ReadError::Sqlite { path: path.to_owned(), source };
    let mut connection = establish(path, mode).map_err(failed)?;
    let columns = columns(&mut connection).map_err(failed)?;
    if !missing::is_a_table_of_records(&columns) {
        return Err(ReadError::NoTable { database: format!("`{}`", path.display()) });
    }
    Ok((connection, columns))
}

fn establish(path: &Path, mode: &str) -> Result<SqliteConnection, AnyError> {
    let mut connection = SqliteConnection::establish(&url(path.to_str().ok_or("the path is not UTF-8")?, mode))?;
    // A reader waits for nobody in WAL mode, except for the first and the last to have the file open.
    connection.batch_execute(PATIENCE)?;
    sqlite::teach(&mut connection)?;
    Ok(connection)
}

/// <https://www.sqlite.org/uri.html>
fn url(path: &str, mode: &str) -> String {
    let encoded = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    // An absolute path needs the empty authority, lest two slashes at its beginning be taken for one.
    let authority = if encoded.starts_with('/') { "//" } else { "" };
    format!("file:{authority}{encoded}?mode={mode}")
}

fn columns(connection: &mut SqliteConnection) -> Result<Vec<String>, AnyError> {
    let asked = diesel::sql_query("SELECT name FROM main.pragma_table_info('records')").load::<Column>(connection);
    Ok(asked?.into_iter().map(|column| column.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_part_of_the_options() {
        assert_eq!(url("a b?c#d%20.sqlite", "ro"), "file:a b%3fc%23d%2520.sqlite?mode=ro");
        assert_eq!(url("/data/db.sqlite", "rw"), "file:///data/db.sqlite?mode=rw");
    }
}
