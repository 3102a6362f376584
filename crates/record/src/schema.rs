//! The one table, as both databases have it, and the migrations that bring a database there.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

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

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use super::sql_types::Instant;

    records (id) {
        id -> BigInt,
        hostname -> Nullable<Text>,
        upstream_endpoint -> Nullable<Text>,
        upstream_sk -> Nullable<Text>,
        created_at -> Nullable<Instant>,
        ip -> Nullable<Text>,
        body -> Nullable<Text>,
        model -> Nullable<Text>,
        response -> Nullable<Text>,
        response_time -> Nullable<BigInt>,
        elapsed_time -> Nullable<BigInt>,
        status -> Nullable<BigInt>,
        authorization -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        headers -> Nullable<Text>,
        exchange_id -> Nullable<Text>,
        request_id -> Nullable<Text>,
        method -> Nullable<Text>,
        path -> Nullable<Text>,
        upstream -> Nullable<Text>,
        outcome -> Nullable<Text>,
        error -> Nullable<Text>,
        attempts -> Nullable<Text>,
        stream -> Nullable<Bool>,
        prompt_tokens -> Nullable<BigInt>,
        completion_tokens -> Nullable<BigInt>,
        bytes_in -> Nullable<BigInt>,
        bytes_out -> Nullable<BigInt>,
        first_byte_time -> Nullable<BigInt>,
        truncated -> Nullable<Bool>,
    }
}
