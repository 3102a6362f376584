//! The messages of a gateway as they arrive.

use crate::notify::{TAKEN, answering, feishu, json, only, webhook};
use crate::program::{Folder, Gateway, TOKEN, chat, config};
use oar_testkit::ScriptedUpstream;
use std::time::Duration;

/// Waits until a server has been sent so many messages.
async fn heard(server: &ScriptedUpstream, messages: usize) {
    let waiting = tokio::time::timeout(Duration::from_secs(20), server.until_read(messages)).await;
    waiting.unwrap_or_else(|_| panic!("{messages} messages: {:?}", server.requests()));
}

/// A gateway with this upstream, whose messages go to this robot and this hook.
async fn serve(upstream: &ScriptedUpstream, robot: &ScriptedUpstream, hook: &ScriptedUpstream) -> (Folder, Gateway) {
    let notify = format!("dbtype: none\nhostname: gateway-1\nnotify:\n{}{}", feishu(robot), webhook(hook));
    let folder = Folder::new(&config(&notify, &[("primary", upstream)]));
    let gateway = folder.serve(&[]).await;
    (folder, gateway)
}

async fn metrics(gateway: &Gateway) -> String {
    gateway.ask("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.text()
}

/// The value of one line of the metrics' page.
fn value(page: &str, series: &str) -> String {
    page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')).expect(series).to_owned()
}

/// Waits until a channel has taken so many messages; yields how many were held back from it, and how many failed.
async fn settled(gateway: &Gateway, channel: &str, sent: &str) -> [String; 2] {
    let series = |result| format!("oar_notify_{result}_total{{channel=\"{channel}\"}}");
    let sent = async {
        loop {
            let page = metrics(gateway).await;
            if value(&page, &series("sent")) == sent {
                return ["suppressed", "failed"].map(|result| value(&page, &series(result)));
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sent).await.expect("messages that arrive")
}

/// N01, N05: whoever asks again does not ring again.
#[tokio::test]
async fn an_upstream_that_fails_is_one_message_in_each_channel() {
    let upstream = answering(503, "{}").await;
    let (robot, hook) = (answering(200, TAKEN).await, answering(200, "").await);
    let (_folder, gateway) = serve(&upstream, &robot, &hook).await;
    for _ in 0..5 {
        assert_ne!(gateway.ask(chat(TOKEN, "m")).await.head.status(), Some(200));
    }
    for channel in ["feishu", "webhook"] {
        assert_eq!(settled(&gateway, channel, "1").await, ["4", "0"], "held back, failed: {channel}");
    }
    assert_eq!(gateway.end("TERM").await.code, Some(0));
    let text = json(&only(&robot))["content"]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("primary") && text.contains("status 503") && !text.contains("canary"), "{text}");
    assert_eq!(json(&only(&hook))["kind"], "alert");
}

/// N05: whoever does not want to hear of what another upstream saved.
#[tokio::test]
async fn an_end_that_the_file_leaves_out_is_no_message() {
    let (failing, good) = (answering(503, "{}").await, answering(200, "{}").await);
    let hook = answering(200, "").await;
    let notify = format!("dbtype: none\nnotify:\n  outcomes: [all_failed]\n{}", webhook(&hook));
    let folder = Folder::new(&config(&notify, &[("primary", &failing), ("spare", &good)]));
    let gateway = folder.serve(&[]).await;
    assert_eq!(gateway.ask(chat(TOKEN, "m")).await.head.header("x-oar-upstream"), Some("spare"));
    gateway.end("TERM").await;
    assert_eq!(hook.hits(), 0);
}

/// N05: a wrong token, a caller's mistake and a client that leaves are nobody's alarm.
#[tokio::test]
async fn callers_mistakes_are_no_message() {
    let upstream = answering(400, "{}").await;
    let (robot, hook) = (answering(200, TAKEN).await, answering(200, "").await);
    let (_folder, gateway) = serve(&upstream, &robot, &hook).await;
    assert_eq!(gateway.ask(chat("canary-wrong", "m")).await.head.status(), Some(401));
    assert_eq!(gateway.ask(chat(TOKEN, "m")).await.head.status(), Some(400));
    gateway.end("TERM").await;
    assert_eq!((robot.hits(), hook.hits()), (0, 0));
}

async fn reloads(gateway: &Gateway) -> [String; 2] {
    let page = metrics(gateway).await;
    ["applied", "rejected"].map(|result| value(&page, &format!("oar_config_reloads_total{{result=\"{result}\"}}")))
}

async fn reload(folder: &Folder, gateway: &Gateway, file: &str) {
    let before = reloads(gateway).await;
    std::fs::write(folder.root.path().join("config.yaml"), file).unwrap();
    gateway.signal("HUP").await;
    while reloads(gateway).await == before {}
}

/// L03: who has edited the file may not read the log.
#[tokio::test]
async fn a_file_that_is_refused_is_one_message_and_the_next_good_one_another() {
    let upstream = answering(200, "{}").await;
    let (robot, hook) = (answering(200, TAKEN).await, answering(200, "").await);
    let (folder, gateway) = serve(&upstream, &robot, &hook).await;
    let good = std::fs::read_to_string(folder.root.path().join("config.yaml")).unwrap();

    reload(&folder, &gateway, &good).await;
    assert_eq!(hook.hits(), 0, "what works is no news");
    for bad in ["adress: canary", "upstreams: ["] {
        reload(&folder, &gateway, &format!("{good}\n{bad}\n")).await;
    }
    heard(&hook, 1).await;
    for _ in 0..2 {
        reload(&folder, &gateway, &good).await;
    }
    heard(&hook, 2).await;
    heard(&robot, 2).await;
    assert_eq!(gateway.end("TERM").await.code, Some(0));
    let told: Vec<_> = hook.requests().iter().map(json).collect();
    assert_eq!((told.len(), robot.hits()), (2, 2), "{told:?}");
    assert_eq!([&told[0]["kind"], &told[1]["kind"]], ["reload", "recovered"], "{told:?}");
    assert!(told[0]["text"].as_str().unwrap().contains("configuration"), "{told:?}");
}
