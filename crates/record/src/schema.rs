//! The one table, as both databases have it, and the migrations that bring a database there.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

pub(crate) mod missing;

/// The migrations for SQLite.
pub(crate) const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// The migrations for PostgreSQL.
pub(crate) const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// An index, in words that both databases understand.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// What finds rows again. Rows of the Go version have none of our columns, so most of these pass over them.
///
/// - `exchange_id`: a batch whose commit was never confirmed is written again; this keeps it from being there twice.
///   Nothing can be written without it, so it comes first.
/// - `request_id`: `request_id = …`.
/// - `created_at`: in PostgreSQL any comparison. In SQLite it is text, in UTC from us and with an offset from the Go version,
///   so texts compare as moments only among ours; with a margin of a day on either side they do for all.
/// - `errors`: `"authorization" = … AND outcome <> 'ok'`, and then `created_at` as above. `outcome` is best compared with the
///   word itself: for a parameter the databases have to look at its value first, which a plan kept for later does not do.
pub(crate) static INDICES: [Index; 4] = [
    Index {
        name: "records_exchange_id",
        sql: "CREATE UNIQUE INDEX IF NOT EXISTS records_exchange_id ON records (exchange_id) \
              WHERE exchange_id IS NOT NULL",
    },
    Index {
        name: "records_request_id",
        sql: "CREATE INDEX IF NOT EXISTS records_request_id ON records (request_id) WHERE request_id IS NOT NULL",
    },
    Index { name: "records_created_at", sql: "CREATE INDEX IF NOT EXISTS records_created_at ON records (created_at)" },
    Index {
        name: "records_errors",
        sql: "CREATE INDEX IF NOT EXISTS records_errors ON records (\"authorization\", created_at) \
              WHERE outcome <> 'ok'",
    },
];

impl Index {
    /// Whether rows can be written without it.
    pub(crate) fn can_wait(&self) -> bool {
        self.name != "records_exchange_id"
    }
}

/// A table of up to this many bytes gets its indices while the store is opened, which takes a second or two. Those of a
/// larger one are made afterwards, one at a time between batches.
pub(crate) const SMALL_TABLE_BYTES: i64 = 256 * 1024 * 1024;

/// SQL types that diesel does not have for both databases.
pub(crate) mod sql_types {
    /// A point in time: `timestamptz` in PostgreSQL, text in SQLite. Built-in types of PostgreSQL have fixed numbers.
    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(sqlite_type(name = "Text"), postgres_type(oid = 1184, array_oid = 1185))]
    pub struct Instant;
}

/// Hands every column but the number of the row to a macro, each with its type as diesel calls it and as PostgreSQL does: the
/// one list of them, next to [`Row`](crate::Row).
macro_rules! with_columns {
    ($macro:ident) => {
        $macro! {
            hostname: Text TEXT,
            upstream_endpoint: Text TEXT,
            upstream_sk: Text TEXT,
            created_at: Instant TIMESTAMPTZ,
            ip: Text TEXT,
            body: Text TEXT,
            model: Text TEXT,
            response: Text TEXT,
            response_time: BigInt INT8,
            elapsed_time: BigInt INT8,
            status: BigInt INT8,
            authorization: Text TEXT,
            user_agent: Text TEXT,
            headers: Text TEXT,
            exchange_id: Text TEXT,
            request_id: Text TEXT,
            method: Text TEXT,
            path: Text TEXT,
            upstream: Text TEXT,
            outcome: Text TEXT,
            error: Text TEXT,
            attempts: Text TEXT,
            stream: Bool BOOL,
            prompt_tokens: BigInt INT8,
            completion_tokens: BigInt INT8,
            bytes_in: BigInt INT8,
            bytes_out: BigInt INT8,
            first_byte_time: BigInt INT8,
            truncated: Bool BOOL,
        }
    };
}

pub(crate) use with_columns;

macro_rules! table {
    ($($name:ident: $type:ident $postgres:ident,)*) => {
        diesel::table! {
            use diesel::sql_types::{BigInt, Bool, Nullable, Text};
            use super::sql_types::Instant;

            records (id) {
                id -> BigInt,
                $($name -> Nullable<$type>,)*
            }
        }
    };
}

with_columns!(table);
