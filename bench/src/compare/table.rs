//! What was measured, as tables in Markdown.

use super::exercise::Exercise;
use super::figure::{Against, Figure};
use super::peer::Peer;
use super::rounds::Rounds;

/// A table for each exercise, with its title.
pub(crate) fn tables(rounds: &Rounds) -> String {
    let tables: Vec<_> = rounds.exercises().into_iter().map(|exercise| table(rounds, exercise)).collect();
    tables.join("\n")
}

fn table(rounds: &Rounds, exercise: Exercise) -> String {
    let columns: Vec<_> = exercise.figures().iter().flat_map(|&figure| columns(figure)).collect();
    let heads: Vec<_> = columns.iter().map(Column::title).collect();
    let rule = " ---: |".repeat(columns.len());
    let mut lines =
        vec![format!("### {}\n", exercise.title()), format!("| | {} |", heads.join(" | ")), format!("| --- |{rule}")];
    for peer in rounds.peers(exercise) {
        let cells: Vec<_> = columns.iter().map(|column| column.cell(rounds, exercise, peer)).collect();
        lines.push(format!("| {} | {} |", peer.title(), cells.join(" | ")));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// A column of a table.
enum Column {
    Own(Figure),
    Compared(Figure),
}

fn columns(figure: Figure) -> Vec<Column> {
    match figure.against() {
        Against::Nothing => vec![Column::Own(figure)],
        Against::Nginx | Against::Direct => vec![Column::Own(figure), Column::Compared(figure)],
    }
}

impl Column {
    fn title(&self) -> String {
        match self {
            Self::Own(figure) => figure.title().into(),
            Self::Compared(figure) => match figure.against() {
                Against::Nginx => "of nginx's".into(),
                Against::Nothing | Against::Direct => "over direct".into(),
            },
        }
    }

    fn cell(&self, rounds: &Rounds, exercise: Exercise, peer: Peer) -> String {
        let (spread, digits) = match self {
            Self::Own(figure) => (rounds.spread(exercise, peer, *figure), figure.digits()),
            Self::Compared(_) if peer == Peer::Direct => (None, 0),
            Self::Compared(figure) => (rounds.compared(exercise, peer, *figure), 2),
        };
        spread.map_or_else(|| "–".into(), |spread| spread.shown(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_tells_each_figure_and_its_ratio() {
        let mut rounds = Rounds::default();
        for (peer, cpu) in [(Peer::Nginx, 20.0), (Peer::OursNone, 30.0)] {
            rounds.push(Exercise::Plain, peer, [(Figure::Cpu, cpu), (Figure::PerSecond, 9000.0)].into());
        }
        let expected = "\
### Plain requests: 1 KiB there, 1 KiB back, as many as 16 connections can

| | CPU µs | of nginx's | a second | records lost % |
| --- | ---: | ---: | ---: | ---: |
| nginx | 20.0 [20.0–20.0] | 1.00 [1.00–1.00] | 9000 [9000–9000] | – |
| ours, no records | 30.0 [30.0–30.0] | 1.50 [1.50–1.50] | 9000 [9000–9000] | – |
";
        assert_eq!(tables(&rounds), expected);
    }
}
