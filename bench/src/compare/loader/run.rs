use super::client::Request;
use super::closed::Closed;
use super::ear::Heard;
use super::even::Even;
use super::held::Held;
use super::{Order, Pace};
use crate::cli::say;
use crate::compare::clock::now;
use crate::compare::pairs::Pairs;
use std::io;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};

/// What is said when whatever comes next is to be measured.
pub(crate) const READY: &str = "ready";

/// How many streams are open.
const OPEN: &str = "open";

/// Does what is ordered: warms up, says so, waits for a line, and says what was heard; of streams that are held, to each
/// line, how many are open.
///
/// # Errors
///
/// An answer is not what it should be.
pub(crate) async fn carry_out(order: &Order) -> io::Result<()> {
    let mut parent = BufReader::new(stdin()).lines();
    let request = Request::of(order);
    match &order.pace {
        Pace::Closed { connections, warm, count } => {
            let mut closed = Closed::connect(order.to, *connections, order.play, request).await?;
            closed.run(*warm).await?;
            ready(&mut parent).await?;
            let started = now();
            tell(started, *count, &closed.run(*count).await?);
        }
        Pace::Even { connections, rate, warm, count } => {
            let mut even = Even::connect(order.to, *connections, *rate, request).await?;
            even.run(*warm).await?;
            ready(&mut parent).await?;
            let started = now();
            tell(started, *count, &even.run(*count).await?);
        }
        Pace::Held { steps } => hold(Held::new(order.to, request), steps, &mut parent).await?,
    }
    Ok(())
}

async fn hold(mut held: Held, steps: &[u32], parent: &mut Lines<BufReader<Stdin>>) -> io::Result<()> {
    ready(parent).await?;
    for &step in steps {
        held.grow(step as usize).await?;
        say(&Pairs::default().with(OPEN, step).to_string());
        parent.next_line().await?;
    }
    Ok(())
}

async fn ready(parent: &mut Lines<BufReader<Stdin>>) -> io::Result<()> {
    say(READY);
    parent.next_line().await?.map(drop).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn tell(started: u64, count: u64, heard: &Heard) {
    let seconds = (now() - started) as f64 / 1e9;
    say(&heard.pairs().with("count", count).with("seconds", seconds).to_string());
}
