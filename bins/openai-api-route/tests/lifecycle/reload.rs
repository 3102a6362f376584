//! SIGHUP reads the file again.

use crate::program::{Folder, Gateway, TOKEN, chat, config};
use oar_testkit::{Script, ScriptedUpstream, request_bytes};

/// The counters of reloads: taken, refused.
async fn reloads(gateway: &Gateway) -> [String; 2] {
    let page = gateway.ask(request_bytes("GET", "/metrics", &[], b"")).await.text();
    ["applied", "rejected"].map(|result| {
        let series = format!("oar_config_reloads_total{{result=\"{result}\"}} ");
        page.lines().find_map(|line| line.strip_prefix(&series)).expect("a counter").to_owned()
    })
}

async fn hang_up(gateway: &Gateway) {
    let before = reloads(gateway).await;
    gateway.signal("HUP").await;
    while reloads(gateway).await == before {}
}

async fn ask(gateway: &Gateway) -> String {
    gateway.ask(chat(TOKEN, "m")).await.text()
}

/// L03, L04.
#[tokio::test]
async fn sighup_takes_a_good_file_and_no_other() {
    let old = ScriptedUpstream::start(Script::kept_alive(200, &[], "old")).await.unwrap();
    let new = ScriptedUpstream::start(Script::kept_alive(200, &[], "new")).await.unwrap();
    let folder = Folder::new(&config("dbtype: none", &[("only", &old)]));
    let gateway = folder.serve(&[]).await;
    let file = folder.root.path().join("config.yaml");
    let good = config("dbtype: none", &[("only", &new)]);

    std::fs::remove_file(&file).unwrap();
    hang_up(&gateway).await;
    std::fs::write(&file, &good[..good.find("canary").unwrap() + 3]).unwrap();
    hang_up(&gateway).await;
    std::fs::write(&file, good.replace("sk: canary-key-of-only", "sk: [canary-key]")).unwrap();
    hang_up(&gateway).await;
    assert_eq!((reloads(&gateway).await, ask(&gateway).await.as_str()), (["0", "3"].map(String::from), "old"));

    std::fs::write(&file, good).unwrap();
    hang_up(&gateway).await;
    assert_eq!((reloads(&gateway).await, ask(&gateway).await.as_str()), (["1", "3"].map(String::from), "new"));

    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    for told in ["there is no such file", "upstreams[0].sk (line 5)", "the configuration was reloaded"] {
        assert!(left.stderr.contains(told), "{told} in\n{}", left.stderr);
    }
}
