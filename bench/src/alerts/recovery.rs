//! A flood that ends: the rest is summarised, and people are told that it is over.

use super::found::MISTAKES_CAP;
use super::run::indented;
use super::scene::{Scene, Stopped};
use super::{Bot, Case, Flood, Message};
use crate::gateway::alarms_in;
use crate::load::Sent;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Each upstream and reason is told at most once in this time: the shortest that can be configured.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// How long people may have to wait for word that all is well.
const PATIENCE: Duration = Duration::from_secs(40);

/// Whatever else is to be told comes within this time after that.
const QUIET: Duration = Duration::from_secs(3);

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many requests a second go on when the flood is over.
const LIGHT_RATE: u32 = 10;

/// What a message says when something works again.
const RECOVERED: &str = "works again";

/// What was told about a flood that ended.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// How many requests met a failure.
    pub failures: u64,
    /// What is wrong with the answers, during the flood and after it, and with the gateway itself.
    pub wrong: Vec<String>,
    /// How long it lasted.
    pub lasted: Duration,
    /// What people were told, and how long after the flood's begin.
    pub messages: Vec<(Duration, String)>,
}

/// A flood at one upstream, which then recovers while light traffic goes on.
///
/// # Errors
///
/// As [`flood`](super::flood()).
pub async fn recover(binary: &Path, flood: Flood) -> io::Result<Recovery> {
    let settings = format!("  window: {}s\n", WINDOW.as_secs());
    let scene = Scene::set(Case::Answers, binary, Flood { failing: 1, ..flood }, &settings).await?;
    let began = Instant::now();
    scene.fail();
    let mut sent = scene.flood().await;
    scene.recover();
    let lasted = began.elapsed();
    let failures = sent.len() as u64;
    sent.extend(light_traffic(&scene).await);
    let messages = scene.bot.as_ref().map(Bot::messages).unwrap_or_default();
    let wrong = wrong(sent, &scene.stop().await?);
    let after = |Message { at, text }| (at - began, text);
    Ok(Recovery { failures, wrong, lasted, messages: messages.into_iter().map(after).collect() })
}

fn wrong(sent: Vec<Sent>, stopped: &Stopped) -> Vec<String> {
    let answers = sent.into_iter().filter_map(|one| Some(format!("request {}: {}", one.number, one.wrong?)));
    let mut wrong: Vec<_> = answers.chain(alarms_in(&stopped.log)).collect();
    wrong.extend((!stopped.status.success()).then(|| format!("the gateway did not end in order: {}", stopped.status)));
    wrong
}

/// Some requests until people have been told that all is well, and a little longer.
async fn light_traffic(scene: &Scene) -> Vec<Sent> {
    let stop = CancellationToken::new();
    let watching = async {
        let until = Instant::now() + PATIENCE;
        while !is_told(scene) && Instant::now() < until {
            sleep(LOOK_EVERY).await;
        }
        sleep(QUIET).await;
        stop.cancel();
    };
    let load = scene.load(LIGHT_RATE);
    tokio::join!(load.run(scene.after_the_flood(), &stop), watching).0
}

fn is_told(scene: &Scene) -> bool {
    let messages = scene.bot.as_ref().map(Bot::messages).unwrap_or_default();
    messages.iter().any(|message| message.text.contains(RECOVERED))
}

impl Recovery {
    /// Everything that should not be so.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes: Vec<_> = self.wrong.iter().take(MISTAKES_CAP).cloned().collect();
        let mut expect = |holds: bool, mistake: String| mistakes.extend((!holds).then_some(mistake));
        let recovered = self.messages.iter().filter(|(_, text)| text.contains(RECOVERED)).count();
        expect(recovered == 1, format!("people were told {recovered} times that it works again"));
        let (told, failures) = (self.told(), self.failures);
        expect(told == failures, format!("{told} failures are told or summed up, and there were {failures}"));
        mistakes
    }

    /// How many failures the messages tell, with all that they say were held back.
    fn told(&self) -> u64 {
        let alerts = self.messages.iter().filter(|(_, text)| text.contains("request")).count() as u64;
        alerts + self.messages.iter().map(|(_, text)| more(text)).sum::<u64>()
    }
}

/// The number in `17 more`, if a text has one.
fn more(text: &str) -> u64 {
    let words: Vec<_> = text.split_whitespace().collect();
    let pairs = words.windows(2).filter_map(|pair| match pair {
        [number, word] if word.starts_with("more") => number.parse::<u64>().ok(),
        _ => None,
    });
    pairs.sum()
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (after, text) in &self.messages {
            writeln!(f, "  after {:.1} s:\n{}", after.as_secs_f64(), indented(text))?;
        }
        let (lasted, failures) = (self.lasted.as_secs_f64(), self.failures);
        writeln!(f, "  The flood lasted {lasted:.1} s, with {failures} failures; {} messages.", self.messages.len())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A flood of a hundred requests of which people were told what they should be.
    pub(in super::super) fn faultless() -> Recovery {
        let message = |seconds, text: &str| (Duration::from_secs(seconds), text.to_owned());
        let messages = vec![message(0, "it fails\nrequest: 1"), message(20, "it works again\nand 99 more")];
        Recovery { failures: 100, wrong: Vec::new(), lasted: Duration::from_secs(10), messages }
    }
}
