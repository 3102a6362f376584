use crate::upstream::{Role, Ticket};
use bytes::Bytes;

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// The path, with its `/v1`.
    pub path: &'static str,
    /// What the client presents.
    pub token: &'static str,
    /// What it is known by.
    pub ticket: Ticket,
    /// The type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// The headers, but for those that concern the connection.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("authorization", format!("Bearer {}", self.token)),
            ("content-type", self.content_type.to_owned()),
            ("x-request-id", self.ticket.to_string()),
        ]
    }
}

/// How a client behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// Reads the answer to its end.
    Reads,
    /// The same, with rests in between.
    ReadsSlowly,
    /// Leaves as soon as this upstream has the request.
    LeavesWaiting(Role, Parting),
    /// Leaves when it has read so many bytes of the answer's body.
    LeavesReading(usize),
    /// Leaves in the middle of its request's body.
    LeavesSending,
    /// Leaves in the middle of its request's head.
    LeavesInHead,
    /// Promises a body of this size, and waits for what is said to that.
    Promises(usize),
    /// Sends a body of this size without saying so before.
    SendsUnpromised(usize),
}

/// How a client closes its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// In order.
    Close,
    /// With a reset.
    Reset,
    /// In order, and with bytes left behind that no request needs.
    StrayBytes,
}
