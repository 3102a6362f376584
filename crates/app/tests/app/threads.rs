//! Serving on threads of its own.

use crate::service::{Service, begin_stream, chat, config, end_stream, parse, paused};
use oar_app::App;
use oar_exchange::{Exchange, Observer};
use oar_testkit::{Ending, Gate, RawClient, Script, ScriptedUpstream};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::thread;

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// On which thread each story was told.
#[derive(Default)]
struct Names(Mutex<Vec<String>>);

impl Observer for Names {
    fn finished(&self, _: &Arc<Exchange>) {
        self.0.lock().unwrap().push(thread::current().name().unwrap_or_default().to_owned());
    }
}

async fn service(upstream: &ScriptedUpstream, names: &Arc<Names>) -> Service {
    let file = config("dbtype: none", &[("only", upstream)]);
    Service::run(App::builder(parse(&file)).observer(Arc::clone(names) as _).build().unwrap().threads(TWO)).await
}

/// A client that has asked once, and keeps its connection.
async fn client(service: &Service) -> RawClient {
    let mut client = RawClient::connect(service.addr).await.unwrap();
    ask(&mut client).await;
    client
}

async fn ask(client: &mut RawClient) {
    client.send(chat("m")).await.unwrap();
    assert_eq!(client.read_response().await.unwrap().text(), "good");
}

#[tokio::test]
async fn clients_are_shared_out_and_stay_where_they_are() {
    let script = Script::kept_alive(200, &[], "good");
    let (upstream, names) = (ScriptedUpstream::start(script).await.unwrap(), Arc::default());
    let service = service(&upstream, &names).await;
    let (mut one, mut other) = (client(&service).await, client(&service).await);
    ask(&mut one).await;
    ask(&mut other).await;
    let names = names.0.lock().unwrap().clone();
    assert_eq!(names, ["worker-1", "worker-2", "worker-1", "worker-2"]);
    assert_eq!(upstream.connections().len(), 2, "one for each thread, kept");
    service.stop().await;
}

/// L01.
#[tokio::test]
async fn a_stop_lets_finish_what_runs_on_them() {
    let (gate, names) = (Gate::new(), Arc::default());
    let upstream = paused(&gate).await;
    let service = service(&upstream, &names).await;
    let mut client = begin_stream(&service).await;
    let stopping = service.tell_to_stop();
    gate.open();
    end_stream(&mut client).await;
    assert_eq!(client.read_to_close().await.1, Ending::Fin);
    stopping.stopped().await.unwrap();
}

/// The threads are the service's: what runs on them does not outlive it.
#[tokio::test]
async fn a_service_that_is_dropped_leaves_nothing_running() {
    let (upstream, names) = (ScriptedUpstream::answering(200, &[], "good").await.unwrap(), Arc::default());
    let service = service(&upstream, &names).await;
    let mut client = client(&service).await;
    drop(service);
    client.read_to_close().await;
}
