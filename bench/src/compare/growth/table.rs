//! What came of it, in Markdown.

use super::scale::Setting;
use crate::compare::figure::Figure;
use crate::compare::sample::Sample;
use crate::spread::Spread;
use std::collections::BTreeMap;

/// What each setting yielded, round by round.
pub(crate) type Grown = BTreeMap<Setting, Vec<Sample>>;

const HEAD: &str = "\
| | | CPU µs | of the first | p50 ms | of the first |
| --- | ---: | ---: | ---: | ---: | ---: |";

/// A line for each setting, held against the first of its scale within each round.
pub(crate) fn table(grown: &Grown) -> String {
    let lines: Vec<_> =
        grown.iter().map(|(setting, samples)| line(*setting, samples, first(grown, *setting))).collect();
    [HEAD, &lines.join("\n"), ""].join("\n")
}

fn first(grown: &Grown, setting: Setting) -> &[Sample] {
    let mut settings = grown.iter().filter(|(other, _)| other.scale == setting.scale);
    settings.next().map(|(_, samples)| samples.as_slice()).unwrap_or_default()
}

fn line(setting: Setting, own: &[Sample], first: &[Sample]) -> String {
    let cells = |figure: Figure| {
        let value = |sample: &Sample| sample.get(&figure).copied().unwrap_or(f64::NAN);
        let ratios = own.iter().zip(first).map(|(own, first)| value(own) / value(first));
        let shown = |spread: Option<Spread>, digits| spread.map_or_else(|| "–".into(), |spread| spread.shown(digits));
        [shown(Spread::of(own.iter().map(value)), figure.digits()), shown(Spread::of(ratios), 2)].join(" | ")
    };
    let (what, cpu, time) = (setting.scale.title(), cells(Figure::Cpu), cells(Figure::WholeP50));
    format!("| {what} | {} | {cpu} | {time} |", setting.shown())
}

#[cfg(test)]
mod tests {
    use super::super::scale::Scale;
    use super::*;

    #[test]
    fn each_size_is_held_against_the_first() {
        let sample = |cpu| Sample::from([(Figure::Cpu, cpu), (Figure::WholeP50, 0.5)]);
        let setting = |size| Setting { scale: Scale::Tokens, size };
        let grown = Grown::from([(setting(1), vec![sample(10.0)]), (setting(100), vec![sample(12.0)])]);
        let expected = "| tokens, of which the last is presented | 100 | 12.0 [12.0–12.0] | 1.20 [1.20–1.20] | \
                        0.50 [0.50–0.50] | 1.00 [1.00–1.00] |\n";
        assert!(table(&grown).ends_with(expected), "{}", table(&grown));
    }
}
