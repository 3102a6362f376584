use crate::compare::pairs::Pairs;
use crate::compare::stand_in::{EVENT_START, STAMP_DIGITS};
use crate::load::Latencies;
use memchr::memmem;
use std::time::Duration;

/// What was heard of answers, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// Of each answer, from the moment its request was due to its end.
    whole: Vec<u64>,
    /// Of each stream, from the same moment to its first event.
    first: Vec<u64>,
    /// Of each event, from the moment it was made.
    delays: Vec<u64>,
    /// Between each event and the one before.
    gaps: Vec<u64>,
}

/// Listens to one answer after the other.
#[derive(Debug, Default)]
pub(super) struct Ear {
    heard: Heard,
    asked: u64,
    /// When the last event came; `None` before the first.
    last: Option<u64>,
    /// How many events of this answer came.
    pub(super) events: u32,
    /// How many bytes of this answer's body came.
    pub(super) bytes: usize,
    /// The part of an event that has come.
    part: Vec<u8>,
}

impl Ear {
    /// A request is due.
    pub(super) fn ask(&mut self, now: u64) {
        self.part.clear();
        (self.asked, self.last, self.events, self.bytes) = (now, None, 0, 0);
    }

    /// A piece of its answer has come.
    pub(super) fn piece(&mut self, piece: &[u8], now: u64) {
        self.bytes += piece.len();
        let mut part = std::mem::take(&mut self.part);
        part.extend_from_slice(piece);
        let mut start = 0;
        while let Some(event) =
            part.get(start..).and_then(|rest| Some(rest.split_at(memmem::find(rest, b"\n\n")? + 2).0))
        {
            self.event(event, now);
            start += event.len();
        }
        part.drain(..start);
        self.part = part;
    }

    /// Its answer has ended.
    pub(super) fn end(&mut self, now: u64) {
        self.heard.whole.push(now.saturating_sub(self.asked));
    }

    pub(super) fn into_heard(self) -> Heard {
        self.heard
    }

    fn event(&mut self, event: &[u8], now: u64) {
        let Some(made) = made(event) else { return };
        self.heard.delays.push(now.saturating_sub(made));
        match self.last.replace(now) {
            None => self.heard.first.push(now.saturating_sub(self.asked)),
            Some(last) => self.heard.gaps.push(now.saturating_sub(last)),
        }
        self.events += 1;
    }
}

/// When an event was made. What ends a stream, and what a gateway says of its own, has no such moment.
fn made(event: &[u8]) -> Option<u64> {
    let digits = event.strip_prefix(EVENT_START.as_bytes())?.get(..STAMP_DIGITS)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

impl Heard {
    pub(super) fn add(&mut self, other: Self) {
        self.whole.extend(other.whole);
        self.first.extend(other.first);
        self.delays.extend(other.delays);
        self.gaps.extend(other.gaps);
    }

    /// Medians and 99th percentiles, in microseconds.
    pub(super) fn pairs(&self) -> Pairs {
        let all = [("whole", &self.whole), ("first", &self.first), ("delay", &self.delays), ("gap", &self.gaps)];
        all.into_iter().filter(|(_, times)| !times.is_empty()).fold(Pairs::default(), |pairs, (name, times)| {
            let times: Latencies = times.iter().copied().map(Duration::from_nanos).collect();
            let microseconds = |share| times.per_mille(share).as_secs_f64() * 1e6;
            pairs.with(&format!("{name}_p50"), microseconds(500)).with(&format!("{name}_p99"), microseconds(990))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_timed_however_they_are_cut() {
        let stream =
            format!("{EVENT_START}{:018}\"}}\n\n: comment\n\n{EVENT_START}{:018}\"}}\n\ndata: [DONE]\n\n", 3000, 4000);
        for at_once in [1, 7, 1000] {
            let mut ear = Ear::default();
            ear.ask(1000);
            stream.as_bytes().chunks(at_once).for_each(|piece| ear.piece(piece, 5000));
            ear.end(6000);
            assert_eq!((ear.events, ear.bytes), (2, stream.len()));
            let pairs = ear.into_heard().pairs();
            let of = |name| pairs.number(name);
            assert_eq!((of("whole_p50"), of("first_p50"), of("delay_p99"), of("gap_p50")), (5.0, 4.0, 2.0, 0.0));
        }
    }
}
