//! All measurements, in turn.

use super::options::Options;
use super::scale::{Scale, Setting};
use super::table::{Grown, table};
use crate::cli::say;
use crate::compare::behind::{Behind, Speech, StandIn};
use crate::compare::figure::Figure;
use crate::compare::machine::machine;
use crate::compare::page::write_part;
use crate::compare::peer::Grounds;
use crate::compare::sample::{Sample, traffic};
use std::io;

/// Measures every size of every scale, round by round; the table that comes of it is written into the documentation as
/// well, if the options say so.
///
/// # Errors
///
/// The gateway does not start, or does not answer as it should.
pub async fn run(options: &Options) -> io::Result<String> {
    let folder = tempfile::tempdir()?;
    let grounds = Grounds::prepare(&[], &options.binary).await?;
    let stand_in = StandIn::start(folder.path()).await?;
    let behind = stand_in.behind(Speech::Plain);
    let mut grown = Grown::default();
    for round in 0..options.rounds {
        say(&format!("round {} of {}", round + 1, options.rounds));
        for setting in settings() {
            let sample = measure(&grounds, &behind, setting).await?;
            say(&line(setting, &sample));
            grown.entry(setting).or_default().push(sample);
        }
    }
    stand_in.end().await?;
    told(&grown, options)
}

fn settings() -> impl Iterator<Item = Setting> {
    Scale::ALL.into_iter().flat_map(|scale| scale.sizes().iter().map(move |&size| Setting { scale, size }))
}

async fn measure(grounds: &Grounds, behind: &Behind, setting: Setting) -> io::Result<Sample> {
    let told = |error: io::Error| io::Error::other(format!("{} {}: {error}", setting.shown(), setting.scale.title()));
    let running = grounds.start_configured(behind, &setting.configuration(behind)).await.map_err(told)?;
    let mut sample = Sample::new();
    for order in setting.orders(running.addr()) {
        // The cost is that of the first, the time that of the last.
        let cost = sample.get(&Figure::Cpu).copied();
        sample.extend(traffic(&running, &order).await.map_err(told)?);
        sample.extend(cost.map(|cost| (Figure::Cpu, cost)));
    }
    running.stop().await.map_err(told)?;
    Ok(sample)
}

fn line(setting: Setting, sample: &Sample) -> String {
    let value = |figure| sample.get(&figure).copied().unwrap_or(f64::NAN);
    let (cpu, time) = (value(Figure::Cpu), value(Figure::WholeP50));
    format!("  {:>9} {:46} CPU µs {cpu:.1}, p50 ms {time:.2}", setting.shown(), setting.scale.title())
}

fn told(grown: &Grown, options: &Options) -> io::Result<String> {
    let machine = machine(&options.binary);
    let text = format!(
        "Medians of {} rounds, in brackets the least and the most. {machine}\n\n{}",
        options.rounds,
        table(grown)
    );
    let Some(folder) = &options.write else { return Ok(text) };
    write_part(folder, "bench-growth", &text)?;
    Ok(format!("{text}\nWritten into {}.", folder.display()))
}
