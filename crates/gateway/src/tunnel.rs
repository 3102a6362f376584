//! An upgraded connection: bytes both ways until one side ends.

use crate::ledger::Ledger;
use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use oar_exchange::Outcome;
use oar_upstream::Duplex;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio_util::task::TaskTracker;

/// Room for what one read brings, in each direction of each upgraded connection.
const BUFFER_BYTES: usize = 16 * 1024;

/// The headers of the gateway's own `101`: the upstream's, and the handshake's, which are hop-by-hop.
pub(crate) fn switching(mut headers: HeaderMap) -> HeaderMap {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers
}

/// Carries bytes between the two ends in a task that `tunnels` owns, and closes the story when one of them ends.
pub(crate) fn open(upstream: Box<dyn Duplex>, client: Option<OnUpgrade>, mut ledger: Ledger, tunnels: &TaskTracker) {
    let Some(client) = client else { return };
    let cut = ledger.cut().clone();
    tunnels.spawn(async move {
        let Ok(client) = client.await else { return };
        let mut carried = Carried::default();
        let ended = cut.run_until_cancelled(carry(TokioIo::new(client), upstream, &mut carried)).await;
        ledger.tunnelled(&carried);
        match ended {
            Some(Ended::Properly) => ledger.close(Outcome::Ok, None),
            Some(Ended::ByClient) => ledger.close(Outcome::ClientClosed, None),
            Some(Ended::ByUpstream(error)) => {
                ledger.close(Outcome::StreamBroken, Some(format!("the upstream's connection failed: {error}")));
            }
            None => ledger.close(Outcome::Drained, None),
        }
    });
}

/// How many bytes have come from the client, and how many for it.
#[derive(Default)]
pub(crate) struct Carried {
    pub(crate) from_client: u64,
    pub(crate) to_client: u64,
}

/// How an upgraded connection ended.
enum Ended {
    /// One side said that it was done.
    Properly,
    /// The client's side failed.
    ByClient,
    /// The upstream's side failed.
    ByUpstream(io::Error),
}

/// Copies both ways and counts the bytes. When the client's side ends, the upstream's is dropped at once; when the
/// upstream's ends, the client has got everything and is told so.
async fn carry(client: impl AsyncRead + AsyncWrite, upstream: Box<dyn Duplex>, carried: &mut Carried) -> Ended {
    let (mut from_client, mut to_client) = split(client);
    let (mut from_upstream, mut to_upstream) = split(upstream);
    let ended = tokio::select! {
        ended = copy(&mut from_client, &mut to_upstream, &mut carried.from_client) => match ended {
            Ok(()) => Ended::Properly,
            Err(CopyError::Read(_)) => Ended::ByClient,
            Err(CopyError::Write(error)) => Ended::ByUpstream(error),
        },
        ended = copy(&mut from_upstream, &mut to_client, &mut carried.to_client) => match ended {
            Ok(()) => Ended::Properly,
            Err(CopyError::Read(error)) => Ended::ByUpstream(error),
            Err(CopyError::Write(_)) => Ended::ByClient,
        },
    };
    // The client may have gone already; there is nobody left to tell.
    let _ = to_client.shutdown().await;
    ended
}

/// Which end of a copy failed.
enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// Copies until the end, counting as it goes: the count is right even if the copy is abandoned.
async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    count: &mut u64,
) -> Result<(), CopyError> {
    let mut buffer = BytesMut::with_capacity(BUFFER_BYTES);
    while from.read_buf(&mut buffer).await.map_err(CopyError::Read)? > 0 {
        *count += buffer.len() as u64;
        to.write_all_buf(&mut buffer).await.map_err(CopyError::Write)?;
        to.flush().await.map_err(CopyError::Write)?;
        buffer.clear();
    }
    Ok(())
}
