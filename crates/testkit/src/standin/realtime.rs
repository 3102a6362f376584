//! `GET /v1/realtime`: a WebSocket (RFC 6455) that sends every message back.

use super::problem;
use crate::reply::{self, Reply};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use sha1::{Digest, Sha1};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Section 1.3 of the RFC: proves that the server speaks WebSocket.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const PAYLOAD_CAP_BYTES: u64 = 16 * 1024 * 1024;
const MASKED: u8 = 0x80;

const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// Agrees to the handshake, or says why not; with the connection to come when it agreed.
pub(super) fn accept<B>(request: &mut Request<B>) -> (Reply, Option<OnUpgrade>) {
    let headers = request.headers();
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY).filter(|_| asks_for_websocket(headers)).cloned() else {
        return (problem::missing("upgrade"), None);
    };
    let protocol = headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|offered| offered.to_str().ok());
    let realtime = protocol.is_some_and(|offered| offered.split(',').any(|one| one.trim() == "realtime"));
    let mut reply = Response::new(reply::empty());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *reply.headers_mut() = switching(key.as_bytes());
    if realtime {
        reply.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("realtime"));
    }
    (reply, Some(hyper::upgrade::on(request)))
}

fn asks_for_websocket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn switching(key: &[u8]) -> HeaderMap {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let accept = HeaderValue::from_str(&BASE64_STANDARD.encode(digest));
    let mut headers = HeaderMap::new();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.extend(accept.map(|accept| (SEC_WEBSOCKET_ACCEPT, accept)));
    headers
}

/// Sends every frame back until the client closes.
pub(super) async fn echo(mut socket: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    loop {
        let (first, payload) = read_frame(&mut socket).await?;
        let opcode = first & 0x0f;
        let first = if opcode == PING { (first & 0xf0) | PONG } else { first };
        if opcode != PONG {
            write_frame(&mut socket, first, &payload).await?;
        }
        if opcode == CLOSE {
            return socket.shutdown().await;
        }
    }
}

/// One frame's first byte, which is kept as it is, and its payload without the mask (section 5.2).
async fn read_frame(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let first = socket.read_u8().await?;
    let second = socket.read_u8().await?;
    let length = match second & !MASKED {
        126 => u64::from(socket.read_u16().await?),
        127 => socket.read_u64().await?,
        short => u64::from(short),
    };
    if length > PAYLOAD_CAP_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut mask = [0; 4];
    if second & MASKED != 0 {
        socket.read_exact(&mut mask).await?;
    }
    let mut payload = Vec::new();
    (&mut *socket).take(length).read_to_end(&mut payload).await?;
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok((first, payload))
}

async fn write_frame(socket: &mut (impl AsyncWrite + Unpin), first: u8, payload: &[u8]) -> io::Result<()> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..126), _) => frame.push(short),
        (_, Ok(medium)) => {
            frame.push(126);
            frame.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    socket.write_all(&frame).await?;
    socket.flush().await
}
