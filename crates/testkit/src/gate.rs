use std::sync::Arc;
use tokio::sync::watch;

/// A gate that a script waits at until the test opens it; clones are the same gate.
///
/// It makes order certain where a pause would only make it likely: "the client has the first event, now send the second".
///
/// ```
/// use oar_testkit::{Gate, RawClient, Script, ScriptedUpstream, Step, request_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let gate = Gate::new();
/// let stream = [Step::event_stream(), Step::event("one"), Step::Until(gate.clone()), Step::event("two"), Step::chunk("")];
/// let upstream = ScriptedUpstream::start(Script::after_request(stream)).await?;
///
/// let mut client = RawClient::connect(upstream.addr()).await?;
/// client.send(request_bytes("GET", "/", &[], b"")).await?;
/// client.read_through("data: one\n\n").await.expect("the first event");
/// gate.open();
/// client.read_through("data: two\n\n").await.expect("the second");
/// gate.passed().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A closed gate.
    ///
    /// ```
    /// # use oar_testkit::Gate;
    /// use futures_util::FutureExt;
    ///
    /// let gate = Gate::new();
    /// assert!(gate.passed().now_or_never().is_none(), "nobody gets through");
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everyone through, now and from now on.
    ///
    /// ```
    /// # use futures_util::FutureExt;
    /// # use oar_testkit::Gate;
    /// let gate = Gate::new();
    /// gate.clone().open();
    /// assert!(gate.passed().now_or_never().is_some(), "who comes later does not wait");
    /// ```
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits until the gate is open.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use oar_testkit::Gate;
    /// let gate = Gate::new();
    /// let waiter = async {
    ///     gate.passed().await;
    ///     "let through"
    /// };
    /// assert_eq!(tokio::join!(waiter, async { gate.open() }), ("let through", ()));
    /// # }
    /// ```
    pub async fn passed(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}
