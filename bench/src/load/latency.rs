use std::fmt;
use std::time::Duration;

/// How long requests took.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<Duration>);

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl Latencies {
    /// The time that so many of a thousand stayed within; zero when there are none.
    pub fn per_mille(&self, share: usize) -> Duration {
        let place = (self.0.len() * share).div_ceil(1000).saturating_sub(1);
        self.0.get(place).copied().unwrap_or_default()
    }

    /// The longest; zero when there are none.
    pub fn longest(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// In milliseconds: the median, p99, p99.9 and the longest.
impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = [self.per_mille(500), self.per_mille(990), self.per_mille(999), self.longest()];
        let [half, p99, p999, longest] = shown.map(|time| time.as_secs_f64() * 1000.0);
        write!(f, "{half:>7.1} {p99:>7.1} {p999:>7.1} {longest:>7.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_a_thousand_stayed_within() {
        let times: Latencies = (1..=1000).rev().map(Duration::from_millis).collect();
        let of = |share| times.per_mille(share).as_millis();
        assert_eq!((of(500), of(990), of(999), of(1000)), (500, 990, 999, 1000));
        assert_eq!(Latencies::default().per_mille(990), Duration::ZERO);
        assert_eq!(times.to_string(), "  500.0   990.0   999.0  1000.0");
    }
}
