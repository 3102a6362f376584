//! One question: which rows, in which order, how many.

use super::Filter;

/// One page of rows.
///
/// ```
/// use oar_record::{Filter, Query};
///
/// let filter = Filter { model: Some("gpt-4o".into()), ..Filter::default() };
/// let first = Query::newest(filter.clone(), 20);
/// // Where the last row of that page had the number 80:
/// let second = Query::newest(filter, 20).before(80);
/// assert_eq!(first.limit() + second.limit(), 40);
/// ```
#[derive(Clone)]
pub struct Query {
    pub(super) filter: Filter,
    pub(super) order: Order,
    pub(super) limit: u32,
    pub(super) ids: Ids,
    pub(super) path: Path,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Newest,
    Oldest,
}

/// Which row numbers.
#[derive(Clone, Debug)]
pub(super) enum Ids {
    /// All between these two, neither of them included.
    Between { after: Option<i64>, before: Option<i64> },
    /// These.
    These(Vec<i64>),
    /// Those with this exchange id or request id.
    Named(String),
}

/// How rows are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// By whatever index the database likes: right for one page.
    Any,
    /// One row after the other by their numbers. An index on anything else would be read anew for each page of many.
    Numbers,
}

impl Query {
    /// The last rows, newest first. Row numbers are given out in the order of writing.
    ///
    /// ```
    /// # use oar_record::{Filter, Query};
    /// assert_eq!(Query::newest(Filter::default(), 20).limit(), 20);
    /// ```
    pub fn newest(filter: Filter, limit: u32) -> Self {
        Self::new(filter, Order::Newest, limit)
    }

    /// The first rows, oldest first.
    ///
    /// ```
    /// # use oar_record::{Filter, Query};
    /// let as_they_came = Query::oldest(Filter::default(), 1_000);
    /// ```
    pub fn oldest(filter: Filter, limit: u32) -> Self {
        Self::new(filter, Order::Oldest, limit)
    }

    /// The rows with these numbers, oldest first, as far as they are there.
    ///
    /// ```
    /// # use oar_record::Query;
    /// let two = Query::these(vec![17, 4]);
    /// ```
    pub fn these(ids: Vec<i64>) -> Self {
        Self { ids: Ids::These(ids), ..Self::new(Filter::default(), Order::Oldest, u32::MAX) }
    }

    pub(super) fn named(id: &str, limit: u32) -> Self {
        Self { ids: Ids::Named(id.to_owned()), ..Self::new(Filter::default(), Order::Newest, limit) }
    }

    fn new(filter: Filter, order: Order, limit: u32) -> Self {
        Self { filter, order, limit, ids: Ids::Between { after: None, before: None }, path: Path::Any }
    }

    /// Of those the ones with a number above this.
    ///
    /// ```
    /// # use oar_record::{Filter, Query};
    /// let new_ones = Query::oldest(Filter::default(), 1_000).after(80);
    /// ```
    #[must_use]
    pub fn after(mut self, id: i64) -> Self {
        if let Ids::Between { after, .. } = &mut self.ids {
            *after = Some(id);
        }
        self
    }

    /// Of those the ones with a number below this.
    ///
    /// ```
    /// # use oar_record::{Filter, Query};
    /// let between = Query::oldest(Filter::default(), 1_000).after(80).before(90);
    /// ```
    #[must_use]
    pub fn before(mut self, id: i64) -> Self {
        if let Ids::Between { before, .. } = &mut self.ids {
            *before = Some(id);
        }
        self
    }

    /// How many rows there may be.
    ///
    /// ```
    /// # use oar_record::{Filter, Query};
    /// assert_eq!(Query::oldest(Filter::default(), 7).limit(), 7);
    /// ```
    pub fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn by_number(mut self) -> Self {
        self.path = Path::Numbers;
        self
    }
}
