//! HTTP/2 clients that begin requests and take them back at once.

use crate::service::{Service, TOKEN, get};
use oar_testkit::ScriptedUpstream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// RFC 9113, sections 3.4 and 6.5: the preface, and no settings.
const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// RFC 9113, section 6.
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

/// RFC 9113, section 7.
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// How often a request is begun and taken back.
const REQUESTS: u32 = 10_000;

/// RFC 9113, section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field whose name is in the static table (RFC 7541, section 6.2.2 and appendix A), as a literal.
fn literal(name: u8, value: &str) -> Vec<u8> {
    let index = if name < 15 { vec![name] } else { vec![15, name - 15] };
    [index, vec![u8::try_from(value.len()).unwrap()], value.as_bytes().to_vec()].concat()
}

/// `GET /v1/files` as a whole, which goes to an upstream.
fn request(stream: u32) -> Vec<u8> {
    const GET_AND_HTTP: [u8; 2] = [0x82, 0x86];
    let fields = [literal(1, "gateway.test"), literal(4, "/v1/files"), literal(23, &format!("Bearer {TOKEN}"))];
    frame(HEADERS, 0x5, stream, &[&GET_AND_HTTP, fields.concat().as_slice()].concat())
}

/// Begins a request and takes it back.
fn begun_and_cancelled(number: u32) -> Vec<u8> {
    let stream = 2 * number + 1;
    [request(stream), frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes())].concat()
}

/// The frames that came: their kinds and payloads.
fn frames(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        frames.push((head[3], payload));
        bytes = rest;
    }
    frames
}

/// Everything that is answered to all of this, until the connection ends.
async fn flooded(service: &Service) -> Vec<u8> {
    let (mut from, mut to) = TcpStream::connect(service.addr).await.unwrap().into_split();
    let mut answered = Vec::new();
    let flood = async {
        to.write_all(OPENING).await.unwrap();
        for number in 0..REQUESTS {
            if to.write_all(&begun_and_cancelled(number)).await.is_err() {
                break;
            }
        }
    };
    // A reset may follow what was said before; that has been read by then.
    let listen = async { _ = from.read_to_end(&mut answered).await };
    tokio::join!(flood, listen);
    answered
}

async fn sum(service: &Service, family: &str) -> f64 {
    let page = service.ask(get("/metrics")).await.text();
    let of_family = |line: &&str| line.starts_with(&format!("{family}{{"));
    page.lines().filter(of_family).map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

/// C17: the connection is told to calm down and ends long before all of it is done, no attempt is made for what was not
/// begun, nothing goes on, and others are served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_that_are_taken_back_end_their_connection_and_nothing_else() {
    let upstream = ScriptedUpstream::hanging().await.unwrap();
    let service = Service::before(&upstream).await;
    let answered = flooded(&service).await;
    let farewell = frames(&answered).into_iter().rfind(|(kind, _)| *kind == GOAWAY).expect("a GOAWAY").1;
    assert_eq!(farewell[4..8], ENHANCE_YOUR_CALM.to_be_bytes());

    while service.metric("oar_in_flight").await > 0.0 {}
    let (requests, attempts) = (sum(&service, "oar_requests_total").await, sum(&service, "oar_attempts_total").await);
    assert!(requests < f64::from(REQUESTS) / 2.0, "{requests} requests");
    assert!(attempts <= requests && upstream.hits() as f64 <= attempts, "{attempts} attempts");
    assert_eq!(service.ask(get("/livez")).await.text(), "ok\n");
    service.stop().await;
}

/// C17: who lets each request reach its upstream before it takes it back makes attempts, and leaves none behind.
#[tokio::test]
async fn requests_that_are_taken_back_later_end_with_their_attempts() {
    const REQUESTS: u32 = 300;
    let upstream = ScriptedUpstream::hanging().await.unwrap();
    let service = Service::before(&upstream).await;
    let mut client = TcpStream::connect(service.addr).await.unwrap();
    client.write_all(OPENING).await.unwrap();
    for number in 0..REQUESTS {
        let stream = 2 * number + 1;
        client.write_all(&request(stream)).await.unwrap();
        upstream.until_read(number as usize + 1).await;
        client.write_all(&frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes())).await.unwrap();
    }
    upstream.closed().await;
    while service.metric("oar_in_flight").await > 0.0 {}
    assert_eq!(service.metric(r#"oar_attempts_total{upstream="only",result="abandoned"}"#).await, f64::from(REQUESTS));
    assert_eq!(
        service.metric(r#"oar_requests_total{outcome="client_closed",status="499"}"#).await,
        f64::from(REQUESTS)
    );
    assert_eq!(upstream.connections().len(), REQUESTS as usize);
    drop(client);
    service.stop().await;
}
