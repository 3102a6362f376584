//! SIGHUP reads the file again.

use crate::process::{Process, chat, config};
use oar_testkit::{RawClient, Script, ScriptedUpstream, request_bytes};

/// The counters of reloads: taken, refused.
async fn reloads(process: &Process) -> [String; 2] {
    let page = RawClient::exchange(process.addr, request_bytes("GET", "/metrics", &[], b"")).await.unwrap().text();
    ["applied", "rejected"].map(|result| {
        let series = format!("oar_config_reloads_total{{result=\"{result}\"}} ");
        page.lines().find_map(|line| line.strip_prefix(&series)).expect("a counter").to_owned()
    })
}

async fn hang_up(process: &Process) {
    let before = reloads(process).await;
    process.signal("HUP").await;
    while reloads(process).await == before {}
}

async fn ask(process: &Process) -> String {
    RawClient::exchange(process.addr, chat("m")).await.unwrap().text()
}

/// L03, L04.
#[tokio::test]
async fn sighup_takes_a_good_file_and_no_other() {
    let old = ScriptedUpstream::start(Script::kept_alive(200, &[], "old")).await.unwrap();
    let new = ScriptedUpstream::start(Script::kept_alive(200, &[], "new")).await.unwrap();
    let process = Process::start(&config("dbtype: none", &old), None).await;
    let file = process.folder.path().join("config.yaml");
    let good = config("dbtype: none", &new);

    std::fs::remove_file(&file).unwrap();
    hang_up(&process).await;
    std::fs::write(&file, &good[..good.find("canary").unwrap() + 3]).unwrap();
    hang_up(&process).await;
    std::fs::write(&file, good.replace("sk: canary-key", "sk: [canary-key]")).unwrap();
    hang_up(&process).await;
    assert_eq!((reloads(&process).await, ask(&process).await.as_str()), (["0", "3"].map(String::from), "old"));

    std::fs::write(&file, good).unwrap();
    hang_up(&process).await;
    assert_eq!((reloads(&process).await, ask(&process).await.as_str()), (["1", "3"].map(String::from), "new"));

    process.signal("TERM").await;
    let (status, log, _folder) = process.ended().await;
    assert!(status.success(), "{log}");
    for told in ["there is no such file", "upstreams[0].sk (line 5)", "the configuration was reloaded"] {
        assert!(log.contains(told), "{told} in\n{log}");
    }
    assert!(!log.contains("canary"), "{log}");
}
