//! The adapters keep what [`Upstream`] promises, each before a remote that speaks its API.
#![cfg(all(feature = "openai", feature = "replicate"))]

use oar_testkit::backend_contract::{self, Passthrough};
use oar_testkit::replicate::Running;
use oar_upstream::Upstream;
use oar_upstream::openai::{self, OpenAi, Transport};
use oar_upstream::replicate::{self, Replicate};
use std::sync::Arc;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

fn openai(endpoint: &str) -> Arc<dyn Upstream> {
    let settings = openai::Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..openai::Settings::default() };
    Arc::new(OpenAi::new(&settings, Transport::new(CONNECT_TIMEOUT)).expect("settings are valid"))
}

fn replicate(endpoint: &str) -> Arc<dyn Upstream> {
    let settings =
        replicate::Settings { sk: "r8_key".into(), endpoint: endpoint.to_owned(), ..replicate::Settings::default() };
    Arc::new(Replicate::new(settings, CONNECT_TIMEOUT).expect("settings are valid"))
}

#[tokio::test]
async fn openais_adapter_keeps_every_promise() {
    backend_contract::all_against::<Passthrough>(openai).await;
}

#[tokio::test]
async fn replicates_adapter_keeps_every_promise() {
    backend_contract::all_against::<Running>(replicate).await;
}
