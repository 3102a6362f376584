//! A channel of the embedder's own.

use crate::service::{Service, chat, config, parse};
use async_trait::async_trait;
use oar_app::App;
use oar_app::notify::{Alert, Notifier, NotifyError};
use oar_testkit::ScriptedUpstream;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Hands each alert to the test.
struct Desk(mpsc::Sender<Alert>);

#[async_trait]
impl Notifier for Desk {
    fn name(&self) -> &str {
        "desk"
    }

    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
        self.0.try_send(alert.clone()).expect("a place");
        Ok(())
    }
}

#[tokio::test]
async fn an_own_channel_is_told_in_the_configured_language_and_counted() {
    let upstream = ScriptedUpstream::answering(500, &[], "no").await.unwrap();
    let file = config("dbtype: none\nnotify: {language: zh}", &[("only", &upstream)]);
    let (told, mut alerts) = mpsc::channel(8);
    let app = App::builder(parse(&file)).notifier(Arc::new(Desk(told))).build().unwrap();
    let service = Service::run(app).await;
    service.ask(chat("m")).await;
    let text = alerts.recv().await.expect("an alert").text();
    assert!(text.contains("only") && text.contains("status 500") && text.contains("上游"), "{text}");
    assert_eq!(service.metric("oar_notify_failed_total{channel=\"desk\"}").await, 0.0);
    service.stop().await;
    assert!(alerts.recv().await.is_none(), "one failure is one message");
}
