//! Replicate's models behind the program: by the sample's own entry, in the records, and at the end.

use crate::program::{Folder, Gateway, TOKEN};
use bytes::Bytes;
use oar_record::Row;
use oar_testkit::replicate::{PIECES, Play, Running, Standin, Step};
use oar_testkit::{Gate, RawClient, request_bytes};
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../../../../config.sample.yaml");
const KEY: &str = "canary-key-of-replicate";
/// The model that the sample's entry allows.
const MODEL: &str = "mistralai/mixtral-8x7b-instruct-v0.1";

/// The sample's entry for Replicate, switched on, as the only upstream; its endpoint and its key are the stand-in's.
fn sample(replicate: &Running) -> String {
    let from = SAMPLE.lines().skip_while(|line| *line != "#  - type: replicate");
    let entry = from.map_while(|line| line.strip_prefix('#')).map(|line| match line.split_once(':') {
        Some(("    sk", _)) => format!("    sk: {KEY}\n"),
        Some(("    endpoint", _)) => format!("    endpoint: {}\n", replicate.endpoint()),
        _ => format!("{line}\n"),
    });
    format!("address: 127.0.0.1:0\nauthorization: {TOKEN}\nupstreams:\n{}", entry.collect::<String>())
}

fn chat(more: &Value) -> Bytes {
    let mut body = json!({"model": MODEL, "messages": [{"role": "user", "content": "canary-prompt"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    request_bytes("POST", "/v1/chat/completions", &headers, body.to_string().as_bytes())
}

/// The text of a stream that is complete.
fn said(stream: &str) -> String {
    let events: Vec<_> = stream.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap()).collect();
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(*done, "[DONE]");
    let chunk = |text: &&str| serde_json::from_str::<Value>(text).unwrap();
    let delta = |chunk: Value| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned());
    chunks.iter().map(chunk).filter_map(delta).collect()
}

/// What a row tells of who answered what.
fn told(row: &Row) -> [&str; 4] {
    [&row.upstream, &row.model, &row.outcome, &row.response].map(|text| text.as_deref().unwrap_or("nothing"))
}

fn counts(row: &Row) -> (Option<bool>, Option<i64>, Option<i64>) {
    (row.stream, row.prompt_tokens, row.completion_tokens)
}

#[tokio::test]
async fn the_samples_entry_for_replicate_answers_and_records_it_as_it_would_openai() {
    let replicate = Standin::new().requiring_key(KEY).start().await.unwrap();
    let folder = Folder::new(&sample(&replicate));
    let gateway = folder.serve(&[]).await;
    let whole: Value = serde_json::from_str(&gateway.ask(chat(&json!({"max_tokens": 5}))).await.text()).unwrap();
    let streamed = gateway.ask(chat(&json!({"stream": true, "stream_options": {"include_usage": true}}))).await;
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);

    let (five, text) = (PIECES[..5].concat(), PIECES.concat());
    let choice = &whole["choices"][0];
    assert_eq!((&choice["message"]["content"], &choice["finish_reason"]), (&json!(five), &json!("length")));
    assert_eq!(said(&streamed.text()), text);
    let rows = folder.rows().await;
    assert_eq!(
        rows.iter().map(counts).collect::<Vec<_>>(),
        [(Some(false), Some(3), Some(5)), (Some(true), Some(3), Some(8))]
    );
    assert_eq!(told(&rows[1]), ["replicate-1", MODEL, "ok", &text]);
    assert_eq!(rows[1].upstream_endpoint, Some(replicate.endpoint()));
    let recorded: Value = serde_json::from_str(rows[0].response.as_deref().unwrap()).unwrap();
    assert_eq!(recorded, whole);
}

/// A gateway that is told to stop in the middle of an answer, after its first piece.
async fn stream_begun(gateway: &Gateway) -> RawClient {
    let mut client = RawClient::connect(gateway.addr).await.unwrap();
    client.send(chat(&json!({"stream": true}))).await.unwrap();
    client.read_through("Bon").await.unwrap();
    client
}

/// L01.
#[tokio::test]
async fn a_prediction_that_runs_is_finished_before_the_program_ends() {
    let gate = Gate::new();
    let play = [Step::Say(" Bon".into()), Step::Until(gate.clone()), Step::Say("jour".into()), Step::Succeed];
    let replicate = Standin::playing(Play::new(play)).start().await.unwrap();
    let folder = Folder::new(&sample(&replicate));
    let gateway = folder.serve(&[]).await;
    let mut client = stream_begun(&gateway).await;
    let addr = gateway.addr;
    let finish = async {
        while RawClient::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
        gate.open();
        client.read_through("[DONE]").await.unwrap();
    };
    let (left, ()) = tokio::join!(gateway.end("TERM"), finish);
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(told(&folder.rows().await[0]), ["replicate-1", MODEL, "ok", " Bonjour"]);
    assert_eq!(replicate.predictions()[0]["status"], "succeeded");
}

/// L01, A18: they would go on, and cost money, with nobody to read them.
#[tokio::test]
async fn predictions_that_take_too_long_are_cancelled_before_the_program_ends() {
    // How the second is cancelled is told only after a second: until then a creation's answer is held back.
    let play = Play::new([Step::Say(" Bon".into()), Step::Until(Gate::new())]);
    let replicate = Standin::playing(play).start().await.unwrap();
    let folder = Folder::new(&format!("drain_timeout: 50ms\n{}", sample(&replicate)));
    let gateway = folder.serve(&[]).await;
    let _streaming = stream_begun(&gateway).await;
    let mut waiting = RawClient::connect(gateway.addr).await.unwrap();
    waiting.send(chat(&json!({}))).await.unwrap();
    while replicate.predictions().len() < 2 {
        tokio::task::yield_now().await;
    }
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    // Now, and not soon: when the program has ended there is nobody left who could.
    let statuses: Vec<_> = replicate.predictions().into_iter().map(|told| told["status"].clone()).collect();
    assert_eq!(statuses, ["canceled", "canceled"]);
    let (streamed, plain): (Vec<Row>, Vec<Row>) =
        folder.rows().await.into_iter().partition(|row| row.stream == Some(true));
    assert_eq!(told(&plain[0]), ["replicate-1", MODEL, "drained", ""]);
    let [upstream, _, outcome, text] = told(&streamed[0]);
    assert_eq!((upstream, outcome), ("replicate-1", "drained"));
    assert!(text.starts_with(" Bon\n[error] ") && text.contains("stream_interrupted"), "{text}");
}
