//! What it takes to follow a stream: cut it into events, keep events whole, put its text together, find its tokens and its
//! end. Fifty events of a chat completion, each in a piece of its own.

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use oar_protocol::sse::Splitter;
use oar_protocol::{Aligner, StreamEnd, StreamText, usage};
use std::hint::black_box;
use std::time::Duration;

const EVENTS: usize = 50;
const CAP_BYTES: usize = 1024 * 1024;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let pieces = stream();
    let bytes = pieces.iter().map(|piece| piece.len() as u64).sum();
    let mut group = criterion.benchmark_group("50 events");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("split", |bencher| bencher.iter(|| split(black_box(&pieces))));
    group.bench_function("align", |bencher| bencher.iter(|| align(black_box(&pieces))));
    group.bench_function("text", |bencher| bencher.iter(|| text(black_box(&pieces))));
    group.bench_function("usage", |bencher| bencher.iter(|| tokens(black_box(&pieces))));
    group.bench_function("end", |bencher| bencher.iter(|| end(black_box(&pieces))));
    group.finish();
    criterion.final_summary();
}

fn split(pieces: &[Bytes]) {
    let mut splitter = Splitter::new();
    let mut events = 0;
    for piece in pieces {
        splitter.push(piece);
        while let Some(event) = splitter.next_event() {
            black_box(event);
            events += 1;
        }
    }
    assert_eq!(events, EVENTS);
}

fn align(pieces: &[Bytes]) {
    let mut aligner = Aligner::new();
    let whole = pieces.iter().filter_map(|piece| aligner.push(piece.clone())).map(black_box);
    assert_eq!(whole.count(), EVENTS);
}

fn text(pieces: &[Bytes]) {
    let mut text = StreamText::new(CAP_BYTES);
    pieces.iter().for_each(|piece| text.push(piece));
    assert!(black_box(text.text()).ends_with("token 47 "));
}

fn tokens(pieces: &[Bytes]) {
    let found = pieces.iter().filter_map(|piece| usage::find(piece)).last();
    assert_eq!(found.and_then(|usage| usage.completion_tokens), Some(48));
}

fn end(pieces: &[Bytes]) {
    let end = StreamEnd::of("/chat/completions");
    assert_eq!(pieces.iter().filter(|piece| end.is_said_in(piece)).count(), 1);
}

/// Forty-eight pieces of text, the count of tokens, and the end.
fn stream() -> Vec<Bytes> {
    let chunk = |choices: &str, usage: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\
             \"choices\":[{choices}],\"usage\":{usage}}}\n\n"
        )
    };
    let delta = |number| {
        let choice = format!(r#"{{"index":0,"delta":{{"content":"token {number} "}},"finish_reason":null}}"#);
        chunk(&choice, "null")
    };
    let last = chunk("", r#"{"prompt_tokens":9,"completion_tokens":48,"total_tokens":57}"#);
    let words = (0..EVENTS - 2).map(delta);
    words.chain([last, "data: [DONE]\n\n".to_owned()]).map(Bytes::from).collect()
}
