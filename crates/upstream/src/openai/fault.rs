//! Which kind of failure an HTTP client's error is.

use crate::{BodyError, Fault, UpstreamError};
use std::error::Error;
use std::io;

/// The failure of an exchange on a connection that was there.
pub(super) fn of_hyper(error: BodyError) -> UpstreamError {
    UpstreamError::caused_by(on_connection(&*error), error)
}

fn on_connection(error: &(dyn Error + 'static)) -> Fault {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(hyper) = current.downcast_ref::<hyper::Error>() {
            if hyper.is_parse() {
                return Fault::BadHead;
            }
            if hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed() {
                return Fault::Reset;
            }
        } else if let Some(io) = current.downcast_ref::<io::Error>() {
            return of_io(io.kind());
        }
        cause = current.source();
    }
    Fault::Other
}

/// The failure of reading from a connection, or writing to it.
pub(super) fn of_io(kind: io::ErrorKind) -> Fault {
    let ended = [
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::UnexpectedEof,
        io::ErrorKind::NotConnected,
    ];
    if ended.contains(&kind) { Fault::Reset } else { Fault::Other }
}
