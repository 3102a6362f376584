//! Reading a PostgreSQL database.

use super::{Filter, Query, ReadError, Readable};
use crate::CreatedAt;
use crate::postgres::Reader;
use crate::schema::records;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use diesel_async::RunQueryDsl;
use secrecy::SecretString;

pub(super) struct PostgresReader(Reader);

impl PostgresReader {
    pub(super) async fn open(dsn: &SecretString) -> Result<Self, ReadError> {
        let mut reader = Self(Reader::new(dsn)?);
        reader.log_in().await?;
        Ok(reader)
    }

    async fn log_in(&mut self) -> Result<(), ReadError> {
        self.0.log_in().await.map_err(|error| ReadError::no_session(error, self.0.address()))
    }

    pub(super) async fn read<T: Readable>(&mut self, query: &Query) -> Result<Vec<T>, ReadError> {
        self.ask(async |connection| T::from_postgres(query, connection).await).await
    }

    /// The numbers of the first and of the last row that fit.
    ///
    /// They are looked for by the index on the moments: for a plain `min(id)` PostgreSQL would go through the numbers from
    /// the first one on until a row fits.
    pub(super) async fn span(&mut self, filter: &Filter) -> Result<Option<(i64, i64)>, ReadError> {
        let id = if filter.since.or(filter.until).is_some() { "id + 0" } else { "id" };
        let end = |name: &str| diesel::dsl::sql::<Nullable<BigInt>>(&format!("{name}({id})"));
        let ends = (end("min"), end("max"));
        let mut span = records::table.select(ends).into_boxed::<Pg>();
        if let Some(since) = filter.since {
            span = span.filter(records::created_at.ge(CreatedAt(since)));
        }
        if let Some(until) = filter.until {
            span = span.filter(records::created_at.lt(CreatedAt(until)));
        }
        let found: (Option<i64>, Option<i64>) = self.ask(async |connection| span.first(connection).await).await?;
        Ok(found.0.zip(found.1))
    }

    async fn ask<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut diesel_async::AsyncPgConnection) -> QueryResult<T>,
    ) -> Result<T, ReadError> {
        self.log_in().await?;
        let asked = self.0.ask(work).await;
        asked.map_err(|source| ReadError::silent(self.0.address(), source))
    }
}

/// Narrows a boxed statement by a query. Which path is the best is for the planner, which knows the table.
macro_rules! narrowed {
    ($statement:expr, $query:expr) => {{
        use crate::CreatedAt;
        use crate::schema::records::dsl;
        use diesel::prelude::*;

        let (statement, filter) = ($statement, &$query.filter);
        let mut statement = crate::read::narrow::common!(statement, $query, dsl::authorization);
        if let Some(since) = filter.since {
            statement = statement.filter(dsl::created_at.ge(CreatedAt(since)));
        }
        if let Some(until) = filter.until {
            statement = statement.filter(dsl::created_at.lt(CreatedAt(until)));
        }
        if let Some(pattern) = filter.text_pattern() {
            let somewhere = dsl::body.ilike(pattern.clone()).or(dsl::response.ilike(pattern.clone()));
            statement = statement.filter(somewhere.or(dsl::error.ilike(pattern)));
        }
        statement
    }};
}

pub(super) use narrowed;
