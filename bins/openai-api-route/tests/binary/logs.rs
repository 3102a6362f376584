//! What the program writes about itself.

use crate::program::{Folder, TOKEN, chat, config};
use oar_testkit::ScriptedUpstream;
use serde_json::Value;

#[tokio::test]
async fn json_lines_are_json_and_each_exchange_is_one() {
    let refusing = ScriptedUpstream::refusing().unwrap();
    let good = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let folder = Folder::new(&config("dbtype: none", &[("first", &refusing), ("second", &good)])).without_rust_log();
    let gateway = folder.serve(&["--log-format", "json"]).await;
    let id = gateway.ask(chat(TOKEN, "m")).await.head.header("x-request-id").unwrap().to_owned();
    gateway.ask(chat("canary-wrong", "m")).await;
    let left = gateway.end("TERM").await;

    let lines: Vec<Value> = left.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
    let messages: Vec<&str> = lines.iter().filter_map(|line| line["message"].as_str()).collect();
    assert_eq!(messages, ["listening", "exchange", "exchange", "stopping, running requests may finish", "stopped"]);
    let [served, refused] = [&lines[1], &lines[2]];
    assert_eq!((&served["status"], &served["outcome"], &served["model"]), (&200.into(), &"ok".into(), &"m".into()));
    assert_eq!((&served["id"], &served["method"]), (&id.into(), &"POST".into()));
    let attempts = served["attempts"].as_str().unwrap();
    assert!(attempts.starts_with("first: connect_refused") && attempts.contains("second: ok 200"), "{attempts}");
    assert_eq!((&refused["status"], &refused["outcome"]), (&401.into(), &"rejected".into()));
}

#[tokio::test]
async fn text_lines_are_plain_where_nobody_looks() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let folder = Folder::new(&config("dbtype: none", &[("only", &upstream)])).without_rust_log();
    let gateway = folder.serve(&[]).await;
    gateway.ask(chat(TOKEN, "m")).await;
    let left = gateway.end("TERM").await;
    assert!(!left.stderr.contains('\u{1b}'), "no colours in a file");
    let exchange: Vec<&str> = left.stderr.lines().filter(|line| line.contains(" exchange ")).collect();
    assert_eq!(exchange.len(), 1, "{}", left.stderr);
    assert!(exchange[0].contains("INFO") && exchange[0].contains("status=200 outcome=ok"), "{}", exchange[0]);
}

#[tokio::test]
async fn a_failed_exchange_is_a_warning_and_a_good_one_is_not() {
    let (refusing, good) =
        (ScriptedUpstream::refusing().unwrap(), ScriptedUpstream::answering(200, &[], "good").await.unwrap());
    let file = config("dbtype: none", &[("first", &refusing), ("second", &good)]);
    let folder = Folder::new(&file.replace("name: second,", "name: second, allow: [m],")).without_rust_log();
    let gateway = folder.serve(&[]).await;
    assert_eq!(gateway.ask(chat(TOKEN, "m")).await.head.status(), Some(200));
    assert_eq!(gateway.ask(chat(TOKEN, "other")).await.head.status(), Some(502));
    let left = gateway.end("TERM").await;
    let exchanges: Vec<&str> = left.stderr.lines().filter(|line| line.contains(" exchange ")).collect();
    let [served, failed] = exchanges[..] else { panic!("{}", left.stderr) };
    assert!(served.contains("INFO") && served.contains("outcome=ok"), "{served}");
    assert!(failed.contains("WARN") && failed.contains("outcome=all_failed"), "{failed}");
}
