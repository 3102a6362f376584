//! What several rounds yielded, in three numbers.

/// The median, and the least and the most.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The value in the middle; of two, the upper one.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Spread {
    /// That of some values; `None` of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<_> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let median = *sorted.get(sorted.len() / 2)?;
        Some(Self { median, least: *sorted.first()?, most: *sorted.last()? })
    }

    /// `1.32 [1.28–1.40]`.
    pub fn shown(&self, digits: usize) -> String {
        let Self { median, least, most } = self;
        format!("{median:.digits$} [{least:.digits$}–{most:.digits$}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_the_upper_one_is_the_median() {
        assert_eq!(Spread::of([2.0, 1.0]), Some(Spread { median: 2.0, least: 1.0, most: 2.0 }));
        assert_eq!(Spread::of([3.0, 1.0, 2.0]).map(|spread| spread.shown(1)), Some("2.0 [1.0–3.0]".to_owned()));
        assert_eq!(Spread::of([]), None);
    }
}
