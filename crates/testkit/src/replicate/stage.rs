use super::play::Form;
use bytes::Bytes;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// What a prediction can be: <https://replicate.com/docs/topics/predictions/lifecycle>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Starting,
    Processing,
    Succeeded,
    Failed,
    Canceled,
    Aborted,
}

impl Status {
    pub(super) const fn is_terminal(self) -> bool {
        match self {
            Self::Starting | Self::Processing => false,
            Self::Succeeded | Self::Failed | Self::Canceled | Self::Aborted => true,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Aborted => "aborted",
        }
    }

    /// What the stream's last event says.
    fn done(self) -> &'static str {
        match self {
            Self::Starting | Self::Processing | Self::Succeeded => "{}",
            Self::Failed => r#"{"reason": "error"}"#,
            Self::Canceled | Self::Aborted => r#"{"reason": "canceled"}"#,
        }
    }
}

/// Something in a prediction's life that tests look for.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # use oar_testkit::{RawClient, request_bytes};
/// # let headers = [("authorization", "Bearer r8_any")];
/// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input": {"prompt": "x"}}"#);
/// use oar_testkit::replicate::{Moment, Play, Standin};
///
/// // It never says anything, so that whoever reads its stream leaves too soon.
/// let standin = Standin::playing(Play::new([])).start().await?;
/// RawClient::exchange(standin.addr(), create).await?;
/// let path = format!("/streams/{}", standin.predictions()[0]["id"].as_str().unwrap_or_default());
/// let mut reader = RawClient::connect(standin.addr()).await?;
/// reader.send(request_bytes("GET", &path, &[], b"")).await?;
/// standin.happened(Moment::StreamOpened).await;
/// reader.abandon();
/// standin.happened(Moment::StreamLeft).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It was created.
    Created,
    /// The first piece of its output was made.
    FirstPiece,
    /// Somebody began to read its stream.
    StreamOpened,
    /// Somebody left its stream before that was over.
    StreamLeft,
    /// Somebody asked to cancel it, in time or not.
    Cancelled,
    /// It ended, whichever way.
    Ended,
}

impl Moment {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::FirstPiece => "first_piece",
            Self::StreamOpened => "stream_opened",
            Self::StreamLeft => "stream_left",
            Self::Cancelled => "cancelled",
            Self::Ended => "ended",
        }
    }
}

/// What a reader of the stream comes by.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Event {
        id: String,
        bytes: Bytes,
    },
    Raw(Bytes),
    Interruption(Interruption),
    /// An interruption that an earlier reader has met.
    Past,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Interruption {
    Idle,
    Close,
    Cut,
}

impl Entry {
    /// What it is for this reader. An interruption is for one only.
    pub(super) fn take(&mut self) -> Self {
        let taken = self.clone();
        if matches!(self, Self::Interruption(_)) {
            *self = Self::Past;
        }
        taken
    }
}

/// Where a prediction stands. Times count from its creation.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) status: Status,
    pub(super) pieces: Vec<String>,
    pub(super) error: Option<String>,
    pub(super) logs: String,
    pub(super) entries: Vec<Entry>,
    pub(super) moments: Vec<(Moment, Duration)>,
    pub(super) started: Option<Duration>,
    pub(super) first_piece: Option<Duration>,
    pub(super) completed: Option<Duration>,
    /// What it was when the creation was answered, if its play answers it.
    pub(super) answer: Option<Box<Stage>>,
    /// The time of the change that is being made.
    pub(super) now: Duration,
    /// The seconds with which the ids of its events begin.
    pub(super) epoch: u64,
    form: Form,
}

impl Stage {
    pub(super) fn new(form: Form) -> Self {
        Self {
            status: Status::Starting,
            pieces: Vec::new(),
            error: None,
            logs: String::new(),
            entries: Vec::new(),
            moments: Vec::new(),
            started: None,
            first_piece: None,
            completed: None,
            answer: None,
            now: Duration::ZERO,
            epoch: 0,
            form,
        }
    }

    pub(super) fn start(&mut self) {
        self.status = Status::Processing;
        self.started.get_or_insert(self.now);
    }

    pub(super) fn say(&mut self, piece: &str) {
        if self.pieces.is_empty() {
            self.first_piece = Some(self.now);
            self.moments.push((Moment::FirstPiece, self.now));
        }
        self.pieces.push(piece.to_owned());
        self.event("output", piece);
    }

    pub(super) fn log(&mut self, text: &str) {
        self.logs.push_str(text);
        self.event("logs", text);
    }

    pub(super) fn fail(&mut self, error: &str) {
        self.error = Some(error.to_owned());
        self.event("error", &json!({ "detail": error }).to_string());
        self.end(Status::Failed);
    }

    pub(super) fn end(&mut self, status: Status) {
        self.status = status;
        self.completed = Some(self.now);
        self.moments.push((Moment::Ended, self.now));
        self.event("done", status.done());
    }

    /// As much as can be told.
    pub(super) fn output(&self) -> Value {
        match self.form {
            _ if self.pieces.is_empty() => Value::Null,
            Form::Pieces => json!(self.pieces),
            Form::Whole if self.status == Status::Succeeded => json!(self.pieces.concat()),
            Form::Whole => Value::Null,
        }
    }

    /// Where the entry after the event with that id is.
    pub(super) fn after(&self, event_id: &str) -> Option<usize> {
        let found = self.entries.iter().position(|entry| matches!(entry, Entry::Event { id, .. } if id == event_id));
        found.map(|index| index + 1)
    }

    fn event(&mut self, name: &str, data: &str) {
        let id = format!("{}:{}", self.epoch, self.entries.len());
        let mut event = format!("event: {name}\nid: {id}\n");
        for line in data.split('\n') {
            // Writing into a string cannot fail.
            let _ = writeln!(event, "data: {line}");
        }
        event.push('\n');
        self.entries.push(Entry::Event { id, bytes: event.into() });
    }
}
