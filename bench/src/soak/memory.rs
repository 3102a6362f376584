//! Whether a process that is at work for long grows.

use std::time::Duration;

/// How much larger the last quarter may be than the second: what buffers and the allocator's arenas take at chance. One batch
/// of records may hold 8 MiB, and an allocator keeps what it once had to take. What is lost for each request shows all the
/// same: in half an hour of 200 a second, 50 bytes of each are more.
const GROWTH_PERCENT: u64 = 10;
const GROWTH_KIB: u64 = 8192;

/// A shorter load says nothing: the process is still warming up.
const SHORTEST: Duration = Duration::from_secs(100);

/// Memory over the time of a load. All sizes in KiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// The median of the second quarter.
    pub second_quarter: u64,
    /// The median of the last quarter.
    pub last_quarter: u64,
    /// The largest.
    pub peak: u64,
    /// How much it grew in a minute, over the second half: the slope of a line through all samples.
    pub slope_per_minute: f64,
    /// Whether that is growth.
    pub steadiness: Steadiness,
}

/// Whether memory grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steadiness {
    /// No more than chance explains.
    Steady,
    /// More than that.
    Grows,
    /// The load was too short to say.
    TooShort,
}

impl Memory {
    /// What samples, one a second, say.
    pub fn of(samples: &[u64]) -> Self {
        let quarter = |number: usize| {
            let (from, to) = (samples.len() * number / 4, samples.len() * (number + 1) / 4);
            median(samples.get(from..to).unwrap_or_default())
        };
        let (second_quarter, last_quarter) = (quarter(1), quarter(3));
        let most = second_quarter + (second_quarter * GROWTH_PERCENT / 100).max(GROWTH_KIB);
        let steadiness = if (samples.len() as u64) < SHORTEST.as_secs() {
            Steadiness::TooShort
        } else if last_quarter > most {
            Steadiness::Grows
        } else {
            Steadiness::Steady
        };
        Self {
            second_quarter,
            last_quarter,
            peak: samples.iter().copied().max().unwrap_or_default(),
            slope_per_minute: slope(samples.get(samples.len() / 2..).unwrap_or_default()) * 60.0,
            steadiness,
        }
    }
}

fn median(samples: &[u64]) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Of the line with the least squares, for each sample.
fn slope(samples: &[u64]) -> f64 {
    let count = samples.len() as f64;
    if samples.len() < 2 {
        return 0.0;
    }
    let middle = (count - 1.0) / 2.0;
    let mean = samples.iter().sum::<u64>() as f64 / count;
    let (mut over, mut under) = (0.0, 0.0);
    for (place, &sample) in samples.iter().enumerate() {
        let x = place as f64 - middle;
        over += x * (sample as f64 - mean);
        under += x * x;
    }
    over / under
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_grows_is_told_from_one_that_does_not() {
        let steady: Vec<u64> = (0..200).map(|second| 30_000 + second % 7 * 100).collect();
        let memory = Memory::of(&steady);
        assert_eq!(memory.steadiness, Steadiness::Steady);
        assert!(memory.slope_per_minute.abs() < 50.0, "{memory:?}");

        let growing: Vec<u64> = (0..200).map(|second| 30_000 + second * 100).collect();
        let memory = Memory::of(&growing);
        assert_eq!((memory.steadiness, memory.peak), (Steadiness::Grows, 49_900));
        assert!((memory.slope_per_minute - 6000.0).abs() < 1.0, "{memory:?}");
    }

    #[test]
    fn warming_up_is_no_growth() {
        let warming: Vec<u64> = (0..200).map(|second| 10_000 + 20_000 * second.min(40) / 40).collect();
        assert_eq!(Memory::of(&warming).steadiness, Steadiness::Steady);
    }

    #[test]
    fn little_is_said_of_few_samples() {
        assert_eq!(Memory::of(&[]).steadiness, Steadiness::TooShort);
        assert_eq!(Memory::of(&[1, 2, 3]).steadiness, Steadiness::TooShort);
    }
}
