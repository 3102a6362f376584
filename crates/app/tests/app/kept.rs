//! What the file says is kept of each request, and what becomes of an answer whose client has left.

use crate::service::{Database, Service, chat, chat_as, chat_body, config, parse};
use oar_app::App;
use oar_app::exchange::Exchange;
use oar_record::Row;
use oar_testkit::{Gate, Heard, RawClient, Script, ScriptedUpstream, Step};
use std::sync::Arc;

const ANSWER: &str = r#"{"usage": {"prompt_tokens": 7, "completion_tokens": 5}}"#;

async fn answering() -> ScriptedUpstream {
    ScriptedUpstream::answering(200, &[("content-type", "application/json")], ANSWER).await.unwrap()
}

/// The file of a service that records, with these lines and these upstreams.
fn file(database: &Database, lines: &str, upstreams: &[(&str, &ScriptedUpstream)]) -> String {
    config(&format!("{}\n{lines}", database.line()), upstreams)
}

async fn only_row(database: &Database) -> Row {
    let rows = database.rows().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_record_holds_what_the_file_says() {
    let upstream = answering().await;
    for (lines, body, response, ip) in [
        ("", Some(chat_body("m")), Some(ANSWER.to_owned()), Some("127.0.0.1")),
        ("record: {request: no, response: no, ip: no, headers: []}", None, None, None),
        (
            "record: {max_bytes: 10}",
            Some(r#"{"model": "#.to_owned()),
            Some(r#"{"usage": "#.to_owned()),
            Some("127.0.0.1"),
        ),
    ] {
        let database = Database::new();
        let service = Service::start(&file(&database, lines, &[("only", &upstream)])).await;
        service.ask(chat("m")).await;
        assert_eq!(service.metric("oar_tokens_total{upstream=\"only\",type=\"prompt\"}").await, 7.0, "{lines}");
        service.stop().await;
        let row = only_row(&database).await;
        assert_eq!((row.body, row.response, row.ip.as_deref()), (body, response, ip), "{lines}");
        assert_eq!(row.headers.is_some(), ip.is_some());
        assert_eq!((row.prompt_tokens, row.bytes_out), (Some(7), Some(ANSWER.len() as i64)), "{lines}");
    }
}

#[tokio::test]
async fn an_upstream_may_keep_less_or_more_than_the_file() {
    let (database, first, second) = (Database::new(), answering().await, answering().await);
    let text = file(&database, "record: {response: false}", &[("shy", &first), ("open", &second)])
        .replace("name: shy,", "name: shy, allow: [shy], record: {request: false},")
        .replace("name: open,", "name: open, allow: [open], record: {response: true},");
    let heard = Heard::new();
    let service = Service::run(App::builder(parse(&text)).observer(heard.clone()).build().unwrap()).await;
    service.ask(chat("shy")).await;
    service.ask(chat("open")).await;
    service.ask(chat("nobody's")).await;
    service.stop().await;
    let held = heard.exchanges();
    let held: Vec<_> = held.iter().map(|story| (story.request.body.len(), story.answer.body.len())).collect();
    assert_eq!((held[0], held[1]), ((0, 0), (chat_body("open").len(), ANSWER.len())), "what nobody keeps is not held");
    let told: Vec<_> =
        database.rows().await.into_iter().map(|row| (row.body.is_some(), row.response.is_some())).collect();
    assert_eq!(told, [(false, false), (true, true), (true, false)]);
}

/// Requests = written + dropped + skipped.
#[tokio::test]
async fn what_is_not_to_be_recorded_is_counted_and_no_loss() {
    let (database, upstream) = (Database::new(), answering().await);
    let service = Service::start(&file(&database, "record: {outcomes: errors}", &[("only", &upstream)])).await;
    for _ in 0..3 {
        service.ask(chat("m")).await;
    }
    service.ask(chat_as("canary-wrong", "m")).await;
    assert_eq!(service.metric("oar_records_skipped_total").await, 3.0);
    assert_eq!(service.metric("oar_records_dropped_total{reason=\"queue_full\"}").await, 0.0);
    service.stop().await;
    assert_eq!(only_row(&database).await.status, Some(401));
}

/// L04.
#[tokio::test]
async fn another_file_changes_what_is_kept_from_then_on() {
    let (database, upstream) = (Database::new(), answering().await);
    let text = |lines| file(&database, lines, &[("only", &upstream)]);
    let service = Service::start(&text("")).await;
    service.ask(chat("m")).await;
    for lines in ["record: {outcomes: errors}", "record: {request: false}"] {
        service.reload(&text(lines)).await;
        service.ask(chat("m")).await;
    }
    assert_eq!(service.reloads().await, (2.0, 0.0));
    service.stop().await;
    let told: Vec<_> = database.rows().await.into_iter().map(|row| row.body.is_some()).collect();
    assert_eq!(told, [true, false]);
}

#[tokio::test]
async fn a_credential_in_the_list_of_headers_is_warned_about_and_not_kept() {
    let (database, upstream) = (Database::new(), answering().await);
    let text = file(&database, "record: {headers: [Authorization, user-agent]}", &[("only", &upstream)])
        .replace("name: only,", "name: only, record: {headers: [cookie, authorization, content-type]},");
    let app = App::builder(parse(&text)).build().unwrap();
    let warnings: Vec<_> = app.warnings().iter().map(ToString::to_string).collect();
    let told = |place: &str, name| {
        format!("{place}: `{name}` is a credential or tells of the client's address, and is never kept")
    };
    assert!(warnings.contains(&told("record.headers", "authorization")), "{warnings:?}");
    let own =
        |name| warnings.iter().any(|warning| warning.starts_with("upstreams[0].record") && warning.contains(name));
    assert!(own("`cookie`") && own("`authorization`") && !own("content-type"), "{warnings:?}");
    let service = Service::run(app).await;
    service.ask(chat("m")).await;
    service.stop().await;
    assert_eq!(only_row(&database).await.headers.as_deref(), Some(r#"{"Content-Type":["application/json"]}"#));
}

/// Without a database there is nobody to keep a text for, unless an embedder listens.
#[tokio::test]
async fn an_embedders_observer_hears_the_texts_without_a_database() {
    let upstream = answering().await;
    let heard = Heard::new();
    let text = config("dbtype: none", &[("only", &upstream)]);
    let service = Service::run(App::builder(parse(&text)).observer(heard.clone()).build().unwrap()).await;
    service.ask(chat("m")).await;
    service.stop().await;
    let story: Arc<Exchange> = heard.only().await;
    assert_eq!((&story.request.body[..], story.answer.body.as_bytes()), (chat_body("m").as_bytes(), ANSWER.as_bytes()));
}

/// The row of a request whose client left after the first event of its answer.
async fn row_of_who_left(lines: &str) -> Row {
    let (database, gate) = (Database::new(), Gate::new());
    let text = |text: &str| format!(r#"{{"choices": [{{"delta": {{"content": "{text}"}}}}]}}"#);
    let begin = [Step::event_stream(), Step::event(text("Hel")), Step::Until(gate.clone())];
    let rest = [Step::event(text("lo")), Step::event(ANSWER), Step::event("[DONE]"), Step::chunk("")];
    let upstream = ScriptedUpstream::start(Script::after_request(begin.into_iter().chain(rest))).await.unwrap();
    let service = Service::start(&file(&database, lines, &[("only", &upstream)])).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    client.read_head().await.unwrap();
    client.read_chunk().await.unwrap();
    client.reset().unwrap();
    service.metric("oar_in_flight").await;
    gate.open();
    service.stop().await;
    only_row(&database).await
}

/// C03: asked and paid for, so recorded, although the client has left. Whether that was seen before the last of the answer
/// was written is the kernel's business; if not, it is another client's turn.
#[tokio::test]
async fn an_answer_is_read_to_its_end_for_the_record_if_the_file_says_so() {
    for _ in 0..100 {
        let row = row_of_who_left("on_client_close: drain").await;
        if row.outcome.as_deref() == Some("client_closed") {
            assert_eq!((row.response.as_deref(), row.completion_tokens), (Some("Hello"), Some(5)));
            assert_eq!(row.error, None);
            return;
        }
    }
    panic!("no client was seen leaving");
}
