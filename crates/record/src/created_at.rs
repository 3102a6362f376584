use crate::schema::sql_types::Instant;
use bytes::{BufMut, BytesMut};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::{Serialize, Serializer};
use std::error::Error;
use std::fmt;
use std::num::TryFromIntError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_postgres::types::Type;

mod calendar;

/// A moment as the table keeps it: `timestamptz` in PostgreSQL (whole microseconds), and in SQLite the text that the Go
/// version's driver writes and reads, `2006-01-02 15:04:05.999999999+00:00`, always in UTC.
///
/// `Display` and JSON have that text too. Reading takes any offset.
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
    pub(crate) fn postgres_microseconds(self) -> Result<i64, TryFromIntError> {
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
        let distance = Duration::from_nanos(u64::try_from(nanoseconds.unsigned_abs()).ok()?);
        let moment = if nanoseconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
        moment.map(Self)
    }
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

impl FromSql<Instant, Pg> for CreatedAt {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let microseconds = i128::from(i64::from_be_bytes(value.as_bytes().try_into()?)) + POSTGRES_EPOCH_MICROSECONDS;
        Self::from_nanoseconds(microseconds * 1_000).ok_or_else(|| "the moment is out of range".into())
    }
}
