//! More and larger bodies than there is room for.

use crate::program::{TOKEN, config};
use crate::scale::{MIB, Scale, serve};
use bytes::Bytes;
use oar_testkit::{Gate, RawClient, RawResponse, Script, ScriptedUpstream, Step, request_bytes};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

/// What all bodies may hold together, where memory is plenty.
const ROOM_BYTES: u64 = 512 * MIB;

/// The largest body.
const BODY_CAP_BYTES: usize = 64 * MIB as usize;

/// When those who find no room must have been told so: 5 s and what it takes to read what the others send.
const LATEST: Duration = Duration::from_secs(20);

/// What nobody looks into, so that reading it is all the work.
const PATH: &str = "/v1/weights";

/// The size of an upload.
pub(crate) const UPLOAD_BYTES: usize = 10 * MIB as usize;

/// The first upstream answers what is no upload; the second takes only the head of one, and never answers.
pub(crate) struct Upstreams {
    pub(crate) hanging: ScriptedUpstream,
    good: ScriptedUpstream,
}

impl Upstreams {
    pub(crate) async fn start() -> Self {
        Self::taking([Step::ReadHead, Step::Hang]).await
    }

    /// The second upstream plays these steps.
    async fn taking(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            hanging: ScriptedUpstream::start(Script::new(steps)).await.unwrap(),
            good: ScriptedUpstream::answering(200, &[], "good").await.unwrap(),
        }
    }

    pub(crate) fn config(&self) -> String {
        let text = config("dbtype: none", &[("only", &self.good), ("next", &self.hanging)]);
        text.replace("name: only", &format!("name: only, deny: [{PATH}]"))
    }
}

/// The head of an upload, framed like that.
fn head(framing: (&str, &str)) -> Bytes {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/octet-stream"), framing];
    request_bytes("POST", PATH, &headers, b"")
}

/// Uploads at the same time, and yields the answers as they come.
pub(crate) fn upload(addr: SocketAddr, count: usize) -> JoinSet<RawResponse> {
    let body = Bytes::from(vec![b'x'; UPLOAD_BYTES]);
    let mut uploads = JoinSet::new();
    for _ in 0..count {
        let body = body.clone();
        uploads.spawn(async move {
            let mut client = RawClient::connect(addr).await.unwrap();
            client.send(head(("content-length", &body.len().to_string()))).await.unwrap();
            client.send(body).await.unwrap();
            client.read_response().await.unwrap()
        });
    }
    uploads
}

/// Waits until so many uploads were sent away for lack of room.
pub(crate) async fn assert_shed(uploads: &mut JoinSet<RawResponse>, count: usize) {
    for number in 1..=count {
        let answered = timeout(LATEST, uploads.join_next()).await;
        let answer = answered.unwrap_or_else(|_| panic!("{number} of {count} are kept waiting")).unwrap().unwrap();
        assert_eq!((answer.head.status(), answer.head.header("retry-after")), (Some(503), Some("1")));
        assert!(answer.text().contains(r#""code":"overloaded""#), "{}", answer.text());
    }
}

/// C12: of 60 uploads of 10 MiB, 51 fit into 512 MiB; the others are sent away in time. When the first have gone, so has
/// what they held.
#[tokio::test]
async fn a_crowd_of_uploads_waits_and_is_refused_before_memory_is_full() {
    let upstreams = Upstreams::start().await;
    let (_folder, gateway) = serve(&upstreams.config()).await;
    let scale = Scale::warm(&gateway).await;
    let mut uploads = upload(gateway.addr, 60);
    assert_shed(&mut uploads, 9).await;
    upstreams.hanging.until_hit(51).await;
    scale.assert_never_above(ROOM_BYTES, 0);
    drop(uploads);
    upstreams.hanging.closed().await;
    let given_back = async {
        let mut ticks = interval(Duration::from_millis(50));
        while scale.growth() > 64 * MIB {
            ticks.tick().await;
        }
    };
    timeout(LATEST, given_back).await.expect("memory is given back");
    // A second crowd finds no holes that the first has left.
    let again = upload(gateway.addr, 51);
    upstreams.hanging.until_hit(102).await;
    scale.assert_never_above(ROOM_BYTES, 0);
    drop(again);
}

/// C05, promise 4: an upstream that takes an upload no further keeps neither its connection nor its body when the client
/// has left.
#[tokio::test]
async fn uploads_that_an_upstream_does_not_take_go_with_their_clients() {
    let upstreams = Upstreams::taking([Step::ReadHead, Step::Until(Gate::new())]).await;
    let (_folder, gateway) = serve(&upstreams.config()).await;
    let scale = Scale::warm(&gateway).await;
    let uploads = upload(gateway.addr, 20);
    upstreams.hanging.until_hit(20).await;
    drop(uploads);
    let given_back = async {
        let mut ticks = interval(Duration::from_millis(50));
        while scale.growth() > 64 * MIB {
            ticks.tick().await;
        }
    };
    timeout(Duration::from_secs(2), given_back).await.expect("memory is given back");
}

/// C11: the 413 comes with the first byte too many, and no more than the limit was ever held.
#[tokio::test]
async fn an_upload_of_unknown_length_is_refused_at_the_limit() {
    let upstreams = Upstreams::start().await;
    let (_folder, gateway) = serve(&upstreams.config()).await;
    let scale = Scale::warm(&gateway).await;
    let mut uploads = JoinSet::new();
    let body = Bytes::from(vec![b'x'; BODY_CAP_BYTES]);
    for _ in 0..2 {
        let (addr, body) = (gateway.addr, body.clone());
        uploads.spawn(async move {
            let mut client = RawClient::connect(addr).await.unwrap();
            client.send(head(("transfer-encoding", "chunked"))).await.unwrap();
            client.send(format!("{:x}\r\n", body.len())).await.unwrap();
            client.send(body).await.unwrap();
            // The chunk is whole, and its end is not; one byte of the next one is enough.
            client.send("\r\n400\r\nx").await.unwrap();
            client.read_response().await.unwrap()
        });
    }
    while let Some(answer) = uploads.join_next().await {
        let head = answer.unwrap().head;
        assert_eq!((head.status(), head.header("connection")), (Some(413), Some("close")));
    }
    assert_eq!(upstreams.hanging.hits(), 0);
    scale.assert_never_above(2 * BODY_CAP_BYTES as u64, 0);
}
