//! The listening socket.

use oar_config::ListenAddress;
use socket2::SockRef;
use std::io;
use tokio::net::TcpListener;

/// How many connections the system keeps until they are accepted, if it allows as many. The standard library asks for 128:
/// in a burst of clients the others would try again after a second, then after three.
const BACKLOG: i32 = 4096;

/// Binds the first of its addresses that can be bound.
pub(crate) async fn bind(address: &ListenAddress) -> io::Result<TcpListener> {
    let mut first_error = None;
    for candidate in address.candidates() {
        match bind_one(&candidate).await {
            Ok(listener) => return Ok(listener),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let error = first_error.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    Err(io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
}

async fn bind_one(candidate: &str) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(candidate).await?;
    SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}
