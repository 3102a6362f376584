use crate::causes::causes;
use crate::dns::ResolveError;
use crate::{Fault, UpstreamError};
use std::error::Error;
use std::io::{self, ErrorKind};

/// What kind of failure kept a request from being answered.
///
/// The address is left out of the cause: it may hold what gives access to a stream.
pub(super) fn of(error: reqwest::Error) -> UpstreamError {
    UpstreamError::caused_by(kind(&error), error.without_url())
}

fn kind(error: &reqwest::Error) -> Fault {
    if error.is_connect() {
        return before_anything_was_sent(error);
    }
    causes(error).find_map(on_the_way).unwrap_or(Fault::Other)
}

fn before_anything_was_sent(error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        return Fault::ConnectTimeout;
    }
    causes(error).find_map(while_connecting).unwrap_or(Fault::Connect)
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

/// How the system says that a connection was there and is gone.
const GONE: &[ErrorKind] = &[
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::BrokenPipe,
    ErrorKind::NotConnected,
    ErrorKind::UnexpectedEof,
];
