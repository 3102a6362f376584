//! The ratios as a picture: bars in SVG, readable on light and on dark.

use super::exercise::Exercise;
use super::figure::Figure;
use super::peer::Peer;
use super::rounds::Rounds;
use crate::spread::Spread;
use std::fmt::Write;

/// What is drawn, with its title.
const GROUPS: [(Exercise, &str); 4] = [
    (Exercise::Plain, "Plain request"),
    (Exercise::Paced, "Stream of 50 events, one every 10 ms"),
    (Exercise::Burst, "Stream of 50 events at once"),
    (Exercise::Upload, "Upload of 1 MB"),
];

const WIDTH: f64 = 720.0;
/// Where bars begin, and how far they may reach.
const LEFT: f64 = 150.0;
const REACH: f64 = 500.0;
const LINE: f64 = 20.0;
const BAR: f64 = 13.0;

const STYLE: &str = "\
text{font:12px sans-serif;fill:#24292f}.h{font-weight:bold}.axis{stroke:#8c959f;stroke-dasharray:3 3}\
.spread{stroke:#57606a}.other{fill:#afb8c1}.ours{fill:#0969da}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.spread{stroke:#c9d1d9}.other{fill:#6e7681}.ours{fill:#4493f8}}";

/// Bars of the processor time that each peer takes, as a multiple of nginx's.
pub(crate) fn picture(rounds: &Rounds) -> String {
    let groups: Vec<_> = GROUPS.into_iter().map(|(exercise, title)| (title, bars(rounds, exercise))).collect();
    let most = groups.iter().flat_map(|(_, bars)| bars).map(|(_, spread)| spread.most).fold(1.0, f64::max);
    let mut drawing = Drawing { scale: REACH / most, y: LINE, text: String::new() };
    drawing.label(0.0, "h", "Processor time, as a multiple of nginx's (median, least and most)");
    for (title, bars) in groups.iter().filter(|(_, bars)| !bars.is_empty()) {
        drawing.group(title, bars);
    }
    drawing.end()
}

fn bars(rounds: &Rounds, exercise: Exercise) -> Vec<(Peer, Spread)> {
    let compared = |peer| Some((peer, rounds.compared(exercise, peer, Figure::Cpu)?));
    rounds.peers(exercise).into_iter().filter_map(compared).collect()
}

struct Drawing {
    /// How long 1 is.
    scale: f64,
    /// The base of the next line.
    y: f64,
    text: String,
}

impl Drawing {
    fn label(&mut self, x: f64, class: &str, label: &str) {
        self.add(&format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\">{label}</text>", self.y));
    }

    fn group(&mut self, title: &str, bars: &[(Peer, Spread)]) {
        self.y += LINE * 1.5;
        self.label(0.0, "h", title);
        let one = LEFT + self.scale;
        let (top, bottom) = (self.y + 4.0, self.y + 4.0 + LINE * bars.len() as f64);
        for (peer, spread) in bars {
            self.bar(*peer, *spread);
        }
        self.add(&format!("<line class=\"axis\" x1=\"{one:.1}\" y1=\"{top:.1}\" x2=\"{one:.1}\" y2=\"{bottom:.1}\"/>"));
    }

    fn bar(&mut self, peer: Peer, spread: Spread) {
        self.y += LINE;
        self.label(8.0, "", peer.title());
        let at = |value: f64| LEFT + value * self.scale;
        let class = match peer {
            Peer::OursNone | Peer::OursSqlite | Peer::OursPostgres => "ours",
            Peer::Direct | Peer::Nginx | Peer::Go => "other",
        };
        let (top, middle, length) = (self.y - BAR + 2.0, self.y - BAR / 2.0 + 2.0, spread.median * self.scale);
        let (least, most) = (at(spread.least), at(spread.most));
        self.add(&format!(
            "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"{BAR}\"/>\n\
             <line class=\"spread\" x1=\"{least:.1}\" y1=\"{middle:.1}\" x2=\"{most:.1}\" y2=\"{middle:.1}\"/>"
        ));
        self.label(most + 6.0, "", &format!("{:.2}", spread.median));
    }

    fn add(&mut self, element: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{element}");
    }

    fn end(self) -> String {
        let height = self.y + LINE;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-label=\"Processor time as a multiple of nginx's\">\n\
             <style>{STYLE}</style>\n{}</svg>\n",
            self.text
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_has_a_bar_as_long_as_its_ratio() {
        let mut rounds = Rounds::default();
        for (peer, cpu) in [(Peer::Nginx, 10.0), (Peer::OursNone, 20.0)] {
            rounds.push(Exercise::Plain, peer, [(Figure::Cpu, cpu)].into());
        }
        let drawn = picture(&rounds);
        assert_eq!(drawn.matches("<rect ").count(), 2);
        assert!(drawn.contains("class=\"ours\" x=\"150\"") && drawn.contains("width=\"500.0\""), "{drawn}");
        assert!(drawn.contains("width=\"250.0\"") && drawn.contains(">2.00</text>"), "{drawn}");
        assert!(!drawn.contains("Upload"), "{drawn}");
    }
}
