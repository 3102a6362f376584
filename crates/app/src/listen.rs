//! The listening socket.

use oar_config::ListenAddress;
use std::io;
use tokio::net::TcpListener;

/// Binds the first address that can be bound.
pub(crate) async fn bind(address: &ListenAddress) -> io::Result<TcpListener> {
    let mut first_error = None;
    for candidate in address.candidates() {
        match TcpListener::bind(&candidate).await {
            Ok(listener) => return Ok(listener),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    let error = first_error.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    Err(io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
}
