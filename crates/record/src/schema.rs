//! The one table, as both databases have it, and the migrations that bring a database there.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The migrations for SQLite.
pub(crate) const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// The migrations for PostgreSQL.
pub(crate) const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Rows of one `INSERT`, so that its parameters stay below what a statement may have: 32,766 in SQLite, 65,535 in
/// PostgreSQL.
pub(crate) const STATEMENT_ROWS: usize = 1_000;

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
