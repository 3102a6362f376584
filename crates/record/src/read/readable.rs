//! What is read of a row: all of it, or as much as is needed.

use super::Query;
use crate::created_at::MomentRead;
use crate::schema::records;
use crate::{CreatedAt, Row};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use std::fmt;

/// What can be read of a row, from either database. Closed: what is read is the business of this crate.
///
/// ```
/// use oar_record::{Readable, Row, RowId, Summary};
///
/// assert!(Row::PAGE < Summary::PAGE && Summary::PAGE < RowId::PAGE);
/// assert_eq!(RowId { id: 7 }.id(), 7);
/// ```
pub trait Readable: FromDatabase {
    /// How many of these a page of a [`Walk`](crate::Walk) has: their weight decides.
    const PAGE: u32;

    /// The number of the row.
    ///
    /// ```
    /// # use oar_record::{Readable, Summary};
    /// assert_eq!(Summary { id: 7, ..Summary::default() }.id(), 7);
    /// ```
    fn id(&self) -> i64;
}

/// How that is read. Nobody outside can name it.
pub trait FromDatabase: Sized + Send + 'static {
    fn from_sqlite(query: &Query, connection: &mut SqliteConnection) -> QueryResult<Vec<Self>>;

    fn from_postgres(
        query: &Query,
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = QueryResult<Vec<Self>>> + Send;
}

/// A row without its long texts, for a list: what they would cost is not paid.
///
/// ```
/// use oar_record::Summary;
///
/// let row = Summary { id: 7, status: Some(200), elapsed_time: Some(1_500_000_000), ..Summary::default() };
/// assert!(!format!("{:?}", Summary { model: Some("secret".into()), ..row }).contains("secret"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = records)]
#[expect(missing_docs, reason = "the names are those of `Row`")]
pub struct Summary {
    pub id: i64,
    #[diesel(deserialize_as = MomentRead)]
    pub created_at: Option<CreatedAt>,
    pub model: Option<String>,
    pub elapsed_time: Option<i64>,
    pub status: Option<i64>,
    pub upstream_endpoint: Option<String>,
    pub upstream: Option<String>,
    pub outcome: Option<String>,
    pub error: Option<String>,
    pub attempts: Option<String>,
    pub prompt_tokens: Option<i64>,
    pub completion_tokens: Option<i64>,
    pub first_byte_time: Option<i64>,
}

/// What is counted and measured of a row.
///
/// ```
/// use oar_record::{Archive, Filter, Measure, Query, SqliteStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("db.sqlite");
/// # SqliteStore::open(&path).await?;
/// let mut archive = Archive::sqlite(&path).await?;
/// let rows: Vec<Measure> = archive.read(&Query::newest(Filter::default(), 1_000)).await?;
/// let tokens: i64 = rows.iter().filter_map(|row| row.completion_tokens).sum();
/// # assert_eq!(tokens, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = records)]
#[expect(missing_docs, reason = "the names are those of `Row`")]
pub struct Measure {
    pub id: i64,
    #[diesel(deserialize_as = MomentRead)]
    pub created_at: Option<CreatedAt>,
    pub model: Option<String>,
    pub elapsed_time: Option<i64>,
    pub status: Option<i64>,
    pub authorization: Option<String>,
    pub upstream_endpoint: Option<String>,
    pub upstream: Option<String>,
    pub outcome: Option<String>,
    pub prompt_tokens: Option<i64>,
    pub completion_tokens: Option<i64>,
    pub first_byte_time: Option<i64>,
}

/// The number of a row.
///
/// ```
/// use oar_record::RowId;
///
/// assert!(RowId { id: 7 } < RowId { id: 8 }, "written earlier");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Queryable, Selectable)]
#[diesel(table_name = records)]
pub struct RowId {
    /// The number itself.
    pub id: i64,
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Summary").field("id", &self.id).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

impl fmt::Debug for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measure").field("id", &self.id).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

macro_rules! readable {
    ($($kind:ident, page: $page:literal, id: $id:expr;)*) => {$(
        impl Readable for $kind {
            const PAGE: u32 = $page;

            fn id(&self) -> i64 {
                let id: fn(&Self) -> i64 = $id;
                id(self)
            }
        }

        impl FromDatabase for $kind {
            fn from_sqlite(query: &Query, connection: &mut SqliteConnection) -> QueryResult<Vec<Self>> {
                let page = records::table.select(Self::as_select()).into_boxed();
                diesel::RunQueryDsl::load(super::sqlite::narrowed!(page, query), connection)
            }

            async fn from_postgres(query: &Query, connection: &mut AsyncPgConnection) -> QueryResult<Vec<Self>> {
                let page = records::table.select(Self::as_select()).into_boxed();
                diesel_async::RunQueryDsl::load(super::postgres::narrowed!(page, query), connection).await
            }
        }
    )*};
}

readable! {
    // A row may weigh megabytes.
    Row, page: 50, id: |row| row.id.unwrap_or_default();
    Summary, page: 1_000, id: |row| row.id;
    Measure, page: 10_000, id: |row| row.id;
    RowId, page: 10_000, id: |row| row.id;
}
