//! The account as a table.

use super::account::{Account, Check};
use super::cases::{CASES, Case};
use super::memory::Memory;
use super::tally::OfCase;
use std::fmt;

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:<22} {:>8} {:>6} {:>8} {:>8}   what it is", "case", "requests", "wrong", "p50 ms", "p99 ms")?;
        for (case, of_case) in CASES.iter().zip(&self.found.cases) {
            writeln!(f, "{}", Line(case, of_case))?;
        }
        let (done, wrong) = self.found.counts();
        writeln!(f, "{:<22} {done:>8} {wrong:>6}   {} of them over HTTP/2", "all", self.found.over_http2)?;
        let cpu = self.watched.usages.last().map(|usage| usage.cpu).unwrap_or_default();
        let Memory { peak, .. } = self.memory;
        writeln!(
            f,
            "\nat most {peak} KiB resident, {} open files, {} threads, {} requests in flight, {} rows waiting\n\
             {:.1} s of CPU; as quiet as before the load {:.1} s after it\n\
             an upstream whose client had left was let go within {} ms\n",
            self.peak(|usage| usage.files),
            self.peak(|usage| usage.threads),
            self.watched.most_in_flight,
            self.watched.most_queued,
            cpu.as_secs_f64(),
            self.quiet_after.as_secs_f64(),
            self.found.slowest_let_go.as_millis(),
        )?;
        self.checks.iter().try_for_each(|check| writeln!(f, "{check}"))?;
        self.mistakes.iter().try_for_each(|mistake| writeln!(f, "  {mistake}"))?;
        let word = if self.balances() { "everything is accounted for" } else { "IT DOES NOT BALANCE" };
        write!(f, "\n{word}")
    }
}

impl Account {
    fn peak(&self, of: fn(&crate::process::Usage) -> u64) -> u64 {
        self.watched.usages.iter().map(of).max().unwrap_or_default()
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.holds {
            Some(true) => "ok",
            Some(false) => "WRONG",
            None => "-",
        };
        write!(f, "{mark:<6} {:<60} {}", self.what, self.found)
    }
}

struct Line<'a>(&'a Case, &'a OfCase);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(case, of_case) = self;
        let OfCase { count, wrong, .. } = of_case;
        let (half, most) = (of_case.percentile(50), of_case.percentile(99));
        write!(f, "{:<22} {count:>8} {wrong:>6} {half:>8} {most:>8}   ", case.name)?;
        match case.told() {
            Some(told) => write!(f, "{} {}", told.outcome, told.status)?,
            None => write!(f, "no request")?,
        }
        let names: Vec<_> = case.tried.iter().map(|role| role.name()).collect();
        if names.is_empty() { Ok(()) } else { write!(f, ": {}", names.join(", ")) }
    }
}
