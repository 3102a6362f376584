//! Rows into the table, by two statements that SQLite reads once for each connection.

use crate::Row;
use crate::schema::{records, with_columns};
use diesel::dsl::SqlTypeOf;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};
use std::sync::Arc;

/// Rows of the larger statement. What a statement costs besides its rows, such as finding the next `id`, is shared by them.
const TOGETHER: usize = 20;

/// Writes the rows; those that are there already stay as they are. Nothing but a known `exchange_id` is passed over.
pub(super) fn insert(rows: &[Arc<Row>], connection: &mut SqliteConnection) -> Result<(), DieselError> {
    let (together, rest) = rows.as_chunks::<TOGETHER>();
    together.iter().try_for_each(|rows| Insertion(rows).execute(connection).map(drop))?;
    rest.iter().try_for_each(|row| Insertion(std::array::from_ref(row)).execute(connection).map(drop))
}

/// Diesel's own statement for rows is put together and read anew for each batch, which takes longer than writing them. This
/// one has the same text whatever the rows, and [`QueryId`] says so: that is how the connection finds it again.
struct Insertion<'a, const ROWS: usize>(&'a [Arc<Row>; ROWS]);

impl<const ROWS: usize> QueryId for Insertion<'_, ROWS> {
    type QueryId = Insertion<'static, ROWS>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const ROWS: usize> RunQueryDsl<SqliteConnection> for Insertion<'_, ROWS> {}

/// The columns of a row, and their values: takes the row apart without a rest, so that a column that the list lacks does not
/// compile.
macro_rules! columns {
    ($first:ident: $type_of_first:ident $postgres_of_first:ident, $($name:ident: $type:ident $postgres:ident,)*) => {
        const INSERT: &str = concat!("INSERT INTO records (", stringify!($first), $(", ", stringify!($name),)* ") VALUES ");

        /// `(?, ?, …)`
        fn push<'b>(row: &'b Row, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
            let Row { id: _, $first, $($name),* } = row;
            out.push_sql("(");
            out.push_bind_param::<SqlTypeOf<records::$first>, _>($first)?;
            $(
                out.push_sql(", ");
                out.push_bind_param::<SqlTypeOf<records::$name>, _>($name)?;
            )*
            out.push_sql(")");
            Ok(())
        }
    };
}

with_columns!(columns);

/// The condition names the partial index.
const PASS_OVER_KNOWN: &str = " ON CONFLICT (exchange_id) WHERE exchange_id IS NOT NULL DO NOTHING";

impl<const ROWS: usize> QueryFragment<Sqlite> for Insertion<'_, ROWS> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        for (number, row) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 { INSERT } else { ", " });
            push(row, &mut out)?;
        }
        out.push_sql(PASS_OVER_KNOWN);
        Ok(())
    }
}
