//! What many rows come to.

use crate::chart::{self, Line};
use crate::group::{By, Group, Sorter, Times};
use crate::look::{Look, Tone};
use crate::moment;
use crate::quantity::{count, share, span_or_dash};
use jiff::tz::TimeZone;
use oar_record::{CreatedAt, Measure};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Write};

/// Rows counted and measured, group by group, in one pass and in memory that does not grow with their number.
///
/// ```
/// use oar_record::Measure;
/// use oar_report::{By, Statistics};
///
/// let mut statistics = Statistics::new(By::Model, jiff::tz::TimeZone::UTC);
/// for elapsed_time in [1_000_000, 2_000_000] {
///     statistics.add(&Measure { model: Some("gpt-4o".into()), elapsed_time: Some(elapsed_time), ..Measure::default() });
/// }
/// assert_eq!(statistics.requests(), 2);
/// assert_eq!(statistics.json()["groups"][0]["model"], "gpt-4o");
/// ```
pub struct Statistics {
    by: By,
    sorter: Sorter,
    groups: HashMap<String, Group>,
    total: Group,
    first: Option<CreatedAt>,
    last: Option<CreatedAt>,
}

/// The most groups; clients choose the names of models. Rows of any further group are counted as [`OTHERS`].
const GROUPS_CAP: usize = 1_000;
const OTHERS: &str = "(others)";

const TITLES: [&str; 8] = ["requests", "errors", "p50", "p95", "first p50", "first p95", "prompt", "completion"];

impl Statistics {
    /// Of no rows yet. Days and hours are those of `zone`.
    ///
    /// ```
    /// # use oar_report::{By, Statistics};
    /// let statistics = Statistics::new(By::Day, jiff::tz::TimeZone::UTC);
    /// assert_eq!(statistics.requests(), 0);
    /// ```
    pub fn new(by: By, zone: TimeZone) -> Self {
        let (sorter, total) = (Sorter::new(by, zone), Group::new());
        Self { by, sorter, groups: HashMap::new(), total, first: None, last: None }
    }

    /// Counts a row.
    ///
    /// ```
    /// # use oar_record::Measure;
    /// # use oar_report::{By, Statistics};
    /// # let mut statistics = Statistics::new(By::Outcome, jiff::tz::TimeZone::UTC);
    /// statistics.add(&Measure { outcome: Some("ok".into()), ..Measure::default() });
    /// assert_eq!(statistics.requests(), 1);
    /// ```
    pub fn add(&mut self, row: &Measure) {
        self.total.add(row);
        self.first = self.first.into_iter().chain(row.created_at).min();
        self.last = self.last.max(row.created_at);
        let name = self.sorter.group(row);
        if let Some(group) = self.groups.get_mut(name) {
            return group.add(row);
        }
        let name = if self.groups.len() < GROUPS_CAP { name } else { OTHERS };
        self.groups.entry(name.to_owned()).or_insert_with(Group::new).add(row);
    }

    /// How many rows there were.
    ///
    /// ```
    /// # use oar_report::{By, Statistics};
    /// assert_eq!(Statistics::new(By::Token, jiff::tz::TimeZone::UTC).requests(), 0);
    /// ```
    pub fn requests(&self) -> u64 {
        self.total.requests
    }

    /// The groups: those of time in its order, others the largest first.
    fn sorted(&self) -> Vec<(&str, &Group)> {
        let mut groups: Vec<_> = self.groups.iter().map(|(name, group)| (name.as_str(), group)).collect();
        groups.sort_by(|(one, a), (two, b)| match self.by.is_time() {
            true => one.cmp(two),
            false => b.requests.cmp(&a.requests).then(one.cmp(two)),
        });
        groups
    }

    /// Writes a table for a person.
    ///
    /// # Errors
    ///
    /// The writer's.
    ///
    /// ```
    /// # use oar_record::Measure;
    /// # use oar_report::{By, Look, Statistics};
    /// # let mut statistics = Statistics::new(By::Outcome, jiff::tz::TimeZone::UTC);
    /// statistics.add(&Measure { outcome: Some("ok".into()), elapsed_time: Some(2_000_000), ..Measure::default() });
    /// let mut text = Vec::new();
    /// statistics.text(&Look::plain(), &mut text)?;
    /// assert!(String::from_utf8_lossy(&text).contains("\nok              1     0 %  2 ms  2 ms"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn text(&self, look: &Look, out: &mut impl Write) -> io::Result<()> {
        let at = |moment: Option<CreatedAt>| moment.map(|at| moment::written(at.0, &look.zone, "%F %T"));
        let (first, last) = (at(self.first).unwrap_or_default(), at(self.last).unwrap_or_default());
        writeln!(out, "{} requests, {first} to {last}\n", count(self.total.requests))?;
        let mut lines: Vec<Line> = self.sorted().into_iter().map(|(name, group)| self.line(name, group)).collect();
        if lines.len() > 1 {
            lines.push(Line { size: 0, ..self.line("all", &self.total) });
        }
        let titles: Vec<&str> = std::iter::once(self.by.as_str()).chain(TITLES).collect();
        chart::write(&titles, &lines, look, out)
    }

    fn line(&self, name: &str, group: &Group) -> Line {
        let time = |times: &Times, share| span_or_dash(times.within(share));
        let cells = vec![
            count(group.requests),
            share(group.errors, group.requests),
            time(&group.elapsed, 0.5),
            time(&group.elapsed, 0.95),
            time(&group.first_byte, 0.5),
            time(&group.first_byte, 0.95),
            count(group.prompt_tokens),
            count(group.completion_tokens),
        ];
        let tone = if self.by == By::Outcome { Tone::of(Some(name), None) } else { Tone::Plain };
        Line { name: name.to_owned(), cells, size: group.requests, tone }
    }

    /// The same for a program: times in nanoseconds, as in the columns of their names.
    ///
    /// ```
    /// # use oar_record::Measure;
    /// # use oar_report::{By, Statistics};
    /// # let mut statistics = Statistics::new(By::Outcome, jiff::tz::TimeZone::UTC);
    /// statistics.add(&Measure { outcome: Some("shed".into()), ..Measure::default() });
    /// let json = statistics.json();
    /// assert_eq!((&json["errors"], &json["groups"][0]["outcome"]), (&1.into(), &"shed".into()));
    /// ```
    pub fn json(&self) -> Value {
        let groups: Vec<Value> = self.sorted().into_iter().map(|(name, group)| self.told(name, group)).collect();
        let mut all = told(&self.total);
        if let Value::Object(all) = &mut all {
            let at = |moment: Option<CreatedAt>| moment.map(|at| at.to_string());
            all.insert("first_created_at".to_owned(), json!(at(self.first)));
            all.insert("last_created_at".to_owned(), json!(at(self.last)));
            all.insert("by".to_owned(), json!(self.by.as_str()));
            all.insert("groups".to_owned(), Value::Array(groups));
        }
        all
    }

    fn told(&self, name: &str, group: &Group) -> Value {
        let mut told = told(group);
        if let Value::Object(told) = &mut told {
            told.insert(self.by.as_str().to_owned(), json!(name));
        }
        told
    }
}

fn told(group: &Group) -> Value {
    let times = |times: &Times| json!({"p50": times.within(0.5), "p95": times.within(0.95)});
    json!({
        "requests": group.requests,
        "errors": group.errors,
        "elapsed_time": times(&group.elapsed),
        "first_byte_time": times(&group.first_byte),
        "prompt_tokens": group.prompt_tokens,
        "completion_tokens": group.completion_tokens,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn row(number: u64) -> Measure {
        let outcome = if number.is_multiple_of(10) { "all_failed" } else { "ok" };
        Measure {
            created_at: Some(CreatedAt(UNIX_EPOCH + Duration::from_secs(number * 600))),
            outcome: Some(outcome.to_owned()),
            model: Some(format!("model-{}", number % 3)),
            elapsed_time: Some(i64::try_from(number).unwrap_or_default() * 1_000_000),
            prompt_tokens: Some(2),
            ..Measure::default()
        }
    }

    fn of(by: By, rows: impl Iterator<Item = Measure>) -> Statistics {
        let mut statistics = Statistics::new(by, TimeZone::UTC);
        rows.for_each(|row| statistics.add(&row));
        statistics
    }

    fn text(statistics: &Statistics) -> String {
        let mut text = Vec::new();
        statistics.text(&Look::plain(), &mut text).expect("a vector takes everything");
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn groups_are_counted_and_measured() {
        let json = of(By::Outcome, (1..=1000).map(row)).json();
        assert_eq!(
            (&json["requests"], &json["errors"], &json["prompt_tokens"]),
            (&json!(1000), &json!(100), &json!(2000))
        );
        let p95 = json["elapsed_time"]["p95"].as_i64().expect("a time");
        assert!((940_000_000..=960_000_000).contains(&p95), "{p95}");
        assert_eq!(json["first_byte_time"]["p50"], Value::Null);
        let names: Vec<_> = json["groups"].as_array().expect("groups").iter().map(|group| &group["outcome"]).collect();
        assert_eq!(names, ["ok", "all_failed"]);
    }

    #[test]
    fn hours_follow_each_other() {
        let json = of(By::Hour, (0..18).map(row)).json();
        let groups = json["groups"].as_array().expect("groups");
        let told: Vec<_> = groups.iter().map(|group| (group["hour"].as_str(), group["requests"].as_u64())).collect();
        let hours = ["1970-01-01 00:00", "1970-01-01 01:00", "1970-01-01 02:00"];
        assert_eq!(told, hours.map(|hour| (Some(hour), Some(6))));
    }

    /// D12: a clock that was set wrong.
    #[test]
    fn days_before_1970_are_days_too() {
        let at = |seconds: u64| Some(CreatedAt(UNIX_EPOCH - Duration::from_secs(seconds)));
        let rows = [200_000, 100_000, 1].map(|ago| Measure { created_at: at(ago), ..Measure::default() });
        let json = of(By::Day, rows.into_iter()).json();
        let days: Vec<_> = json["groups"].as_array().expect("groups").iter().map(|group| &group["day"]).collect();
        assert_eq!(days, ["1969-12-29", "1969-12-30", "1969-12-31"]);
    }

    #[test]
    fn more_names_than_anybody_reads_are_counted_together() {
        let rows = (0..3_000).map(|number| Measure { model: Some(number.to_string()), ..Measure::default() });
        let statistics = of(By::Model, rows);
        assert_eq!(statistics.groups.len(), GROUPS_CAP + 1);
        assert_eq!(statistics.groups[OTHERS].requests, 2_000);
    }

    #[test]
    fn the_table_has_a_line_for_each_and_one_for_all() {
        let text = text(&of(By::Model, (1..=4).map(row)));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "4 requests, 1970-01-01 00:10:00 to 1970-01-01 00:40:00");
        assert_eq!(lines[2], "model    requests  errors   p50   p95  first p50  first p95  prompt  completion");
        assert_eq!(
            lines[3],
            format!(
                "model-1         2     0 %  1 ms  4 ms          -          -       4           0  {}",
                "█".repeat(30)
            )
        );
        assert!(lines[6].starts_with("all             4     0 %"), "{text}");
    }
}
