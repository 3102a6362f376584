//! An upgraded connection: bytes both ways until one side ends.

use crate::ledger::Ledger;
use http::{HeaderMap, HeaderValue, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use oar_exchange::Outcome;
use oar_upstream::Duplex;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, split};
use tokio_util::task::TaskTracker;

/// The headers of the gateway's own `101`: the upstream's, and the handshake's, which are hop-by-hop.
pub(crate) fn switching(mut headers: HeaderMap) -> HeaderMap {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers
}

/// Carries bytes between the two ends in a task that `tunnels` owns, and closes the story when one of them ends.
pub(crate) fn open(upstream: Box<dyn Duplex>, client: Option<OnUpgrade>, mut ledger: Ledger, tunnels: &TaskTracker) {
    let Some(client) = client else { return };
    tunnels.spawn(async move {
        let Ok(client) = client.await else { return };
        let carried = carry(TokioIo::new(client), upstream).await;
        ledger.tunnelled(carried.from_client, carried.to_client);
        match carried.ended {
            Ok(()) => ledger.close(Outcome::Ok, None),
            Err(error) => ledger.close(Outcome::StreamBroken, Some(format!("upgraded connection failed: {error}"))),
        }
    });
}

struct Carried {
    from_client: u64,
    to_client: u64,
    ended: io::Result<()>,
}

/// Copies both ways. When the client's side ends, the upstream's is dropped at once; when the upstream's ends, the client
/// has got everything and is told so.
async fn carry(client: impl AsyncRead + AsyncWrite, upstream: Box<dyn Duplex>) -> Carried {
    let (mut from_client, mut to_client) = split(client);
    let (mut from_upstream, mut to_upstream) = split(upstream);
    let (mut up, mut down) = (0, 0);
    let ended = tokio::select! {
        ended = copy(&mut from_client, &mut to_upstream, &mut up) => ended.or(Ok(())),
        ended = copy(&mut from_upstream, &mut to_client, &mut down) => ended,
    };
    // The client may have gone already; there is nobody left to tell.
    let _ = to_client.shutdown().await;
    Carried { from_client: up, to_client: down, ended }
}

/// Copies until the end, counting as it goes: the count is right even if the copy is abandoned.
async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    count: &mut u64,
) -> io::Result<()> {
    use tokio::io::AsyncReadExt;
    let mut buffer = bytes::BytesMut::with_capacity(16 * 1024);
    while from.read_buf(&mut buffer).await? > 0 {
        *count += buffer.len() as u64;
        to.write_all_buf(&mut buffer).await?;
        to.flush().await?;
        buffer.clear();
    }
    Ok(())
}
