//! What it takes to find `model` and `stream` in a body: of 1 KiB, 100 KiB and 10 MB, with `model` first and last, and in
//! a form that carries a file. The whole body is read either way: what could be read in two ways is refused.

use criterion::{BenchmarkId, Criterion, Throughput};
use oar_protocol::Facts;
use std::hint::black_box;
use std::time::Duration;

const SIZES: [(&str, usize); 3] = [("1 KiB", 1024), ("100 KiB", 100 * 1024), ("10 MB", 10_000_000)];

/// Where in the object `model` stands.
#[derive(Clone, Copy)]
enum Place {
    First,
    Last,
}

impl Place {
    const ALL: [(&str, Self); 2] = [("model first", Self::First), ("model last", Self::Last)];
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    json(&mut criterion);
    form(&mut criterion);
    criterion.final_summary();
}

fn json(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("facts of JSON");
    for (size, bytes) in SIZES {
        for (place_name, place) in Place::ALL {
            let body = chat(bytes, place);
            group.throughput(Throughput::Bytes(body.len() as u64));
            group.bench_with_input(BenchmarkId::new(place_name, size), &body, |bencher, body| {
                bencher.iter(|| facts("application/json", body));
            });
        }
    }
    group.finish();
}

fn form(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("facts of a form");
    for (size, bytes) in SIZES {
        let body = upload(bytes);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_with_input(BenchmarkId::new("a file", size), &body, |bencher, body| {
            bencher.iter(|| facts("multipart/form-data; boundary=cut", body));
        });
    }
    group.finish();
}

fn facts(content_type: &str, body: &str) -> Facts {
    let facts = Facts::read(Some(content_type), black_box(body.as_bytes())).expect("the body is sound");
    assert_eq!(facts.model.as_deref(), Some("gpt-4o-mini"));
    facts
}

/// A conversation of about so many bytes, quotes and line ends escaped as in any.
fn chat(bytes: usize, place: Place) -> String {
    const MODEL: &str = r#""model":"gpt-4o-mini","stream":true"#;
    const LINE: &str = r#"He said \"it depends\",\nand 我们 went on. "#;
    const MESSAGE: usize = 4096;
    let rest = bytes.saturating_sub(MODEL.len());
    let text = |room: usize| LINE.repeat(room.div_ceil(LINE.len()));
    let message = |room: usize| format!(r#"{{"role":"user","content":"{}"}}"#, text(room));
    let whole = std::iter::repeat_n(message(MESSAGE), rest / MESSAGE);
    let messages = whole.chain([message(rest % MESSAGE)]).collect::<Vec<_>>().join(",");
    match place {
        Place::First => format!(r#"{{{MODEL},"messages":[{messages}]}}"#),
        Place::Last => format!(r#"{{"messages":[{messages}],{MODEL}}}"#),
    }
}

fn upload(bytes: usize) -> String {
    let file = "x".repeat(bytes);
    format!(
        "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n{file}\r\n\
         --cut\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-mini\r\n--cut--\r\n"
    )
}
