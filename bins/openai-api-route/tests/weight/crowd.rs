//! Thousands of streams at a time.

use crate::program::{TOKEN, chat, config};
use crate::scale::{KIB, STREAM_BYTES, Scale, serve};
use oar_testkit::{Gate, RawClient, Script, ScriptedUpstream, Step};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as there should be, where there are files for them.
const STREAMS: u64 = 5000;

/// Fewer prove nothing.
const FEWEST_STREAMS: u64 = 1000;

/// Files of either process that are no streams.
const OTHER_FILES: u64 = 300;

/// Raises the limit of open files as far as it goes, and yields how many streams fit into it: each takes two files here,
/// and the program keeps three for it.
fn streams() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = if raised.is_ok() { maximum } else { current }.unwrap_or(u64::MAX);
    (files.saturating_sub(OTHER_FILES) / 3).min(STREAMS)
}

/// L06: none breaks, every event arrives, and each weighs 64 KiB at the most.
#[tokio::test]
async fn five_thousand_streams_at_a_time_are_served_whole() {
    let (streams, gate) = (streams(), Gate::new());
    assert!(streams >= FEWEST_STREAMS, "with so few open files there are only {streams} streams");
    let mut steps = vec![Step::event_stream(), Step::event("1"), Step::Until(gate.clone())];
    steps.extend([Step::event("2"), Step::event("3"), Step::event("[DONE]"), Step::chunk("")]);
    let first = Script::answering(200, &[], "warm");
    let upstream = ScriptedUpstream::start_each([first, Script::after_request(steps)]).await.unwrap();
    let (_folder, gateway) = serve(&config("", &[("only", &upstream)])).await;
    let scale = Scale::warm(&gateway).await;

    let mut clients = Vec::new();
    for _ in 0..streams {
        let mut client = RawClient::connect(gateway.addr).await.unwrap();
        client.send(chat(TOKEN, "m")).await.unwrap();
        clients.push(client);
    }
    for client in &mut clients {
        client.read_through("data: 1\n\n").await.expect("the first event");
    }
    let each = scale.growth() / streams;
    println!("{streams} streams, each weighs {} KiB", each / KIB);
    gate.open();
    for client in &mut clients {
        let rest = client.read_through("0\r\n\r\n").await.expect("a proper end");
        let events = ["data: 2\n\n", "data: 3\n\n", "data: [DONE]\n\n"];
        let text = String::from_utf8_lossy(&rest);
        assert!(events.iter().all(|event| text.contains(event)), "{text}");
    }
    assert!(each <= STREAM_BYTES, "each stream weighs {} KiB", each / KIB);
    scale.assert_never_above(0, streams);
}
