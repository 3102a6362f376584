//! What an error says when it is asked for more.

use std::error::Error;
use std::io;

/// An error and what caused it, down to the first cause. An `io::Error` leaves what it wraps out of its sources, and HTTP
/// clients wrap one in another, so the sources alone do not lead to a failed handshake.
pub(crate) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| cause.source())
    })
}
