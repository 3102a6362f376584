//! Serving, from the start to the signal.

use crate::program::{Folder, TOKEN, address_in, chat, config};
use oar_testkit::{Gate, RawClient, Script, ScriptedUpstream, Step, request_bytes};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn either_signal_stops_it_in_order_with_every_row_written() {
    for signal in ["TERM", "INT"] {
        let refusing = ScriptedUpstream::refusing().unwrap();
        let good = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
        let folder = Folder::new(&config("", &[("first", &refusing), ("second", &good)]));
        let gateway = folder.serve(&[]).await;
        for number in 0..5 {
            assert_eq!(gateway.ask(chat(TOKEN, &format!("m-{number}"))).await.text(), "good");
        }
        let left = gateway.end(signal).await;
        assert_eq!((left.code, left.stdout.as_str()), (Some(0), ""), "{}", left.stderr);
        let models: Vec<_> = folder.rows().await.into_iter().filter_map(|row| row.model).collect();
        assert_eq!(models, ["m-0", "m-1", "m-2", "m-3", "m-4"], "after SIG{signal}");
    }
}

/// L01.
#[tokio::test]
async fn a_stream_that_runs_is_finished_before_it_ends() {
    let gate = Gate::new();
    let steps =
        [Step::event_stream(), Step::event("1"), Step::Until(gate.clone()), Step::event("[DONE]"), Step::chunk("")];
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let folder = Folder::new(&config("", &[("only", &upstream)]));
    let gateway = folder.serve(&[]).await;
    let addr = gateway.addr;
    let mut client = RawClient::connect(addr).await.unwrap();
    client.send(chat(TOKEN, "m")).await.unwrap();
    client.read_head().await.unwrap();
    assert_eq!(client.read_chunk().await.unwrap(), "data: 1\n\n");
    let finish = async {
        while TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
        gate.open();
        assert_eq!(client.read_chunk().await.unwrap(), "data: [DONE]\n\n");
        assert_eq!(client.read_chunk().await.unwrap(), "");
    };
    let (left, ()) = tokio::join!(gateway.end("TERM"), finish);
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(folder.rows().await[0].outcome.as_deref(), Some("ok"));
}

/// L05.
#[tokio::test]
async fn a_port_in_use_is_told_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let upstream = ScriptedUpstream::refusing().unwrap();
    let folder = Folder::new(&config("dbtype: none", &[("only", &upstream)]).replace("127.0.0.1:0", &address))
        .without_rust_log();
    let left = folder.run(&[]).await;
    assert_eq!(left.code, Some(1));
    let told = format!("openai-api-route: cannot listen on {address}: Address already in use (os error 98)\n");
    assert_eq!(left.stderr, told);
}

/// D01.
#[tokio::test]
async fn a_database_that_cannot_be_opened_is_told_by_its_path() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    let folder = Folder::new(&config("dbaddr: ./missing/db.sqlite", &[("only", &upstream)]));
    let left = folder.run(&[]).await;
    assert_eq!(left.code, Some(1));
    let last = left.stderr.lines().last().unwrap();
    assert!(last.starts_with("openai-api-route: the record database `./missing/db.sqlite` cannot be opened"), "{last}");
}

/// D13.
#[tokio::test]
async fn without_a_database_it_writes_no_file() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let folder = Folder::new(&config("dbtype: none", &[("only", &upstream)]));
    let gateway = folder.serve(&[]).await;
    assert_eq!(gateway.ask(chat(TOKEN, "m")).await.text(), "good");
    assert_eq!(gateway.end("TERM").await.code, Some(0));
    let files: Vec<_> = std::fs::read_dir(folder.root.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["config.yaml"]);
}

/// A15: keys would travel through a proxy that the environment names.
#[tokio::test]
async fn proxies_of_the_environment_are_not_used() {
    let (upstream, proxy) =
        (ScriptedUpstream::answering(200, &[], "good").await.unwrap(), TcpListener::bind("127.0.0.1:0"));
    let proxy = proxy.await.unwrap();
    let mut folder = Folder::new(&config("dbtype: none", &[("only", &upstream)]));
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        folder = folder.with(name, &format!("http://{}", proxy.local_addr().unwrap()));
    }
    let gateway = folder.serve(&[]).await;
    tokio::select! {
        biased;
        _ = proxy.accept() => panic!("the proxy was used"),
        answer = gateway.ask(chat(TOKEN, "m")) => assert_eq!(answer.text(), "good"),
    }
}

/// A12: who scrapes needs no way to the API.
#[tokio::test]
async fn the_metrics_may_have_an_address_of_their_own() {
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let file = config("dbtype: none\nmetrics_listen: 127.0.0.1:0", &[("only", &upstream)]);
    let folder = Folder::new(&file);
    let gateway = folder.serve(&[]).await;
    let line = gateway.said.lines().find(|line| line.contains("an address of their own")).unwrap().to_owned();
    let metrics = address_in(&line);
    let get = |path| request_bytes("GET", path, &[], b"");
    for path in ["/metrics", "/v1/metrics"] {
        assert_eq!(gateway.ask(get(path)).await.head.status(), Some(404), "{path}");
        assert!(RawClient::exchange(metrics, get(path)).await.unwrap().text().contains("oar_in_flight"), "{path}");
    }
    assert_eq!(RawClient::exchange(metrics, get("/readyz")).await.unwrap().text(), "ready\n");
    assert_eq!(RawClient::exchange(metrics, chat(TOKEN, "m")).await.unwrap().head.status(), Some(404));
    assert!(upstream.connections().is_empty());
    assert_eq!(gateway.end("TERM").await.code, Some(0));
}
