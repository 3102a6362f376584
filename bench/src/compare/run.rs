//! All measurements, in turn.

use super::behind::{Speech, StandIn};
use super::exercise::{Exercise, Size};
use super::figure::Figure;
use super::options::Options;
use super::peer::{Grounds, Peer};
use super::rounds::Rounds;
use super::sample::{Sample, sample};
use crate::cli::say;
use std::io;

/// Measures everything, every peer in turn with each exercise, round by round.
///
/// # Errors
///
/// A peer is not installed, does not start, or does not answer as it should.
pub async fn run(options: &Options) -> io::Result<Rounds> {
    let folder = tempfile::tempdir()?;
    let grounds = Grounds::prepare(&options.peers, &options.binary).await?;
    let mut stage = Stage { grounds, behind: StandIn::start(folder.path()).await?, size: options.size };
    let mut rounds = Rounds::default();
    for round in 0..options.rounds {
        say(&format!("round {} of {}", round + 1, options.rounds));
        for &exercise in &options.exercises {
            for &peer in turn(&options.peers, round).filter(|peer| peer.costs() || exercise.tells_of_nobody()) {
                let sample = stage.measure(peer, exercise).await?;
                say(&line(exercise, peer, &sample));
                rounds.push(exercise, peer, sample);
            }
        }
    }
    stage.behind.end().await?;
    stage.grounds.clear().await?;
    Ok(rounds)
}

/// Each round begins with another one, so that nobody always follows the same.
fn turn(peers: &[Peer], round: u32) -> impl Iterator<Item = &Peer> {
    peers.iter().cycle().skip(round as usize % peers.len().max(1)).take(peers.len())
}

/// What all measurements share.
struct Stage {
    grounds: Grounds,
    behind: StandIn,
    size: Size,
}

impl Stage {
    async fn measure(&mut self, peer: Peer, exercise: Exercise) -> io::Result<Sample> {
        let told = |error: io::Error| io::Error::other(format!("{}, {}: {error}", peer.word(), exercise.word()));
        // The load generator itself speaks no TLS.
        let speech = if peer == Peer::Direct { Speech::Plain } else { exercise.speech() };
        let running = self.grounds.start(peer, &self.behind.behind(speech)).await.map_err(told)?;
        let sample = sample(&running, &mut self.behind, exercise, self.size).await.map_err(told)?;
        running.stop().await.map_err(told)?;
        Ok(sample)
    }
}

fn line(exercise: Exercise, peer: Peer, sample: &Sample) -> String {
    let shown = |figure: &Figure| {
        let value = sample.get(figure)?;
        Some(format!("{} {value:.*}", figure.title(), figure.digits()))
    };
    let figures: Vec<_> = exercise.figures().iter().filter_map(shown).collect();
    format!("  {:7} {:14} {}", exercise.word(), peer.word(), figures.join(", "))
}
