use crate::exchange::Exchange;
use std::sync::Arc;

/// Who hears about requests.
///
/// Called on the request path, from whichever task the request ended on: count, or hand the story over to a queue that has
/// a bound, and return. Whatever takes long here delays a client.
///
/// ```
/// use oar_exchange::{Exchange, Observer};
/// use std::sync::Arc;
/// use std::sync::mpsc::{SyncSender, sync_channel};
///
/// /// Hands stories over to a thread of its own; while that is busy, the newest are lost.
/// struct HandOver(SyncSender<Arc<Exchange>>);
///
/// impl Observer for HandOver {
///     fn finished(&self, exchange: &Arc<Exchange>) {
///         let _lost_when_full = self.0.try_send(Arc::clone(exchange));
///     }
/// }
///
/// # use oar_exchange::Request;
/// # let request = Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
/// # let exchange = Arc::new(Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
/// let (sender, receiver) = sync_channel(1);
/// let observer = HandOver(sender);
/// observer.finished(&exchange);
/// observer.finished(&exchange);
/// assert_eq!(receiver.try_iter().count(), 1);
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Called exactly once per request, whichever way it ended. Must not block, cannot fail.
    ///
    /// ```
    /// # use oar_exchange::{Exchange, Observer, Request};
    /// # use std::sync::{Arc, Mutex};
    /// # let request = Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
    /// # let exchange = Arc::new(Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
    /// #[derive(Default)]
    /// struct Slowest(Mutex<Option<Arc<Exchange>>>);
    ///
    /// impl Observer for Slowest {
    ///     fn finished(&self, exchange: &Arc<Exchange>) {
    ///         let Ok(mut slowest) = self.0.lock() else { return };
    ///         if slowest.as_ref().is_none_or(|known| known.elapsed < exchange.elapsed) {
    ///             *slowest = Some(Arc::clone(exchange));
    ///         }
    ///     }
    /// }
    ///
    /// let observer = Slowest::default();
    /// observer.finished(&exchange);
    /// assert!(observer.0.lock().is_ok_and(|slowest| slowest.is_some()));
    /// ```
    fn finished(&self, exchange: &Arc<Exchange>);

    /// Called once when a request was accepted, before anything is known of it. Each call is followed by exactly one
    /// [`finished`](Self::finished). By default it does nothing.
    ///
    /// ```
    /// # use oar_exchange::{Exchange, Observer};
    /// # use std::sync::Arc;
    /// # use std::sync::atomic::{AtomicU64, Ordering};
    /// #[derive(Default)]
    /// struct Running(AtomicU64);
    ///
    /// impl Observer for Running {
    ///     fn started(&self) {
    ///         self.0.fetch_add(1, Ordering::Relaxed);
    ///     }
    ///
    ///     fn finished(&self, _: &Arc<Exchange>) {
    ///         self.0.fetch_sub(1, Ordering::Relaxed);
    ///     }
    /// }
    ///
    /// let running = Running::default();
    /// running.started();
    /// assert_eq!(running.0.into_inner(), 1);
    /// ```
    fn started(&self) {}
}
