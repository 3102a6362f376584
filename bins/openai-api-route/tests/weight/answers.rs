//! Answers without an end, and clients that do not take them.

use crate::program::{Folder, Gateway, TOKEN, chat, config};
use crate::scale::{KIB, MIB, Scale, serve};
use bytes::Bytes;
use oar_record::Row;
use oar_testkit::{RawClient, Script, ScriptedUpstream, Step};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};

const PLAIN: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";
const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const SOUND: &str = "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\nconnection: close\r\n\r\n";
const COMPLAINT: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";

/// When whatever is waited for must have come.
const LATEST: Duration = Duration::from_secs(20);

/// What upstreams repeat here.
fn piece() -> Bytes {
    Bytes::from_static(&[b'x'; 64 * KIB as usize])
}

/// The model `warm` is answered at once, everything else with these steps.
async fn upstream(steps: impl Into<Vec<Step>>) -> ScriptedUpstream {
    let steps = steps.into();
    let choose = move |_: &_, body: &Bytes| match body.starts_with(br#"{"model": "warm""#) {
        true => vec![Step::send(PLAIN), Step::Fin],
        false => steps.clone(),
    };
    ScriptedUpstream::start(Script::choosing(choose)).await.unwrap()
}

async fn start(upstream: &ScriptedUpstream) -> (Folder, Gateway) {
    serve(&config("", &[("only", upstream)])).await
}

/// Reads and forgets `count` bytes, or as many as there are.
async fn swallow(client: &mut TcpStream, count: u64) -> u64 {
    let (mut room, mut swallowed) = (vec![0; 256 * KIB as usize], 0);
    while swallowed < count {
        match timeout(LATEST, client.read(&mut room)).await.expect("more comes") {
            Ok(read @ 1..) => swallowed += read as u64,
            Ok(0) | Err(_) => break,
        }
    }
    swallowed
}

async fn ask(gateway: &Gateway) -> TcpStream {
    let mut client = TcpStream::connect(gateway.addr).await.unwrap();
    // So that the end of the answer is the end of the connection.
    let request = String::from_utf8(chat(TOKEN, "m").into()).unwrap().replacen("\r\n", "\r\nconnection: close\r\n", 1);
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

/// Stops it, and yields the row of the last request.
async fn last_row(folder: &Folder, gateway: Gateway) -> Row {
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    folder.rows().await.pop().unwrap()
}

/// M08: 200 MiB of an answer without an end go through; the record keeps the first of it, and says so.
#[tokio::test]
async fn an_answer_without_an_end_passes_and_leaves_nothing_behind() {
    let upstream = upstream([Step::send(PLAIN), Step::Forever(piece(), Duration::ZERO)]).await;
    let (folder, gateway) = start(&upstream).await;
    let scale = Scale::warm(&gateway).await;
    let mut client = ask(&gateway).await;
    assert!(swallow(&mut client, 200 * MIB).await >= 200 * MIB);
    drop(client);
    upstream.closed().await;
    scale.assert_never_above(0, 1);
    let row = last_row(&folder, gateway).await;
    assert_eq!((row.outcome.as_deref(), row.truncated), (Some("client_closed"), Some(true)));
    assert!(row.response.is_some_and(|text| text.len() as u64 <= MIB));
}

/// M09: one line of 100 MiB passes, and what follows it is seen for what it is.
#[tokio::test]
async fn a_line_of_100_mib_in_a_stream_passes_and_leaves_nothing_behind() {
    let mut steps = vec![Step::send(EVENTS), Step::send("data: 1\n\ndata: ")];
    steps.extend(std::iter::repeat_n(Step::Send(piece()), 1600));
    steps.extend([Step::send("\n\ndata: [DONE]\n\n"), Step::Fin]);
    let upstream = upstream(steps).await;
    let (folder, gateway) = start(&upstream).await;
    let scale = Scale::warm(&gateway).await;
    assert!(swallow(&mut ask(&gateway).await, u64::MAX).await > 100 * MIB);
    scale.assert_never_above(0, 1);
    assert_eq!(last_row(&folder, gateway).await.outcome.as_deref(), Some("ok"));
}

/// M09: a stream that never ends a line has no event to wait for.
#[tokio::test]
async fn a_stream_without_lines_passes_and_leaves_nothing_behind() {
    let upstream = upstream([Step::send(EVENTS), Step::Forever(piece(), Duration::ZERO)]).await;
    let (folder, gateway) = start(&upstream).await;
    let scale = Scale::warm(&gateway).await;
    let mut client = ask(&gateway).await;
    assert!(swallow(&mut client, 100 * MIB).await >= 100 * MIB);
    drop(client);
    upstream.closed().await;
    scale.assert_never_above(0, 1);
    assert_eq!(last_row(&folder, gateway).await.outcome.as_deref(), Some("client_closed"));
}

/// A hundred requests whose first upstream answers with this head and has no end; the second one answers them.
async fn weigh_errors(head: &'static str) {
    let failing = upstream([Step::send(head), Step::Forever(piece(), Duration::ZERO)]).await;
    let good = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let (_folder, gateway) = serve(&config("", &[("only", &failing), ("next", &good)])).await;
    let scale = Scale::warm(&gateway).await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        let mut client = RawClient::connect(gateway.addr).await.unwrap();
        client.send(chat(TOKEN, "m")).await.unwrap();
        clients.push(client);
    }
    for client in &mut clients {
        assert_eq!(timeout(LATEST, client.read_response()).await.unwrap().unwrap().text(), "good");
    }
    failing.closed().await;
    assert_eq!((failing.hits(), good.hits()), (101, 100));
    scale.assert_never_above(0, 100);
}

/// S12.
#[tokio::test]
async fn a_hundred_failures_without_an_end_leave_nothing_behind() {
    weigh_errors(FAILED).await;
}

/// S12: what the caller did wrong is worth keeping, but not for ever.
#[tokio::test]
async fn a_hundred_complaints_without_an_end_leave_nothing_behind() {
    weigh_errors(COMPLAINT).await;
}

/// Waits until the upstream could send nothing more for a while, or too much, and yields the most it could send on one
/// connection.
async fn until_held_back(upstream: &ScriptedUpstream) -> u64 {
    let mut ticks = interval(Duration::from_millis(300));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = Vec::new();
    loop {
        ticks.tick().await;
        let sent: Vec<_> = upstream.connections().iter().map(|connection| connection.sent).collect();
        let most = sent.iter().copied().max().unwrap_or_default();
        if sent == before || most > SENT_CAP_BYTES {
            return most;
        }
        before = sent;
    }
}

/// The most that an upstream can send to a client that reads nothing, with all that the system keeps for both connections.
const SENT_CAP_BYTES: u64 = 8 * MIB;

/// What each of a hundred clients that read nothing weighs, when each upstream answers with this head and has no end. Each
/// upstream is held back.
async fn weight_of_not_reading(head: &'static str) -> u64 {
    const CLIENTS: u64 = 100;
    let upstream = upstream([Step::send(head), Step::Forever(piece(), Duration::ZERO)]).await;
    let (_folder, gateway) = start(&upstream).await;
    let scale = Scale::warm(&gateway).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(ask(&gateway).await);
    }
    upstream.until_read(1 + CLIENTS as usize).await;
    let (most, each) = (until_held_back(&upstream).await, scale.peak() / CLIENTS);
    println!("for each client that reads nothing at most {} KiB were sent, {} KiB are held", most / KIB, each / KIB);
    assert!(most < SENT_CAP_BYTES, "{} KiB went into buffers", most / KIB);
    drop(clients);
    upstream.closed().await;
    each
}

/// What is on its way to one client is at most five pieces of 64 KiB: two wait to be written, one to be taken by who
/// writes, one has just been read, and into one the next is read.
const ON_ITS_WAY_BYTES: u64 = 5 * 64 * KIB;

/// C06.
#[tokio::test]
async fn clients_that_read_nothing_hold_their_upstreams_back_and_weigh_little() {
    let each = weight_of_not_reading(SOUND).await;
    assert!(each <= ON_ITS_WAY_BYTES, "{} KiB", each / KIB);
}

/// C06: of a text there is a copy for the record as well, of 1 MiB at the most.
#[tokio::test]
async fn clients_that_do_not_read_a_text_weigh_what_is_kept_for_the_record_more() {
    let each = weight_of_not_reading(PLAIN).await;
    assert!(each <= MIB + ON_ITS_WAY_BYTES, "{} KiB", each / KIB);
}
