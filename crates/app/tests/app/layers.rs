//! Tower's layers around an upstream: the example.

#[path = "../../examples/tower_layers.rs"]
#[allow(dead_code, reason = "the tests run all of it but `main`")]
mod tower_layers;

use crate::service::{Service, chat, config, parse};
use oar_testkit::{RawClient, ScriptedUpstream};

fn file(spare: &ScriptedUpstream, next: &ScriptedUpstream) -> String {
    let file = config("dbtype: none", &[("spare", spare), ("next", next)]);
    file.replace("{name: spare,", "{name: spare, type: spare, places: 1,")
}

#[tokio::test]
async fn a_layer_changes_what_is_asked() {
    let upstreams =
        (ScriptedUpstream::answering(200, &[], "good").await.unwrap(), ScriptedUpstream::refusing().unwrap());
    let service = Service::run(tower_layers::app(parse(&file(&upstreams.0, &upstreams.1))).unwrap()).await;
    // Each has given its place back when the next one comes.
    for _ in 0..3 {
        assert_eq!(service.ask(chat("m")).await.head.header("x-oar-upstream"), Some("spare"));
    }
    let asked = upstreams.0.requests();
    assert_eq!((asked.len(), asked[0].head.header("openai-project")), (3, Some("spare")));
    service.stop().await;
}

#[tokio::test]
async fn what_finds_no_place_goes_to_the_next_upstream_at_once() {
    let spare = ScriptedUpstream::hanging().await.unwrap();
    let next = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let service = Service::run(tower_layers::app(parse(&file(&spare, &next))).unwrap()).await;
    let mut waiting = RawClient::connect(service.addr).await.unwrap();
    waiting.send(chat("m")).await.unwrap();
    spare.until_read(1).await;
    let answer = service.ask(chat("m")).await;
    assert_eq!((answer.head.header("x-oar-upstream"), answer.head.header("x-oar-attempts")), (Some("next"), Some("2")));
    assert_eq!(spare.requests().len(), 1);
    waiting.abandon();
    service.stop().await;
}

#[test]
fn the_examples_own_configuration_is_good() {
    tower_layers::app(parse(tower_layers::CONFIG)).unwrap();
}
