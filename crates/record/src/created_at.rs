//! Moments as the column `created_at` has them, in either database.

use crate::schema::sql_types::Instant;
use bytes::{BufMut, BytesMut};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::{Serialize, Serializer};
use std::error::Error;
use std::fmt;
use std::io::Write;
use std::num::TryFromIntError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_postgres::types::Type;

mod calendar;

/// A moment as the table keeps it: `timestamptz` in PostgreSQL (whole microseconds), and in SQLite the text that the Go
/// version's driver writes and reads, `2006-01-02 15:04:05.999999999+00:00`, always in UTC.
///
/// `Display` and JSON have that text too. Reading takes any offset.
///
/// ```
/// use oar_record::CreatedAt;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let moment = CreatedAt(UNIX_EPOCH + Duration::from_millis(1_136_214_245_120));
/// assert_eq!(moment.to_string(), "2006-01-02 15:04:05.12+00:00");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Instant)]
pub struct CreatedAt(pub SystemTime);

/// 2000-01-01, where PostgreSQL counts from: <https://www.postgresql.org/docs/current/datatype-datetime.html>.
const POSTGRES_EPOCH_MICROSECONDS: i128 = 946_684_800_000_000;

impl CreatedAt {
    /// The moment of a text in any form that is read from SQLite, in nanoseconds since 1970.
    pub(crate) fn nanoseconds_of(text: &str) -> Option<i64> {
        calendar::read(text).and_then(|nanoseconds| i64::try_from(nanoseconds).ok())
    }

    /// Nanoseconds since 1970, or as many as there can be.
    pub(crate) fn nanoseconds_or_end(self) -> i64 {
        let nanoseconds = self.nanoseconds();
        i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
    }

    /// As PostgreSQL counts.
    fn postgres_microseconds(self) -> Result<i64, TryFromIntError> {
        i64::try_from(self.nanoseconds().div_euclid(1_000) - POSTGRES_EPOCH_MICROSECONDS)
    }

    /// Nanoseconds since 1970; negative before.
    fn nanoseconds(self) -> i128 {
        match self.0.duration_since(UNIX_EPOCH) {
            Ok(after) => signed(after),
            Err(before) => -signed(before.duration()),
        }
    }

    /// `None` when the moment is farther away than the system's clock reaches.
    fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        let distance = distance(nanoseconds.unsigned_abs())?;
        let moment = if nanoseconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
        moment.map(Self)
    }
}

/// A `Duration` counts nanoseconds up to 584 years; the Go version's zero time is farther away.
fn distance(nanoseconds: u128) -> Option<Duration> {
    const SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanoseconds / SECOND).ok()?;
    Some(Duration::new(seconds, u32::try_from(nanoseconds % SECOND).ok()?))
}

fn signed(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

impl fmt::Display for CreatedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&calendar::write(self.nanoseconds()))
    }
}

impl Serialize for CreatedAt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ToSql<Instant, Sqlite> for CreatedAt {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(calendar::write(self.nanoseconds()));
        Ok(IsNull::No)
    }
}

impl FromSql<Instant, Sqlite> for CreatedAt {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        let moment = calendar::read(&text).and_then(Self::from_nanoseconds);
        moment.ok_or_else(|| format!("`{text}` is no moment that can be read").into())
    }
}

impl tokio_postgres::types::ToSql for CreatedAt {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i64(self.postgres_microseconds()?);
        Ok(tokio_postgres::types::IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TIMESTAMPTZ
    }

    tokio_postgres::types::to_sql_checked!();
}

impl ToSql<Instant, Pg> for CreatedAt {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&self.postgres_microseconds()?.to_be_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Instant, Pg> for CreatedAt {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let microseconds = i128::from(i64::from_be_bytes(value.as_bytes().try_into()?)) + POSTGRES_EPOCH_MICROSECONDS;
        Self::from_nanoseconds(microseconds * 1_000).ok_or_else(|| "the moment is out of range".into())
    }
}

/// The column as it is read. What is no moment, as a table that others write to may have it, is read as none: an error would
/// hide every row of the page.
#[derive(FromSqlRow)]
pub struct MomentRead(Option<CreatedAt>);

impl<DB: Backend> FromSql<Nullable<Instant>, DB> for MomentRead
where
    CreatedAt: FromSql<Instant, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(CreatedAt::from_sql(value).ok()))
    }

    fn from_nullable_sql(value: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        value.map_or(Ok(Self(None)), Self::from_sql)
    }
}

impl From<MomentRead> for Option<CreatedAt> {
    fn from(read: MomentRead) -> Self {
        read.0
    }
}
