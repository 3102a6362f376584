//! Which kind of failure an HTTP client's error is, told by the types in its chain of causes.

use crate::Fault;
use crate::dns::ResolveError;
use std::error::Error;
use std::io::{self, ErrorKind};

/// How the system says that a connection was there and is gone.
const GONE: [ErrorKind; 5] = [
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::BrokenPipe,
    ErrorKind::UnexpectedEof,
    ErrorKind::NotConnected,
];

/// The failure of making a connection: nothing was sent.
pub(crate) fn of_connecting(error: &(dyn Error + 'static)) -> Fault {
    causes(error).find_map(while_connecting).unwrap_or(Fault::Connect)
}

/// The failure of a request on a connection that was there: it may have been carried out.
pub(crate) fn of_request(error: &(dyn Error + 'static)) -> Fault {
    causes(error).find_map(on_the_way).unwrap_or(Fault::Other)
}

/// An error and what caused it, down to the first cause. An `io::Error` leaves what it wraps out of its sources, and HTTP
/// clients wrap one in another, so the sources alone do not lead to a failed handshake.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| cause.source())
    })
}

fn while_connecting(cause: &(dyn Error + 'static)) -> Option<Fault> {
    if cause.is::<rustls::Error>() {
        return Some(Fault::Tls);
    }
    if cause.is::<ResolveError>() {
        return Some(Fault::Dns);
    }
    let kind = cause.downcast_ref::<io::Error>()?.kind();
    if kind == ErrorKind::ConnectionRefused {
        return Some(Fault::Refused);
    }
    (kind == ErrorKind::TimedOut).then_some(Fault::ConnectTimeout)
}

fn on_the_way(cause: &(dyn Error + 'static)) -> Option<Fault> {
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        if error.is_parse() {
            return Some(Fault::BadHead);
        }
        return (error.is_incomplete_message() || error.is_closed() || error.is_canceled()).then_some(Fault::Reset);
    }
    GONE.contains(&cause.downcast_ref::<io::Error>()?.kind()).then_some(Fault::Reset)
}
