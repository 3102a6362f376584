use bytes::Bytes;
use http::{HeaderMap, Method};
use oar_exchange::{Answer, Exchange, Observer, Outcome, Request};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// An observer that keeps every exchange it is told, for tests to await and look at.
///
/// ```
/// use oar_exchange::{Observer, Outcome};
/// use oar_testkit::{Heard, exchange};
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let heard = Heard::new();
/// // In a test it is the gateway that tells it.
/// heard.started();
/// heard.finished(&Arc::new(exchange("1", Outcome::AllFailed)));
/// assert_eq!((heard.begun(), heard.only().await.outcome), (1, Outcome::AllFailed));
/// assert_eq!(heard.until_finished(1).await.len(), heard.exchanges().len());
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Heard {
    stories: watch::Sender<Stories>,
}

#[derive(Debug, Default)]
struct Stories {
    started: usize,
    finished: Vec<Arc<Exchange>>,
}

impl Heard {
    /// An observer that has heard nothing yet.
    ///
    /// ```
    /// use oar_exchange::Observer;
    /// use oar_testkit::Heard;
    /// use std::sync::Arc;
    ///
    /// let heard = Heard::new();
    /// let observers: Vec<Arc<dyn Observer>> = vec![heard.clone()];
    /// assert!(heard.exchanges().is_empty() && observers.len() == 1);
    /// ```
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How many requests were told as started.
    ///
    /// ```
    /// # use oar_exchange::Observer;
    /// # use oar_testkit::Heard;
    /// let heard = Heard::new();
    /// heard.started();
    /// assert_eq!((heard.begun(), heard.exchanges().len()), (1, 0), "one is under way");
    /// ```
    pub fn begun(&self) -> usize {
        self.stories.borrow().started
    }

    /// All exchanges so far, in the order in which they finished.
    ///
    /// ```
    /// # use oar_exchange::{Observer, Outcome};
    /// # use oar_testkit::{Heard, exchange};
    /// # use std::sync::Arc;
    /// let heard = Heard::new();
    /// for (id, outcome) in [("1", Outcome::Ok), ("2", Outcome::AllFailed)] {
    ///     heard.finished(&Arc::new(exchange(id, outcome)));
    /// }
    /// let outcomes: Vec<_> = heard.exchanges().iter().map(|told| told.outcome).collect();
    /// assert_eq!(outcomes, [Outcome::Ok, Outcome::AllFailed]);
    /// ```
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        self.stories.borrow().finished.clone()
    }

    /// Waits until at least `count` exchanges have finished, and returns all there are.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use oar_exchange::{Observer, Outcome};
    /// # use oar_testkit::{Heard, exchange};
    /// # use std::sync::Arc;
    /// let heard = Heard::new();
    /// let gateway = async { ["1", "2"].map(|id| heard.finished(&Arc::new(exchange(id, Outcome::Ok)))) };
    /// let (told, _) = tokio::join!(heard.until_finished(2), gateway);
    /// assert_eq!((told[0].id.as_str(), told[1].id.as_str()), ("1", "2"));
    /// # }
    /// ```
    pub async fn until_finished(&self, count: usize) -> Vec<Arc<Exchange>> {
        let mut told = self.stories.subscribe();
        match told.wait_for(|stories| stories.finished.len() >= count).await {
            Ok(stories) => stories.finished.clone(),
            // The sender lives as long as `self`, so this arm is not reached.
            Err(_) => Vec::new(),
        }
    }

    /// Waits for the one exchange of a test that makes one request.
    ///
    /// # Panics
    ///
    /// If more than one has finished.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use oar_exchange::{Observer, Outcome};
    /// # use oar_testkit::{Heard, exchange};
    /// # use std::sync::Arc;
    /// let heard = Heard::new();
    /// heard.finished(&Arc::new(exchange("1", Outcome::AllFailed)));
    /// assert_eq!(heard.only().await.outcome, Outcome::AllFailed);
    /// # }
    /// ```
    pub async fn only(&self) -> Arc<Exchange> {
        let exchanges = self.until_finished(1).await;
        assert_eq!(exchanges.len(), 1, "exactly one exchange was expected");
        exchanges.into_iter().next().expect("there is one")
    }
}

impl Observer for Heard {
    fn finished(&self, exchange: &Arc<Exchange>) {
        self.stories.send_modify(|stories| stories.finished.push(exchange.clone()));
    }

    fn started(&self) {
        self.stories.send_modify(|stories| stories.started += 1);
    }
}

/// An exchange about which there is nothing to tell but its outcome: a `POST` of an empty body to `/v1/chat/completions`, without
/// attempts, begun in 1970. What a test is about, it sets itself.
///
/// ```
/// use oar_exchange::{Exchange, Outcome};
/// use oar_testkit::exchange;
/// use std::time::Duration;
///
/// let slow = Exchange { elapsed: Duration::from_secs(60), ..exchange("1", Outcome::Ok) };
/// assert_eq!((slow.id.as_str(), slow.request_id.as_str(), slow.request.path.as_str()), ("1", "1", "/v1/chat/completions"));
/// ```
pub fn exchange(id: &str, outcome: Outcome) -> Exchange {
    let request = Request {
        method: Method::POST,
        path: "/v1/chat/completions".to_owned(),
        peer: Ipv4Addr::LOCALHOST.into(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        bytes: 0,
        model: None,
        stream: false,
    };
    Exchange {
        id: id.to_owned(),
        request_id: id.to_owned(),
        started_at: SystemTime::UNIX_EPOCH,
        request,
        caller: None,
        attempts: Vec::new(),
        answer: Answer::default(),
        outcome,
        error: None,
        usage: None,
        elapsed: Duration::ZERO,
    }
}
