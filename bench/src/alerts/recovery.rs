//! A flood that ends: the rest is summed up, and people are told that it is over.

use super::found::{MESSAGES_CAP, MISTAKES_CAP};
use super::scene::{Scene, model_of};
use super::{Bot, Case, Flood, Message};
use crate::gateway::Stopped;
use crate::load::Sent;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Each upstream and reason is told at most once in this time: the shortest that can be configured.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// In which so many messages may come, whatever the window.
const MINUTE: Duration = Duration::from_secs(60);

/// How long people may have to wait for word that all is well: there may be no room for it in the first minute.
const PATIENCE: Duration = Duration::from_secs(75);

/// Whatever else is to be told comes within this time after that.
const QUIET: Duration = Duration::from_secs(3);

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many requests a second go on when the flood is over.
const LIGHT_RATE: u32 = 10;

/// A flood that has just ended: everybody answers again.
pub struct Aftermath {
    scene: Scene,
    flood: Flood,
    began: Instant,
    lasted: Duration,
    sent: Vec<Sent>,
}

/// What was told about a flood that ended.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// How many requests met a failure.
    pub failures: u64,
    /// How many of these met that of an upstream of which no alert was told.
    pub untold: u64,
    /// What is wrong with the answers, during the flood and after it, and with the gateway itself.
    pub wrong: Vec<String>,
    /// How long it lasted.
    pub lasted: Duration,
    /// What people were told, and how long after the flood's begin.
    pub messages: Vec<(Duration, String)>,
}

/// What a message tells, by the word at the end of its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Alert,
    Summary,
    Recovered,
}

/// Starts a gateway that is to tell things ten seconds apart, and lets a flood come and end.
///
/// # Errors
///
/// As [`flood`](super::flood()).
pub async fn subside(binary: &Path, flood: Flood) -> io::Result<Aftermath> {
    let settings = format!("  window: {}s\n", WINDOW.as_secs());
    let scene = Scene::set(Case::Answers, binary, flood, &settings).await?;
    let began = Instant::now();
    scene.fail();
    let sent = scene.flood().await;
    scene.recover();
    Ok(Aftermath { scene, flood, began, lasted: began.elapsed(), sent })
}

impl Aftermath {
    /// Lets light traffic go on until people have been told that all is well, and a little longer.
    ///
    /// # Errors
    ///
    /// The gateway ended, or could not be stopped.
    pub async fn recover(self) -> io::Result<Recovery> {
        let Self { scene, flood, began, lasted, mut sent } = self;
        let failures = sent.len() as u64;
        let light = light_traffic(&scene).await;
        let messages = scene.bot.as_ref().map(Bot::messages).unwrap_or_default();
        let messages: Vec<_> = messages.into_iter().map(|Message { at, text }| (at - began, text)).collect();
        let is_untold = |one: &&Sent| !is_told(&messages, &model_of(one.number, flood));
        let untold = sent.iter().filter(is_untold).count() as u64;
        sent.extend(light);
        let wrong = wrong(sent, &scene.stop().await?);
        Ok(Recovery { failures, untold, wrong, lasted, messages })
    }
}

async fn light_traffic(scene: &Scene) -> Vec<Sent> {
    let stop = CancellationToken::new();
    let watching = async {
        let until = Instant::now() + PATIENCE;
        while !is_over(scene) && Instant::now() < until {
            sleep(LOOK_EVERY).await;
        }
        sleep(QUIET).await;
        stop.cancel();
    };
    let load = scene.load(LIGHT_RATE);
    tokio::join!(load.run(scene.after_the_flood(), &stop), watching).0
}

fn is_over(scene: &Scene) -> bool {
    let messages = scene.bot.as_ref().map(Bot::messages).unwrap_or_default();
    messages.iter().any(|message| Kind::of(&message.text) == Kind::Recovered)
}

/// Whether there is an alert about a request for this model.
fn is_told(messages: &[(Duration, String)], model: &str) -> bool {
    let about = format!("model: {model}");
    messages.iter().any(|(_, text)| text.lines().any(|line| line == about))
}

fn wrong(sent: Vec<Sent>, stopped: &Stopped) -> Vec<String> {
    let answers = sent.into_iter().filter_map(|one| Some(format!("request {}: {}", one.number, one.wrong?)));
    let mut wrong: Vec<_> = answers.chain(stopped.alarms()).collect();
    wrong.extend((!stopped.status.success()).then(|| format!("the gateway did not end in order: {}", stopped.status)));
    wrong
}

impl Kind {
    pub(super) fn of(text: &str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        if first.ends_with("(recovered)") {
            Self::Recovered
        } else if first.ends_with("(summary)") {
            Self::Summary
        } else {
            Self::Alert
        }
    }
}

impl Recovery {
    /// Everything that should not be so.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes: Vec<_> = self.wrong.iter().take(MISTAKES_CAP).cloned().collect();
        let mut expect = |holds: bool, mistake: String| mistakes.extend((!holds).then_some(mistake));
        let soon = self.messages.iter().filter(|(after, _)| *after < MINUTE).count() as u64;
        expect(soon <= MESSAGES_CAP, format!("{soon} messages came in a minute, and {MESSAGES_CAP} are the most"));
        let [alerts, summaries, recovered] =
            [Kind::Alert, Kind::Summary, Kind::Recovered].map(|kind| self.told(kind).count() as u64);
        expect(recovered == 1, format!("people were told {recovered} times that all is well"));
        let Self { failures, untold, .. } = *self;
        expect(summaries == u64::from(untold > 0), format!("{summaries} summaries, of {untold} failures not told"));
        // Upstreams that people were told of may be in it as well, but for what they were told.
        let (more, most) =
            (self.told(Kind::Summary).map(|(_, text)| more(text)).sum::<u64>(), failures.saturating_sub(alerts));
        let summed_up = (untold..=most).contains(&more);
        expect(summed_up, format!("{more} failures are summed up; {untold} of {failures} were not told at all"));
        mistakes
    }

    /// The messages of this kind, and when they came.
    pub(super) fn told(&self, kind: Kind) -> impl Iterator<Item = &(Duration, String)> {
        self.messages.iter().filter(move |(_, text)| Kind::of(text) == kind)
    }
}

/// The number in `17 more`, if a text has one.
fn more(text: &str) -> u64 {
    let before = text.split_once(" more ").and_then(|(before, _)| before.rsplit(' ').next());
    before.and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A flood of a hundred requests of which people were told what they should be.
    pub(in super::super) fn faultless() -> Recovery {
        let message = |seconds, text: &str| (Duration::from_secs(seconds), text.to_owned());
        let messages = vec![
            message(0, "[g] upstream first-0 fails: it answers with an error (status 500)\nmodel: even-0\n"),
            message(60, "[g] upstream first-0 works again (recovered)\n20 failures in 9.9 s"),
            message(60, "[g] 80 more failures in 1 min (summary)\n80 × upstream first-1 fails"),
        ];
        Recovery { failures: 100, untold: 80, wrong: Vec::new(), lasted: Duration::from_secs(10), messages }
    }

    fn mistakes(change: impl FnOnce(&mut Recovery)) -> Vec<String> {
        let mut recovery = faultless();
        change(&mut recovery);
        recovery.mistakes()
    }

    #[test]
    fn nothing_is_wrong_when_the_rest_is_summed_up_and_the_end_is_told_once() {
        assert_eq!(mistakes(|_| ()), Vec::<String>::new());
        assert!(is_told(&faultless().messages, "even-0") && !is_told(&faultless().messages, "even-00"));
    }

    #[test]
    fn each_thing_that_is_wrong_is_told() {
        type Change = fn(&mut Recovery);
        let changes: [(&str, Change); 5] = [
            ("people were told 2 times that all is well", |told| told.messages.push(told.messages[1].clone())),
            ("21 messages came in a minute, and 20 are the most", |told| {
                told.messages.splice(0..0, vec![told.messages[0].clone(); 20]);
                told.failures = 200;
            }),
            ("79 failures are summed up; 80 of 100 were not told at all", |told| {
                told.messages[2].1 = "[g] 79 more failures in 1 min (summary)".into();
            }),
            ("1 summaries, of 0 failures not told", |told| told.untold = 0),
            ("request 7: it hung", |told| told.wrong.push("request 7: it hung".into())),
        ];
        for (said, change) in changes {
            assert_eq!(mistakes(change), [said]);
        }
    }
}
