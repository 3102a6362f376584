//! Tables that lack columns of ours: a view of the same name, which only this connection sees, has them empty.

use super::with_columns;

macro_rules! columns {
    ($($name:ident: $type:ident $postgres:ident,)*) => {
        /// Every column of a row, and what PostgreSQL calls its type.
        const COLUMNS: &[(&str, &str)] = &[("id", "INT8"), $((stringify!($name), stringify!($postgres))),*];
    };
}

with_columns!(columns);

/// Without these it is somebody else's table.
const ESSENTIAL: [&str; 2] = ["id", "created_at"];

pub(crate) fn is_a_table_of_records(columns: &[String]) -> bool {
    ESSENTIAL.iter().all(|name| columns.iter().any(|column| column == name))
}

/// The statement that makes the view over the table in `schema`, unless the table has every column; `empty` is what NULL
/// of a type is written like.
pub(crate) fn view(columns: &[String], schema: &str, empty: impl Fn(&str) -> String) -> Option<String> {
    let is_there = |name: &str| columns.iter().any(|column| column == name);
    if COLUMNS.iter().all(|(name, _)| is_there(name)) {
        return None;
    }
    let column = |(name, kind): &(&str, &str)| match is_there(name) {
        true => format!("\"{name}\""),
        false => format!("{} AS \"{name}\"", empty(kind)),
    };
    let columns: Vec<String> = COLUMNS.iter().map(column).collect();
    Some(format!("CREATE TEMP VIEW records AS SELECT {} FROM {schema}.records", columns.join(", ")))
}

/// NULL as PostgreSQL wants it.
pub(crate) fn typed_null(kind: &str) -> String {
    format!("NULL::{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_table_that_lacks_something_needs_a_view() {
        let all: Vec<String> = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(view(&all, "main", typed_null), None);
        let view = view(&all[..29], "main", typed_null).expect("a view");
        assert!(view.ends_with(r#""first_byte_time", NULL::BOOL AS "truncated" FROM main.records"#), "{view}");
    }
}
