//! Reading an SQLite file, where moments are text.

use super::query::{Ids, Path as Way};
use super::{Filter, Query};
use crate::CreatedAt;
use crate::schema::records;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use std::time::{Duration, SystemTime};

/// Offsets reach from -12 to +14 hours, so a moment's own text is never a whole day away from its text in UTC.
const A_DAY: Duration = Duration::from_secs(86_400);

#[diesel::declare_sql_function]
extern "SQL" {
    /// The moment that a text stands for, in nanoseconds since 1970: SQLite's own functions know whole milliseconds, and
    /// not every form that the Go version's drivers have written.
    fn oar_moment(text: Nullable<Text>) -> Nullable<BigInt>;
}

/// Teaches a connection the functions of ours.
pub(super) fn teach(connection: &mut SqliteConnection) -> QueryResult<()> {
    oar_moment_utils::register_impl(connection, |text: Option<String>| {
        text.as_deref().and_then(CreatedAt::nanoseconds_of)
    })
}

/// The query within the numbers that its moments leave; `None` when they leave none.
///
/// SQLite takes it that a page in the order of numbers is full soon, goes back from the newest row, and where few rows fit
/// to the very first one. The numbers between which it has to look are known from the index on the moments alone.
pub(super) fn bounded(mut query: Query, connection: &mut SqliteConnection) -> QueryResult<Option<Query>> {
    let Ids::Between { after, before } = &mut query.ids else { return Ok(Some(query)) };
    let has_moments = query.filter.since.is_some() || query.filter.until.is_some();
    if !has_moments || query.path == Way::Numbers {
        return Ok(Some(query));
    }
    let Some((first, last)) = span(&query.filter, connection)? else { return Ok(None) };
    *after = (*after).max(Some(first.saturating_sub(1)));
    *before = Some(before.unwrap_or(i64::MAX).min(last.saturating_add(1)));
    Ok(Some(query))
}

/// The numbers of the first and of the last row that may fit the filter's moments.
pub(super) fn span(filter: &Filter, connection: &mut SqliteConnection) -> QueryResult<Option<(i64, i64)>> {
    let created_at = || diesel::dsl::sql::<Nullable<Text>>("created_at");
    let ends = (diesel::dsl::min(records::id), diesel::dsl::max(records::id));
    let mut span = records::table.select(ends).into_boxed();
    let (from, to) = days(filter, Way::Any);
    if let Some(from) = from {
        span = span.filter(created_at().ge(from));
    }
    if let Some(to) = to {
        span = span.filter(created_at().lt(to));
    }
    let found: (Option<i64>, Option<i64>) = span.first(connection)?;
    Ok(found.0.zip(found.1))
}

/// The bounds that `filter` sets to moments, as nanoseconds.
pub(super) fn moments(filter: &Filter) -> (Option<i64>, Option<i64>) {
    let bound = |moment: Option<SystemTime>| moment.map(|moment| CreatedAt(moment).nanoseconds_or_end());
    (bound(filter.since), bound(filter.until))
}

/// Texts between which those of the filter's moments stand, whatever their offset: days are enough, and the same in every
/// form. An index finds them; which of them are meant is for [`oar_moment`] to say.
pub(super) fn days(filter: &Filter, way: Way) -> (Option<String>, Option<String>) {
    match way {
        Way::Any => (filter.since.map(day_before), filter.until.map(day_after)),
        Way::Numbers => (None, None),
    }
}

/// No text of this moment or a later one stands before it.
fn day_before(moment: SystemTime) -> String {
    moment.checked_sub(A_DAY).map(day).unwrap_or_default()
}

/// Every text of an earlier moment stands before it.
fn day_after(moment: SystemTime) -> String {
    moment.checked_add(A_DAY + A_DAY).map_or_else(|| "~".to_owned(), day)
}

fn day(moment: SystemTime) -> String {
    CreatedAt(moment).to_string().chars().take(10).collect()
}

/// The column, in a way that keeps an index on it out of it or not: <https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_>.
pub(super) fn authorization(way: Way) -> SqlLiteral<Nullable<Text>> {
    diesel::dsl::sql(match way {
        Way::Any => "\"authorization\"",
        Way::Numbers => "+\"authorization\"",
    })
}

/// Narrows a boxed statement by a query.
macro_rules! narrowed {
    ($statement:expr, $query:expr) => {{
        use crate::read::sqlite::{authorization, days, moments, oar_moment};
        use diesel::dsl::sql;
        use diesel::prelude::*;
        use diesel::sql_types::{Nullable, Text};

        let (statement, filter) = ($statement, &$query.filter);
        let mut statement = crate::read::narrow::common!(statement, $query, authorization($query.path));
        let text = || sql::<Nullable<Text>>("created_at");
        let ((since, until), (from, to)) = (moments(filter), days(filter, $query.path));
        if let Some(since) = since {
            statement = statement.filter(oar_moment(text()).ge(since));
        }
        if let Some(until) = until {
            statement = statement.filter(oar_moment(text()).lt(until));
        }
        if let Some(from) = from {
            statement = statement.filter(text().ge(from));
        }
        if let Some(to) = to {
            statement = statement.filter(text().lt(to));
        }
        if let Some(pattern) = filter.text_pattern() {
            let (body, response) = (crate::schema::records::body, crate::schema::records::response);
            let somewhere = body.like(pattern.clone()).escape('\\').or(response.like(pattern.clone()).escape('\\'));
            statement = statement.filter(somewhere.or(crate::schema::records::error.like(pattern).escape('\\')));
        }
        statement
    }};
}

pub(super) use narrowed;
