use crate::book::Admitted;
use crate::policy::Language;
use crate::text::{self, tame};
use crate::trouble::{Condition, Subject, Trouble};
use oar_exchange::{Attempt, AttemptResult, Exchange, Outcome};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One message to people.
///
/// Whatever a client may have written (the model, the request id) is short, on one line, and cannot ping anybody.
/// Serializes as the JSON object that [`Webhook`](crate::Webhook) documents.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alert {
    /// Unique among all alerts of all gateways; for channels that can tell a repeated message from a new one.
    pub id: String,
    /// Which gateway speaks, as configured.
    pub hostname: Arc<str>,
    /// The language of [`Alert::text`].
    pub language: Language,
    /// What it tells.
    pub event: Event,
}

/// What a message tells.
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

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A request met a trouble.
    Alert,
    /// Something works again.
    Recovered,
    /// Many troubles in one message.
    Summary,
    /// Records cannot be written.
    Records,
    /// A new configuration was rejected.
    Reload,
    /// A test.
    Test,
}

/// A request that met something which people had not been told within the window.
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

/// Something of which people were told that it is in trouble, and which works again.
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

impl Alert {
    /// The longest text of an alert, in bytes of UTF-8.
    pub const TEXT_CAP_BYTES: usize = 2048;

    /// The message that shows that a channel works.
    pub fn test(hostname: impl Into<Arc<str>>, language: Language) -> Self {
        Self::now(Event::Test, hostname.into(), language)
    }

    /// What people hear about `event`, which is about no single request.
    pub(crate) fn now(event: Event, hostname: Arc<str>, language: Language) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let id = format!("{}-{hostname}-{}", event.kind().as_str(), since.as_micros());
        Self { id, hostname, language, event }
    }

    /// What people hear about `exchange`.
    pub(crate) fn of_failure(
        exchange: &Exchange,
        Admitted { troubles, more }: Admitted,
        hostname: &Arc<str>,
        language: Language,
    ) -> Self {
        let failure = Failure {
            troubles,
            more,
            outcome: exchange.outcome,
            request_id: tame(&exchange.request_id),
            model: exchange.request.model.as_deref().map(tame),
            attempts: exchange.attempts.iter().map(Tried::from).collect(),
        };
        Self { id: exchange.id.clone(), hostname: Arc::clone(hostname), language, event: Event::Failure(failure) }
    }

    /// What kind of message it is.
    pub const fn kind(&self) -> Kind {
        self.event.kind()
    }

    /// The alert as a few lines of plain text for a chat, at most [`Alert::TEXT_CAP_BYTES`] long. The first line says
    /// what it is about.
    pub fn text(&self) -> String {
        text::compose(self)
    }
}

impl Event {
    /// What kind of message tells it.
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

impl Kind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Recovered => "recovered",
            Self::Summary => "summary",
            Self::Records => "records",
            Self::Reload => "reload",
            Self::Test => "test",
        }
    }
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
