use oar_exchange::{Exchange, Observer};
use std::sync::Arc;
use tokio::sync::watch;

/// An observer that keeps every exchange it is told, for tests to await and look at.
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
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How many requests were told as started.
    pub fn begun(&self) -> usize {
        self.stories.borrow().started
    }

    /// All exchanges so far, in the order in which they finished.
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        self.stories.borrow().finished.clone()
    }

    /// Waits until at least `count` exchanges have finished, and returns all there are.
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
