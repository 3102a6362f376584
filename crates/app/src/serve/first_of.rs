//! Two things at a time, of which one has something to tell often, and the other one hardly ever.

use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::future::Future;

/// What comes first: the end of `work`, or that of `rare`.
///
/// `rare` is looked at when it has woken the task itself, and not with each step of `work`, as by `select`: a request has
/// some steps, and to look whether the service stops takes a lock that all clients share.
///
/// # Cancel safety
///
/// Dropping the future drops both.
pub(crate) async fn first_of<W: Future + Unpin, R: Future>(work: W, rare: R) -> Either<W::Output, R::Output> {
    let mut rare = FuturesUnordered::from_iter([rare]);
    match select(work, rare.select_next_some()).await {
        Either::Left((done, _)) => Either::Left(done),
        Either::Right((told, _)) => Either::Right(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;
    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    #[tokio::test]
    async fn what_is_rare_is_looked_at_only_when_it_wakes() {
        let looks = Cell::new(0);
        let rare = poll_fn(|_| {
            looks.set(looks.get() + 1);
            Poll::<()>::Pending
        });
        let work = pin!(async {
            for _ in 0..9 {
                yield_now().await;
            }
        });
        assert!(matches!(first_of(work, rare).await, Either::Left(())));
        assert_eq!(looks.get(), 1);
    }

    #[tokio::test]
    async fn what_is_rare_ends_the_waiting() {
        let (tell, told) = oneshot::channel();
        let work = pin!(async {
            tell.send("now").unwrap();
            std::future::pending::<()>().await;
        });
        assert!(matches!(first_of(work, told).await, Either::Right(Ok("now"))));
    }
}
