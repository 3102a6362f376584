//! The one lock: the book is asked under it, and messages go to the queues after it.

use crate::alert::Alert;
use crate::book::Book;
use crate::event::Event;
use crate::policy::{Language, Policy};
use crate::trouble::{Condition, Trouble};
use crate::worker::Outlet;
use oar_exchange::{Attempt, Exchange, Outcome};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often it is looked whether something is due.
const EVERY: Duration = Duration::from_secs(1);

/// Where it is decided what people are told, and when; that goes to every outlet.
pub(crate) struct Desk {
    hostname: Arc<str>,
    language: Language,
    book: Mutex<Book>,
    /// Whether somebody is in trouble, for those who would rather not wait for the lock.
    is_watchful: AtomicBool,
    outlets: Vec<Outlet>,
}

impl Desk {
    pub(crate) fn new(hostname: Arc<str>, policy: &Policy, outlets: Vec<Outlet>) -> Self {
        let (language, book) = (policy.language, Mutex::new(Book::new(policy)));
        Self { hostname, language, book, is_watchful: AtomicBool::new(false), outlets }
    }

    /// Hears of a request that met `troubles`, which may be none.
    pub(crate) fn hear(&self, exchange: &Exchange, troubles: &[Trouble]) {
        if !troubles.is_empty() {
            self.hear_failure(exchange, troubles);
        }
        // What a success shows is worth something to those in trouble only.
        if self.is_watchful.load(Ordering::Relaxed)
            && let Some(served) = served(exchange)
        {
            self.hear_success(&served.upstream, exchange.elapsed);
        }
    }

    /// Hears of a request of which people are not told, whatever it met: whoever fails in it does not work again.
    pub(crate) fn overhear(&self, exchange: &Exchange, troubles: &[Trouble]) {
        if !troubles.is_empty() && self.is_watchful.load(Ordering::Relaxed) {
            self.write(|book, now| book.failed_untold(troubles, now));
        }
        self.hear(exchange, &[]);
    }

    fn hear_failure(&self, exchange: &Exchange, troubles: &[Trouble]) {
        let (due, admitted) = self.write(|book, now| {
            let due = if book.owes_summary(now) { book.due(now) } else { Vec::new() };
            (due, book.failed(troubles, now))
        });
        self.tell_all(due);
        match admitted {
            Some(admitted) => self.tell(Alert::of_failure(exchange, admitted, &self.hostname, self.language)),
            None => self.suppress(),
        }
    }

    fn hear_success(&self, upstream: &Arc<str>, elapsed: Duration) {
        self.write(|book, now| {
            // A clock that is younger than the request shows nothing.
            if let Some(began) = now.checked_sub(elapsed) {
                book.answered(upstream, began);
            }
        });
    }

    /// Hears that `condition` holds.
    pub(crate) fn begins(&self, condition: Condition) {
        match self.write(|book, now| book.begins(condition, now)) {
            Some(event) => self.tell_all([event]),
            None => self.suppress(),
        }
    }

    /// Hears that `condition` holds no longer, if it ever did.
    pub(crate) fn ends(&self, condition: Condition) {
        let due = self.write(|book, now| {
            book.ends(condition, now);
            book.due(now)
        });
        self.tell_all(due);
    }

    /// Tells what is due, whenever it is: that something works again, and what was held back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub(crate) async fn keep_watch(&self) -> Infallible {
        loop {
            sleep(EVERY).await;
            let due = self.write(Book::due);
            self.tell_all(due);
        }
    }

    fn tell_all(&self, events: impl IntoIterator<Item = Event>) {
        events.into_iter().for_each(|event| self.tell(Alert::now(event, Arc::clone(&self.hostname), self.language)));
    }

    fn tell(&self, alert: Alert) {
        let alert = Arc::new(alert);
        self.outlets.iter().for_each(|outlet| outlet.offer(&alert));
    }

    fn suppress(&self) {
        self.outlets.iter().for_each(Outlet::suppress);
    }

    fn write<T>(&self, change: impl FnOnce(&mut Book, std::time::Instant) -> T) -> T {
        let mut book = self.book();
        // Read under the lock, so that time does not run backwards in the book.
        let changed = change(&mut book, Instant::now().into_std());
        self.is_watchful.store(!book.is_quiet(), Ordering::Relaxed);
        changed
    }

    /// Does something while nobody else can look into the book.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, act: impl FnOnce()) {
        let _book = self.book();
        act();
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The attempt that shows that its upstream works. An answer whose client left shows nothing: it may have left because
/// nothing came.
fn served(exchange: &Exchange) -> Option<&Attempt> {
    match exchange.outcome {
        Outcome::Ok => exchange.served_by(),
        Outcome::UpstreamError
        | Outcome::AllFailed
        | Outcome::ClientClosed
        | Outcome::StreamBroken
        | Outcome::Rejected
        | Outcome::Shed
        | Outcome::Drained => None,
    }
}
