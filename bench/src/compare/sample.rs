//! One measurement.

use super::behind::StandIn;
use super::crew::Crew;
use super::exercise::{Exercise, Size};
use super::figure::Figure;
use super::loader::{Order, Pace, READY};
use super::pairs::Pairs;
use super::peer::Running;
use crate::tree::{Spent, Tree};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use tokio::time::sleep;

/// What one measurement yielded.
pub(crate) type Sample = BTreeMap<Figure, f64>;

/// How long a process is watched to see that it rests, how little that is, and how often it is looked at. The rows of the
/// last requests are written after their answers.
const WATCH: Duration = Duration::from_millis(100);
const REST: Duration = Duration::from_micros(500);
const LOOKS: u32 = 50;

/// How long memory is given to come to rest.
const SETTLE: Duration = Duration::from_millis(500);

/// The name of the hidden role.
pub(crate) const LOADER: &str = "loader";

/// Puts a peer under a load.
///
/// # Errors
///
/// An answer is not what it should be, or a process ended.
pub(crate) async fn sample(peer: &Running, behind: &mut StandIn, exercise: Exercise, size: Size) -> io::Result<Sample> {
    let (order, before) = (exercise.order(peer.addr(), size), behind.counts().await?);
    let _background = background(exercise.background(peer.addr())).await?;
    let mut sample = match &order.pace {
        Pace::Held { steps } => memory(peer, &order, steps).await?,
        Pace::Closed { .. } | Pace::Even { .. } => traffic(peer, &order).await?,
    };
    sample.extend(reached(&before, &behind.counts().await?));
    sample.extend(peer.lost().await?.map(|lost| (Figure::Lost, lost * 100.0)));
    Ok(sample)
}

async fn background(order: Option<Order>) -> io::Result<Option<Crew>> {
    let Some(order) = order else { return Ok(None) };
    let mut loader = warm(&order).await?;
    loader.go().await?;
    Ok(Some(loader))
}

/// How requests reached the upstream, those included that warmed everything up.
fn reached(before: &Pairs, after: &Pairs) -> Sample {
    let more = |name| after.number(name) - before.number(name);
    let (requests, connections) = (more("requests").max(1.0), more("handshakes"));
    [
        (Figure::Handshakes, connections / requests * 10_000.0),
        (Figure::Http2, more("http2") / requests * 100.0),
        (Figure::Connections, connections),
    ]
    .into()
}

/// Puts a peer under a load that is not held.
///
/// # Errors
///
/// As [`sample`].
pub(crate) async fn traffic(peer: &Running, order: &Order) -> io::Result<Sample> {
    let tree = peer.tree()?;
    let mut loader = warm(order).await?;
    let before = rest(tree).await?;
    loader.go().await?;
    let heard = Pairs::read(&loader.hear().await?);
    let mut sample = told(&heard);
    if let (Some(after), Some(before)) = (rest(tree).await?, before) {
        sample.insert(Figure::Cpu, after.since(&before)?.as_secs_f64() * 1e6 / heard.number("count"));
    }
    Ok(sample)
}

async fn warm(order: &Order) -> io::Result<Crew> {
    let mut loader = Crew::role(LOADER, &order.words())?;
    match loader.hear().await?.as_str() {
        READY => Ok(loader),
        other => Err(io::Error::other(format!("the load generator says `{other}`"))),
    }
}

/// Waits until a peer does nothing, and yields what it has spent.
async fn rest(tree: Option<Tree>) -> io::Result<Option<Spent>> {
    let Some(tree) = tree else { return Ok(None) };
    let mut spent = tree.spent()?;
    for _ in 0..LOOKS {
        sleep(WATCH).await;
        let before = std::mem::replace(&mut spent, tree.spent()?);
        if spent.since(&before)? < REST {
            break;
        }
    }
    Ok(Some(spent))
}

fn told(heard: &Pairs) -> Sample {
    let milliseconds = |name| heard.number(name) / 1000.0;
    let all = [
        (Figure::PerSecond, heard.number("count") / heard.number("seconds")),
        (Figure::WholeP50, milliseconds("whole_p50")),
        (Figure::WholeP99, milliseconds("whole_p99")),
        (Figure::FirstP50, milliseconds("first_p50")),
        (Figure::FirstP99, milliseconds("first_p99")),
        (Figure::DelayP50, milliseconds("delay_p50")),
        (Figure::DelayP99, milliseconds("delay_p99")),
        (Figure::GapP99, milliseconds("gap_p99")),
    ];
    all.into_iter().filter(|(_, value)| !value.is_nan()).collect()
}

async fn memory(peer: &Running, order: &Order, steps: &[u32]) -> io::Result<Sample> {
    let Some(tree) = peer.tree()? else { return Ok(Sample::new()) };
    sleep(SETTLE).await;
    let idle = tree.resident_kib()? as f64;
    let mut sample = Sample::from([(Figure::Idle, idle / 1024.0)]);
    let mut loader = warm(order).await?;
    for (figure, &step) in [Figure::StreamSome, Figure::StreamMany].into_iter().zip(steps) {
        loader.go().await?;
        loader.hear().await?;
        sleep(SETTLE).await;
        sample.insert(figure, (tree.resident_kib()? as f64 - idle) / f64::from(step));
    }
    Ok(sample)
}
