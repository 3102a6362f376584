//! Rows to one statement, by the driver itself: diesel keeps PostgreSQL's error codes to itself, and only they tell whose
//! fault a failure is.

use crate::Row;
use crate::schema::with_columns;
use std::sync::Arc;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

/// Rows of one statement, so that its parameters stay below the 65,535 that one may have.
const STATEMENT_ROWS: usize = 1_000;

/// A column's name, a row's value for it, and the type that this is sent as.
type Column<'a> = (&'static str, &'a (dyn ToSql + Sync), Type);

/// Takes the row apart without a rest, so that a column that the list lacks does not compile.
macro_rules! columns {
    ($($name:ident: $type:ident $postgres:ident,)*) => {
        const COLUMNS: usize = [$(stringify!($name)),*].len();

        fn columns(row: &Row) -> [Column<'_>; COLUMNS] {
            let Row { id: _, $($name),* } = row;
            [$((stringify!($name), $name as &(dyn ToSql + Sync), Type::$postgres)),*]
        }
    };
}

with_columns!(columns);

/// Writes the rows; those that are there already stay as they are.
pub(super) async fn insert(rows: &[Arc<Row>], client: &Client) -> Result<(), Error> {
    for rows in rows.chunks(STATEMENT_ROWS) {
        let values: Vec<_> = rows.iter().flat_map(|row| columns(row)).map(|(_, value, kind)| (value, kind)).collect();
        client.execute_typed(&statement(rows.len()), &values).await?;
    }
    Ok(())
}

/// `INSERT INTO records ("a", "b") VALUES ($1, $2), ($3, $4) …`
fn statement(rows: usize) -> String {
    let names = columns(&Row::default()).map(|(name, ..)| format!("\"{name}\""));
    let tuple = |row: usize| {
        let numbers = (1..=names.len()).map(|column| format!("${}", row * names.len() + column));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    };
    let tuples = (0..rows).map(tuple).collect::<Vec<_>>().join(", ");
    // The condition names the partial index.
    let known = "(exchange_id) WHERE exchange_id IS NOT NULL";
    format!("INSERT INTO records ({}) VALUES {tuples} ON CONFLICT {known} DO NOTHING", names.join(", "))
}
