//! A query turned into conditions, once for both databases: diesel's types for them differ, the words do not.

/// Narrows a boxed statement by everything but moments and text, which the databases compare in ways of their own.
macro_rules! common {
    ($statement:expr, $query:expr, $authorization:expr) => {{
        use crate::read::filter::TokenSearch;
        use crate::read::query::{Ids, Order};
        use crate::read::words::{OutcomeFilter, StatusFilter};
        use crate::schema::records::dsl;
        use diesel::prelude::*;

        let (mut statement, filter) = ($statement, &$query.filter);
        match &$query.ids {
            Ids::Between { after, before } => {
                if let Some(id) = *after {
                    statement = statement.filter(dsl::id.gt(id));
                }
                if let Some(id) = *before {
                    statement = statement.filter(dsl::id.lt(id));
                }
            }
            Ids::These(ids) => statement = statement.filter(dsl::id.eq_any(ids.clone())),
            Ids::Named(name) => {
                let named = dsl::exchange_id.eq(name.clone()).or(dsl::request_id.eq(name.clone()));
                statement = statement.filter(named);
            }
        }
        if let Some(model) = &filter.model {
            statement = statement.filter(dsl::model.eq(model.clone()));
        }
        if let Some(upstream) = &filter.upstream {
            statement = statement.filter(dsl::upstream.eq(upstream.clone()));
        }
        match filter.token_search() {
            Some(TokenSearch::Whole(token)) => statement = statement.filter($authorization.eq(token)),
            Some(TokenSearch::Patterns([begins, follows])) => {
                let begins = dsl::authorization.like(begins).escape('\\');
                statement = statement.filter(begins.or(dsl::authorization.like(follows).escape('\\')));
            }
            None => {}
        }
        let meant = |outcome| filter.outcomes.contains(&outcome);
        match (meant(OutcomeFilter::Errors), meant(OutcomeFilter::Is(oar_exchange::Outcome::Ok))) {
            (true, true) => statement = statement.filter(dsl::outcome.is_not_null()),
            // In these words an index knows it: see `schema::INDICES`.
            (true, false) => {
                let errors =
                    diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Bool>>("outcome <> 'ok'");
                statement = statement.filter(errors);
            }
            (false, _) if filter.outcomes.is_empty() => {}
            (false, _) => {
                let words = filter.outcomes.iter().filter_map(|outcome| match outcome {
                    OutcomeFilter::Is(outcome) => Some(outcome.as_str()),
                    OutcomeFilter::Errors => None,
                });
                statement = statement.filter(dsl::outcome.eq_any(words.collect::<Vec<_>>()));
            }
        }
        if let Some((StatusFilter { from, to }, more)) = filter.statuses.split_first() {
            let within = |from: u16, to: u16| dsl::status.between(i64::from(from), i64::from(to));
            let mut any: Box<dyn diesel::BoxableExpression<_, _, SqlType = _>> = Box::new(within(*from, *to));
            for StatusFilter { from, to } in more {
                any = Box::new(any.or(within(*from, *to)));
            }
            statement = statement.filter(any);
        }
        let statement = statement.limit(i64::from($query.limit));
        match $query.order {
            Order::Newest => statement.order(dsl::id.desc()),
            Order::Oldest => statement.order(dsl::id.asc()),
        }
    }};
}

pub(super) use common;
