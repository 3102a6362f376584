use crate::Gate;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use std::time::Duration;

/// One thing that happens to a prediction, or to those who read its stream.
///
/// With the first of them that is neither [`Pause`](Self::Pause) nor [`Until`](Self::Until) the prediction is
/// `processing`; before it is `starting`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # use oar_testkit::{RawClient, request_bytes};
/// # use serde_json::Value;
/// # let headers = [("authorization", "Bearer r8_any"), ("prefer", "wait")];
/// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input": {"prompt": "x"}}"#);
/// use oar_testkit::replicate::{Play, Standin, Step};
///
/// let play = Play::new([Step::Say("Hel".into()), Step::Log("out of memory".into()), Step::Fail("lost".into())]);
/// let standin = Standin::playing(play).start().await?;
/// let told: Value = serde_json::from_slice(&RawClient::exchange(standin.addr(), create).await?.body)?;
/// assert_eq!((&told["status"], &told["error"]), (&"failed".into(), &"lost".into()));
/// assert_eq!((&told["output"][0], &told["logs"]), (&"Hel".into(), &"out of memory".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub enum Step {
    /// The model makes another piece of its output.
    Say(String),
    /// The model writes into its log.
    Log(String),
    /// Nothing happens for so long.
    Pause(Duration),
    /// Nothing happens until the test opens the gate.
    Until(Gate),
    /// Whoever still waits for the creation's answer gets it now, with what there is: as Replicate does when the output
    /// is whole, but the status is not yet.
    Answer,
    /// These bytes come in the stream, and are part of no output.
    Raw(Bytes),
    /// The stream closes as one that idled, to the first reader who gets here.
    IdleClose,
    /// The stream ends without a word, to the first reader who gets here.
    Close,
    /// The stream's connection is broken, to the first reader who gets here.
    Cut,
    /// The end: `succeeded`.
    Succeed,
    /// The end: `failed`, with this error.
    Fail(String),
    /// The end: `canceled`, by nobody who asked for it here.
    Cancel,
    /// The end: `aborted`.
    Abort,
}

/// What an output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// A list of pieces, which is also streamed.
    #[default]
    Pieces,
    /// One string, which is there at the end and not streamed.
    Whole,
}

/// A prediction's life as a script: what it makes, how it ends, and how Replicate tells of it.
///
/// A play whose steps hold no end goes on for ever.
///
/// ```
/// use oar_testkit::replicate::{Moment, Play, Standin};
/// use oar_testkit::{RawClient, request_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let standin = Standin::playing(Play::saying(["Hel", "lo"]).in_one_string().counting(3, 7)).start().await?;
/// let headers = [("authorization", "Bearer r8_any"), ("prefer", "wait")];
/// let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input": {"prompt": "x"}}"#);
/// let answer = RawClient::exchange(standin.addr(), create).await?;
///
/// let told: serde_json::Value = serde_json::from_slice(&answer.body)?;
/// assert_eq!((&told["output"], &told["metrics"]["output_token_count"]), (&"Hello".into(), &7.into()));
/// standin.happened(Moment::Ended).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Play {
    pub(super) steps: Vec<Step>,
    pub(super) form: Form,
    pub(super) refusal: Option<(StatusCode, Value)>,
    pub(super) answered: Option<Gate>,
    pub(super) told: Option<Value>,
    pub(super) failing_reads: usize,
    pub(super) tokens: Option<(u64, u64)>,
    pub(super) idle: Option<Duration>,
}

impl Play {
    /// These steps, one after the other.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Play, Standin, Step}, request_bytes};
    /// # use serde_json::Value;
    /// # let headers = [("authorization", "Bearer r8_any"), ("prefer", "wait")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let play = Play::new([Step::Say("Hel".into()), Step::Cancel]);
    /// let standin = Standin::playing(play).start().await?;
    /// let told: Value = serde_json::from_slice(&RawClient::exchange(standin.addr(), create).await?.body)?;
    /// assert_eq!(told["status"], "canceled");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), ..Self::default() }
    }

    /// Says this at once, and succeeds.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Play, Standin}, request_bytes};
    /// # use serde_json::Value;
    /// # let headers = [("authorization", "Bearer r8_any"), ("prefer", "wait")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let standin = Standin::playing(Play::saying(["Hel", "lo"])).start().await?;
    /// let told: Value = serde_json::from_slice(&RawClient::exchange(standin.addr(), create).await?.body)?;
    /// assert_eq!((&told["status"], &told["output"][1]), (&"succeeded".into(), &"lo".into()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn saying<T: Into<String>>(pieces: impl IntoIterator<Item = T>) -> Self {
        let pieces = pieces.into_iter().map(|piece| Step::Say(piece.into()));
        Self::new(pieces.chain([Step::Succeed]))
    }

    /// No prediction: the creation is answered with this status and body.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Play, Standin}, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// # use serde_json::json;
    /// let play = Play::refusing(http::StatusCode::PAYMENT_REQUIRED, json!({"title": "Insufficient credit"}));
    /// let standin = Standin::playing(play).start().await?;
    /// let answer = RawClient::exchange(standin.addr(), create).await?;
    /// assert_eq!((answer.head.status(), answer.text().contains("credit")), (Some(402), true));
    /// # Ok(())
    /// # }
    /// ```
    pub fn refusing(status: StatusCode, problem: Value) -> Self {
        Self { refusal: Some((status, problem)), ..Self::default() }
    }

    /// The same with an output that is one string, and without a stream.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Play, Standin}, request_bytes};
    /// # use serde_json::Value;
    /// # let headers = [("authorization", "Bearer r8_any"), ("prefer", "wait")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let standin = Standin::playing(Play::saying(["Hel", "lo"]).in_one_string()).start().await?;
    /// let told: Value = serde_json::from_slice(&RawClient::exchange(standin.addr(), create).await?.body)?;
    /// assert_eq!((&told["output"], &told["urls"]["stream"]), (&"Hello".into(), &Value::Null));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn in_one_string(self) -> Self {
        Self { form: Form::Whole, ..self }
    }

    /// The same, but the creation is answered only once the gate is open. The prediction is under way meanwhile.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{Gate, RawClient, replicate::{Moment, Play, Standin}, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let gate = Gate::new();
    /// let standin = Standin::playing(Play::saying(["Hi"]).answered_after(&gate)).start().await?;
    /// let ending = async {
    ///     standin.happened(Moment::Ended).await;
    ///     gate.open();
    /// };
    /// let (answer, ()) = tokio::join!(RawClient::exchange(standin.addr(), create), ending);
    /// assert_eq!(answer?.head.status(), Some(201));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn answered_after(self, gate: &Gate) -> Self {
        Self { answered: Some(gate.clone()), ..self }
    }

    /// The same, but the creation's answer has these fields instead of its own; `urls` are replaced one by one. `null`
    /// takes a field away.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Play, Standin}, request_bytes};
    /// # use serde_json::{Value, json};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let play = Play::saying(["Hi"]).told_at_creation(json!({"model": "acme/other", "urls": {"stream": null}}));
    /// let standin = Standin::playing(play).start().await?;
    /// let told: Value = serde_json::from_slice(&RawClient::exchange(standin.addr(), create).await?.body)?;
    /// assert_eq!((&told["model"], &told["urls"]["stream"]), (&"acme/other".into(), &Value::Null));
    /// assert!(told["urls"]["get"].is_string(), "that is as it was");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn told_at_creation(self, fields: Value) -> Self {
        Self { told: Some(fields), ..self }
    }

    /// The same, but the first readings of the prediction are answered 500.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Play, Standin}, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let standin = Standin::playing(Play::saying(["Hi"]).failing_reads(1)).start().await?;
    /// RawClient::exchange(standin.addr(), create).await?;
    /// let path = format!("/v1/predictions/{}", standin.predictions()[0]["id"].as_str().unwrap_or_default());
    /// for status in [500, 200] {
    ///     let answer = RawClient::exchange(standin.addr(), request_bytes("GET", &path, &headers, b"")).await?;
    ///     assert_eq!(answer.head.status(), Some(status));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn failing_reads(self, failing_reads: usize) -> Self {
        Self { failing_reads, ..self }
    }

    /// The same with these counts, instead of the prompt's words and the output's pieces.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Play, Standin}, request_bytes};
    /// # use serde_json::Value;
    /// # let headers = [("authorization", "Bearer r8_any"), ("prefer", "wait")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let standin = Standin::playing(Play::saying(["Hi"]).counting(3, 7)).start().await?;
    /// let told: Value = serde_json::from_slice(&RawClient::exchange(standin.addr(), create).await?.body)?;
    /// assert_eq!(told["metrics"]["input_token_count"], 3);
    /// assert_eq!(told["metrics"]["output_token_count"], 7);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn counting(self, input: u64, output: u64) -> Self {
        Self { tokens: Some((input, output)), ..self }
    }

    /// The same, but its stream closes when nothing was said for so long; otherwise the stand-in's own time holds.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Play, Standin}, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// # use std::time::Duration;
    /// let standin = Standin::playing(Play::new([]).idling_after(Duration::from_millis(1))).start().await?;
    /// RawClient::exchange(standin.addr(), create).await?;
    /// let path = format!("/streams/{}", standin.predictions()[0]["id"].as_str().unwrap_or_default());
    /// let stream = RawClient::exchange(standin.addr(), request_bytes("GET", &path, &[], b"")).await?;
    /// assert_eq!(stream.text(), ": hi\n\n:408: 408 Request Timeout\n\n");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn idling_after(self, idle: Duration) -> Self {
        Self { idle: Some(idle), ..self }
    }
}
