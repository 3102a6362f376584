//! What a message can tell.

use crate::alert::Kind;
use crate::trouble::{Condition, Subject, Trouble};
use oar_exchange::{Attempt, AttemptResult, Outcome};
use std::sync::Arc;
use std::time::Duration;

/// What a message tells.
///
/// ```
/// use oar_notify::{Alert, Event, Language};
///
/// /// What a channel of one's own may make of an alert beside its text.
/// fn urgency(alert: &Alert) -> u8 {
///     match &alert.event {
///         Event::Failure(failure) if failure.outcome == oar_exchange::Outcome::AllFailed => 2,
///         Event::Recovered(_) | Event::Test => 0,
///         _ => 1,
///     }
/// }
///
/// assert_eq!(urgency(&Alert::test("gateway-1", Language::English)), 0);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Something went wrong with a request.
    Failure(Failure),
    /// Something is wrong beside the requests.
    Condition(Condition),
    /// What people were told of works again. Never empty.
    Recovered(Vec<Recovery>),
    /// What people were not told one by one.
    Summary(Summary),
    /// Nothing happened: somebody wants to see whether messages arrive.
    Test,
}

impl Event {
    /// What kind of message tells it.
    ///
    /// ```
    /// # use oar_notify::{Condition, Event, Kind};
    /// assert_eq!(Event::Condition(Condition::RecordsStuck).kind(), Kind::Records);
    /// ```
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Failure(_) => Kind::Alert,
            Self::Condition(Condition::RecordsStuck) => Kind::Records,
            Self::Condition(Condition::ReloadFailed) => Kind::Reload,
            Self::Recovered(_) => Kind::Recovered,
            Self::Summary(_) => Kind::Summary,
            Self::Test => Kind::Test,
        }
    }
}

/// A request that met something which people had not been told within the window.
///
/// ```
/// # use oar_notify::*;
/// # use std::sync::{Arc, Mutex};
/// # #[derive(Default)]
/// # struct Kept(Mutex<Vec<Alert>>);
/// # #[async_trait::async_trait]
/// # impl Notifier for Kept {
/// #     fn name(&self) -> &str { "kept" }
/// #     async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
/// #         self.0.lock().expect("no panic").push(alert.clone());
/// #         Ok(())
/// #     }
/// # }
/// # use oar_exchange::{Attempt, AttemptResult, Exchange, Observer, Outcome, Request};
/// # fn failed(upstream: &str) -> Arc<Exchange> {
/// #     let request = Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1]);
/// #     let tried = Attempt::new(upstream, "https://api.example.com/v1", AttemptResult::ConnectRefused);
/// #     let begun = Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request);
/// #     Arc::new(Exchange { attempts: vec![tried], outcome: Outcome::AllFailed, ..begun })
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// # let kept = Arc::new(Kept::default());
/// # let (alerts, worker) = Alerts::start(vec![Arc::clone(&kept) as Arc<dyn Notifier>], "gateway-1", Policy::default());
/// alerts.finished(&failed("primary"));
/// # alerts.close();
/// # worker.run().await;
/// # let told = kept.0.lock().expect("no panic").clone();
/// let Event::Failure(failure) = &told[0].event else { unreachable!("a failure") };
/// let troubles: Vec<String> = failure.troubles.iter().map(ToString::to_string).collect();
/// assert_eq!(troubles, ["all_failed", "connect_refused"]);
/// assert_eq!((failure.request_id.as_str(), failure.more), ("0190", 0));
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What went wrong and is news, the gravest first. Never empty.
    pub troubles: Vec<Trouble>,
    /// How often these were held back since people were last told of them.
    pub more: u64,
    /// How the request ended.
    pub outcome: Outcome,
    /// The id under which the client and the record know the request.
    pub request_id: String,
    /// The model asked for.
    pub model: Option<String>,
    /// The tries, in order.
    pub attempts: Vec<Tried>,
}

/// One attempt, as far as people need to know.
///
/// ```
/// # use oar_exchange::{Attempt, AttemptResult};
/// # use oar_notify::Tried;
/// let attempt = Attempt::new("primary", "https://api.example.com/v1", AttemptResult::ConnectRefused);
/// let tried = Tried::from(&attempt);
/// assert_eq!((&*tried.upstream, tried.result, tried.status), ("primary", AttemptResult::ConnectRefused, None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// The upstream's configured name.
    pub upstream: Arc<str>,
    /// What came of it.
    pub result: AttemptResult,
    /// The upstream's status, when it gave one.
    pub status: Option<u16>,
    /// From the start of the attempt to the response head, or to the failure.
    pub elapsed: Duration,
}

impl From<&Attempt> for Tried {
    fn from(attempt: &Attempt) -> Self {
        Self {
            upstream: Arc::clone(&attempt.upstream),
            result: attempt.result,
            status: attempt.status,
            elapsed: attempt.elapsed,
        }
    }
}

/// Something of which people were told that it is in trouble, and which works again.
///
/// ```
/// # use oar_notify::*;
/// # use std::sync::{Arc, Mutex};
/// # #[derive(Default)]
/// # struct Kept(Mutex<Vec<Alert>>);
/// # #[async_trait::async_trait]
/// # impl Notifier for Kept {
/// #     fn name(&self) -> &str { "kept" }
/// #     async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
/// #         self.0.lock().expect("no panic").push(alert.clone());
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// # let kept = Arc::new(Kept::default());
/// # let (alerts, worker) = Alerts::start(vec![Arc::clone(&kept) as Arc<dyn Notifier>], "gateway-1", Policy::default());
/// alerts.records_are_stuck();
/// alerts.records_are_written();
/// # alerts.close();
/// # worker.run().await;
/// # let told = kept.0.lock().expect("no panic").clone();
/// let Event::Recovered(recovered) = &told[1].event else { unreachable!("an end") };
/// assert_eq!(recovered[0].subject, Subject::Condition(Condition::RecordsStuck));
/// assert_eq!(recovered[0].faults, 1);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// What works again.
    pub subject: Subject,
    /// How many requests met its fault, or how often it was said; told or held back.
    pub faults: u64,
    /// From the first fault to the last one; of a condition, to its end.
    pub lasted: Duration,
    /// From the last fault until now.
    pub quiet: Duration,
}

/// What was held back.
///
/// ```
/// # use oar_notify::*;
/// # use std::sync::{Arc, Mutex};
/// # #[derive(Default)]
/// # struct Kept(Mutex<Vec<Alert>>);
/// # #[async_trait::async_trait]
/// # impl Notifier for Kept {
/// #     fn name(&self) -> &str { "kept" }
/// #     async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
/// #         self.0.lock().expect("no panic").push(alert.clone());
/// #         Ok(())
/// #     }
/// # }
/// # use oar_exchange::{Attempt, AttemptResult, Exchange, Observer, Outcome, Request};
/// # fn failed(upstream: &str) -> Arc<Exchange> {
/// #     let request = Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1]);
/// #     let tried = Attempt::new(upstream, "https://api.example.com/v1", AttemptResult::ConnectRefused);
/// #     let begun = Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request);
/// #     Arc::new(Exchange { attempts: vec![tried], outcome: Outcome::AllFailed, ..begun })
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// # let kept = Arc::new(Kept::default());
/// let policy = Policy { messages_per_minute: 1, ..Policy::default() };
/// # let (alerts, worker) = Alerts::start(vec![Arc::clone(&kept) as Arc<dyn Notifier>], "gateway-1", policy);
/// ["primary", "spare"].iter().for_each(|upstream| alerts.finished(&failed(upstream)));
/// # let wait = async {
/// #     tokio::time::sleep(std::time::Duration::from_secs(61)).await;
/// #     alerts.close();
/// # };
/// # tokio::join!(worker.run(), wait);
/// # let told = kept.0.lock().expect("no panic").clone();
/// // A minute later, when there may be a message again:
/// let Event::Summary(summary) = &told[1].event else { unreachable!("a summary") };
/// assert_eq!((summary.more, summary.unlisted), (1, 0));
/// assert_eq!((summary.listed[0].trouble.upstream(), summary.listed[0].times), (Some("spare"), 1));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// How many alerts.
    pub more: u64,
    /// Since the first of them.
    pub within: Duration,
    /// About what, the most frequent first; at most [`Summary::LISTED_CAP`]. Each alert counts for the gravest of its
    /// troubles.
    pub listed: Vec<Times>,
    /// How many troubles more there were.
    pub unlisted: usize,
}

/// How often something happened.
///
/// ```
/// # use oar_notify::*;
/// # use oar_exchange::{Attempt, AttemptResult, Exchange, Observer, Outcome, Request};
/// # use std::sync::{Arc, Mutex};
/// /// Keeps a line for each trouble of a summary.
/// #[derive(Default)]
/// struct Lines(Mutex<Vec<String>>);
///
/// #[async_trait::async_trait]
/// impl Notifier for Lines {
///     # fn name(&self) -> &str { "lines" }
///     async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
///         let Event::Summary(summary) = &alert.event else { return Ok(()) };
///         let lines = summary.listed.iter().map(|Times { trouble, times, .. }| format!("{times} × {trouble}"));
///         self.0.lock().expect("no panic").extend(lines);
///         Ok(())
///     }
/// }
/// # fn failed(upstream: &str) -> Arc<Exchange> {
/// #     let request = Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1]);
/// #     let tried = Attempt::new(upstream, "https://api.example.com/v1", AttemptResult::ConnectRefused);
/// #     let begun = Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request);
/// #     Arc::new(Exchange { attempts: vec![tried], outcome: Outcome::AllFailed, ..begun })
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// # let policy = Policy { messages_per_minute: 1, ..Policy::default() };
/// # let lines = Arc::new(Lines::default());
/// # let (alerts, worker) = Alerts::start(vec![Arc::clone(&lines) as Arc<dyn Notifier>], "gateway-1", policy);
/// # ["primary", "spare", "spare"].iter().for_each(|upstream| alerts.finished(&failed(upstream)));
/// # let wait = async {
/// #     tokio::time::sleep(std::time::Duration::from_secs(61)).await;
/// #     alerts.close();
/// # };
/// # tokio::join!(worker.run(), wait);
/// assert_eq!(*lines.0.lock().expect("no panic"), ["2 × connect_refused"]);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// What.
    pub trouble: Trouble,
    /// How often.
    pub times: u64,
}

impl Summary {
    /// The most troubles that are listed.
    pub const LISTED_CAP: usize = 10;
}
