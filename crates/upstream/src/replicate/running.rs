//! A prediction that somebody waits for.

use super::account::Account;
use super::ask::Creation;
use super::clues::Clues;
use super::prediction::Prediction;
use super::refusal::{Failure, Refusal};
use crate::Fault;
use futures_util::future::{Either, select};
use reqwest::Url;
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

/// How long a creation that nobody waits for any more may take to tell how it is cancelled.
const ABANDONED_FOR: Duration = Duration::from_secs(3);
/// Between readings of the state: short at first, because most answers are, then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How many readings in a row may fail. The prediction goes on meanwhile, and it is paid for.
const FAILURES_IN_A_ROW: u32 = 3;

/// Where background work goes: whoever owns the tracker can wait for it.
#[derive(Clone)]
pub(super) struct Tasks {
    tracker: TaskTracker,
    runtime: Handle,
}

impl Tasks {
    /// Work on the current runtime.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub(super) fn on(tracker: &TaskTracker) -> Self {
        Self { tracker: tracker.clone(), runtime: Handle::current() }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn_on(task, &self.runtime);
    }
}

/// A created prediction. Dropped before it has ended, it is cancelled in the background.
pub(super) struct Running {
    pub(super) account: Account,
    pub(super) prediction: Prediction,
    get: Url,
    on_drop: CancelOnDrop,
}

/// Its own type so that it is armed before it is known whether an answer is a prediction that can be waited for.
struct CancelOnDrop {
    account: Account,
    tasks: Tasks,
    url: Option<Url>,
}

impl CancelOnDrop {
    /// For the prediction that `answer` is about, if that much can be made out.
    fn armed(account: &Account, tasks: Tasks, answer: &[u8]) -> Self {
        let url = Clues::in_answer(answer).cancel_url(account.origins());
        Self { account: account.clone(), tasks, url }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(url) = self.url.take() {
            let account = self.account.clone();
            self.tasks.spawn(async move { account.cancel(url).await });
        }
    }
}

impl Running {
    /// Creates a prediction.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the prediction, even when it is still being created: a creation cannot be taken back
    /// before its answer tells how, so it goes on in the background for as long as [`ABANDONED_FOR`].
    pub(super) async fn create(account: &Account, tasks: &Tasks, creation: Creation) -> Result<Self, Failure> {
        let (tell, told) = oneshot::channel();
        let (account, owner) = (account.clone(), tasks.clone());
        tasks.spawn(async move { create_and_tell(account, owner, &creation, tell).await });
        told.await.unwrap_or_else(|gone| Err(Failure::Fault(crate::UpstreamError::caused_by(Fault::Other, gone))))
    }

    fn new(account: Account, answer: &[u8], on_drop: CancelOnDrop) -> Result<Self, Refusal> {
        let prediction = account.prediction_in(answer)?;
        let get = prediction.urls.get.as_deref().and_then(|link| account.origins().api_link(link));
        let get = get.ok_or_else(foreign)?;
        Ok(Self { account, prediction, get, on_drop })
    }

    /// Reads the prediction's state anew.
    pub(super) async fn refresh(&mut self) -> Result<(), Failure> {
        self.prediction = self.account.get(&self.get).await?;
        self.rest_if_ended();
        Ok(())
    }

    /// Waits until the prediction has ended, however long that takes: whoever waits decides.
    pub(super) async fn end(&mut self) -> Result<&Prediction, Failure> {
        let (mut pauses, mut failures) = (pauses(), 0);
        while !self.prediction.status.is_terminal() {
            tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
            match self.account.get(&self.get).await {
                Ok(prediction) => {
                    self.prediction = prediction;
                    failures = 0;
                }
                Err(failure) if failures < FAILURES_IN_A_ROW && may_pass(&failure) => failures += 1,
                Err(failure) => return Err(failure),
            }
        }
        self.rest_if_ended();
        Ok(&self.prediction)
    }

    /// There is nothing left to cancel.
    pub(super) fn rest(&mut self) {
        self.on_drop.url = None;
    }

    fn rest_if_ended(&mut self) {
        if self.prediction.status.is_terminal() {
            self.rest();
        }
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_PAUSE), |pause| Some((*pause * 2).min(LONGEST_PAUSE)))
}

fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Fault(_) => true,
        Failure::Answer(refusal) => refusal.status.is_server_error() || refusal.status.as_u16() == 429,
    }
}

/// What a prediction is refused for that points to other hosts than the configured ones.
pub(super) fn foreign() -> Refusal {
    Refusal::bad_gateway("upstream_bad_answer", "the prediction's addresses are not on the configured hosts")
}

async fn create_and_tell(
    account: Account,
    tasks: Tasks,
    creation: &Creation,
    mut tell: oneshot::Sender<Result<Running, Failure>>,
) {
    let mut answer = Vec::new();
    let created = {
        let create = pin!(account.create(creation, &mut answer));
        let abandoned = pin!(async {
            tell.closed().await;
            tokio::time::sleep(ABANDONED_FOR).await;
        });
        match select(create, abandoned).await {
            Either::Left((created, _)) => Some(created),
            Either::Right(((), _)) => None,
        }
    };
    let on_drop = CancelOnDrop::armed(&account, tasks, &answer);
    let Some(created) = created else {
        if on_drop.url.is_none() {
            tracing::warn!("Replicate did not say how a prediction is cancelled that nobody waits for: it may run on");
        }
        return;
    };
    let running = created.and_then(|()| Ok(Running::new(account, &answer, on_drop)?));
    // If nobody listens any more, what comes back is dropped, which cancels it.
    drop(tell.send(running));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_two_seconds() {
        let millis: Vec<u128> = pauses().take(6).map(|pause| pause.as_millis()).collect();
        assert_eq!(millis, [250, 500, 1000, 2000, 2000, 2000]);
    }
}
