//! Who asked which upstream, as the upstreams saw it.

use super::{Role, Ticket};
use crate::mistakes::Mistakes;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What one request did to the upstreams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// Who has read it, in order.
    pub seen: Vec<Role>,
    /// Who was left by the gateway before the end of the answer.
    pub let_go: Vec<Role>,
}

/// The upstreams' common memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Hits(Arc<Memory>);

#[derive(Debug, Default)]
struct Memory {
    visits: Mutex<HashMap<u64, watch::Sender<Visit>>>,
    /// Requests that nobody waited for.
    strays: Mutex<Mistakes>,
    at_work: AtomicUsize,
}

impl Hits {
    /// Follows the request with this ticket, from now until what is returned is dropped. Whatever reaches an upstream
    /// outside that time is a stray.
    pub fn follow(&self, ticket: Ticket) -> Trail {
        let sender = watch::Sender::new(Visit::default());
        let visit = sender.subscribe();
        self.visits().insert(ticket.number, sender);
        Trail { hits: self.clone(), ticket, visit }
    }

    /// How many requests upstreams are answering.
    pub fn at_work(&self) -> usize {
        self.0.at_work.load(Ordering::Relaxed)
    }

    /// Requests that came and that nobody waited for.
    pub fn strays(&self) -> Mistakes {
        self.0.strays.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An upstream has read a request. It answers it until what is returned is dropped.
    pub(super) fn seen(&self, ticket: Option<Ticket>, role: Role) -> AtWork {
        let known = ticket.is_some_and(|ticket| self.note(ticket, |visit| visit.seen.push(role)));
        if !known {
            self.stray(ticket, role);
        }
        self.0.at_work.fetch_add(1, Ordering::Relaxed);
        AtWork(Arc::clone(&self.0))
    }

    /// The gateway has left an upstream in the middle of a request.
    pub(super) fn let_go(&self, ticket: Option<Ticket>, role: Role) {
        if let Some(ticket) = ticket {
            // Nobody waits any more when the client had its answer from somebody else.
            let _ = self.note(ticket, |visit| visit.let_go.push(role));
        }
    }

    fn note(&self, ticket: Ticket, note: impl FnOnce(&mut Visit)) -> bool {
        let visits = self.visits();
        let visit = visits.get(&ticket.number);
        visit.map(|visit| visit.send_modify(note)).is_some()
    }

    fn stray(&self, ticket: Option<Ticket>, role: Role) {
        let who = ticket.map_or_else(|| "somebody unknown".into(), |ticket| ticket.to_string());
        let mut strays = self.0.strays.lock().unwrap_or_else(PoisonError::into_inner);
        strays.add(format!("{who} at {}", role.name()));
    }

    fn visits(&self) -> MutexGuard<'_, HashMap<u64, watch::Sender<Visit>>> {
        self.0.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upstream is answering.
pub(super) struct AtWork(Arc<Memory>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One request's way through the upstreams, while it is followed.
#[derive(Debug)]
pub struct Trail {
    hits: Hits,
    ticket: Ticket,
    visit: watch::Receiver<Visit>,
}

impl Trail {
    /// Waits until this upstream has read the request.
    pub async fn until_seen_by(&mut self, role: Role) {
        self.until(|visit| visit.seen.contains(&role)).await;
    }

    /// Waits until the gateway has left this upstream.
    pub async fn until_let_go_by(&mut self, role: Role) {
        self.until(|visit| visit.let_go.contains(&role)).await;
    }

    /// What happened so far.
    pub fn visit(&self) -> Visit {
        self.visit.borrow().clone()
    }

    async fn until(&mut self, holds: impl FnMut(&Visit) -> bool) {
        // The sender is kept until `self` is dropped, so waiting cannot fail.
        let _ = self.visit.wait_for(holds).await;
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        self.hits.visits().remove(&self.ticket.number);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    const TICKET: Ticket = Ticket { number: 1, kind: Kind::Plain };

    #[tokio::test]
    async fn a_request_is_followed_until_nobody_waits_for_it() {
        let hits = Hits::default();
        let mut trail = hits.follow(TICKET);
        drop(hits.seen(Some(TICKET), Role::Resets));
        let work = hits.seen(Some(TICKET), Role::Holds);
        trail.until_seen_by(Role::Holds).await;
        assert_eq!(hits.at_work(), 1);
        hits.let_go(Some(TICKET), Role::Holds);
        drop(work);
        trail.until_let_go_by(Role::Holds).await;
        assert_eq!(trail.visit(), Visit { seen: vec![Role::Resets, Role::Holds], let_go: vec![Role::Holds] });
        assert_eq!((hits.at_work(), hits.strays().count()), (0, 0));
    }

    #[test]
    fn what_comes_when_nobody_waits_is_a_stray() {
        let hits = Hits::default();
        drop(hits.follow(TICKET));
        drop(hits.seen(Some(TICKET), Role::Good));
        drop(hits.seen(None, Role::Good));
        assert_eq!(hits.strays().first(), ["soak-1-plain at good", "somebody unknown at good"]);
    }
}
