//! Another configuration while requests run: nobody notices but those who come after.

use crate::service::{Service, TOKEN, begin_stream, chat, chat_as, config, end_stream, paused};
use oar_testkit::{Gate, RawClient, Script, ScriptedUpstream};

/// L04.
#[tokio::test]
async fn what_runs_finishes_by_the_old_file_and_what_comes_goes_by_the_new() {
    let gate = Gate::new();
    let old = paused(&gate).await;
    let new = ScriptedUpstream::answering(200, &[], "new").await.unwrap();
    let service = Service::start(&config("dbtype: none", &[("old", &old)])).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(begin_stream(&service).await);
    }

    service.reload(&config("dbtype: none", &[("new", &new)])).await;
    assert_eq!(service.reloads().await, (1.0, 0.0));
    for _ in 0..10 {
        let answer = service.ask(chat("m")).await;
        assert_eq!((answer.head.header("x-oar-upstream"), answer.text().as_str()), (Some("new"), "new"));
    }
    assert_eq!(old.hits(), 100, "who is not configured is not asked");
    assert_eq!(service.metric("oar_attempts_total{upstream=\"new\",result=\"ok\"}").await, 10.0);

    gate.open();
    for mut stream in streams {
        end_stream(&mut stream).await;
    }
    assert_eq!(service.metric("oar_attempts_total{upstream=\"old\",result=\"ok\"}").await, 100.0);
    service.stop().await;
}

/// L04: a connection that is kept speaks to whatever is configured when it asks.
#[tokio::test]
async fn tokens_and_limits_are_those_of_the_new_file() {
    let upstream = ScriptedUpstream::start(Script::kept_alive(200, &[], "good")).await.unwrap();
    let file = config("dbtype: none", &[("only", &upstream)]);
    let service = Service::start(&file).await;
    let mut kept = RawClient::connect(service.addr).await.unwrap();
    kept.send(chat("m")).await.unwrap();
    assert_eq!(kept.read_response().await.unwrap().text(), "good");

    service.reload(&file.replace(TOKEN, "canary-other-token\nmax_body: 10")).await;
    kept.send(chat("m")).await.unwrap();
    assert_eq!(kept.read_response().await.unwrap().head.status(), Some(401));
    assert_eq!(service.ask(chat_as("canary-other-token", "m")).await.head.status(), Some(413));
    service.stop().await;
}

/// L03: and what is wrong is told with its line, and without what stands there.
#[tokio::test]
async fn a_file_with_a_problem_changes_nothing() {
    let upstream = ScriptedUpstream::start(Script::kept_alive(200, &[], "good")).await.unwrap();
    let good = config("dbtype: none", &[("only", &upstream)]);
    let service = Service::start(&good).await;
    let bad = [
        "upstreams: [".to_owned(),
        String::new(),
        good.replace("name: only", "type: unheard-of"),
        good.replace("dbtype: none", "timeout: 1\ntimeout: 2"),
        good.split_once("sk: ").unwrap().0.to_owned(),
        good.replace("dbtype: none", "dbtype: none\ntime_out: 1"),
    ];
    for (number, file) in bad.iter().enumerate() {
        service.reload(file).await;
        assert_eq!(service.reloads().await, (0.0, number as f64 + 1.0), "{file}");
        assert_eq!(service.ask(chat("m")).await.text(), "good");
    }
    service.stop().await;
}

#[tokio::test]
async fn what_takes_a_restart_is_refused_as_a_whole() {
    let upstream = ScriptedUpstream::start(Script::kept_alive(200, &[], "good")).await.unwrap();
    let good = config("dbtype: none", &[("only", &upstream)]);
    let service = Service::start(&good).await;
    for (old, new) in [
        ("address: 127.0.0.1:0", "address: 127.0.0.1:1"),
        ("hostname: test-host", "hostname: other"),
        ("dbtype: none", "dbtype: none\nmetrics_listen: 127.0.0.1:0"),
        ("dbtype: none", "dbtype: sqlite"),
        ("dbtype: none", "dbtype: none\nnotify: {webhook: {url: 'http://127.0.0.1:9/canary'}}"),
    ] {
        let file = good.replace(old, new).replace(TOKEN, "canary-other-token");
        service.reload(&file).await;
        assert_eq!(service.ask(chat("m")).await.text(), "good", "{new}");
    }
    assert_eq!(service.reloads().await, (0.0, 5.0));
    service.stop().await;
}
