//! A09: a channel is never printed with what opens it, whatever is wrong with it.

use oar_notify::{Alerts, Feishu, Http, Matrix, Notifier, Policy, Webhook, feishu};
use oar_testkit::canary::assert_none;
use secrecy::SecretString;
use std::fmt::Debug;
use std::sync::Arc;

const URLS: &[&str] = &[
    "https://canary-user:canary-pass@canary.example/canary-hook?key=canary",
    "https://h/_matrix/client/v3/rooms/canary/send/m.room.message?access_token=canary",
];

#[test]
fn nothing_prints_a_webhook_or_a_secret() {
    let http = Http::new().expect("a client");
    for url in URLS.iter().map(|url| SecretString::from(*url)) {
        let robot = Feishu::new(&http, &url, Some("canary-sign".into()), feishu::Style::Text).expect("a URL");
        let matrix = Matrix::new(&http, &url).expect("a URL");
        let webhook = Webhook::new(&http, &url).expect("a URL");
        let room = Matrix::room(&http, &url, "!canary:server", "canary-token".into()).expect("a URL");
        let printed: [&dyn Debug; 4] = [&robot, &matrix, &webhook, &room];
        for channel in printed {
            assert_none("a channel's `Debug`", format!("{channel:?}{channel:#?}"));
        }
        let channels: Vec<Arc<dyn Notifier>> = vec![Arc::new(robot), Arc::new(matrix), Arc::new(webhook)];
        let (alerts, worker) = Alerts::start(channels, "gateway-1", Policy::default());
        assert_none("the `Debug` of alerts", format!("{alerts:?}{worker:?}{:?}", alerts.counts()));
    }
}

#[test]
fn an_address_that_is_none_is_not_repeated() {
    let http = Http::new().expect("a client");
    for wrong in ["", "canary", "/canary", "ftp://canary/", "canary.example/hook", "https://canary host/"] {
        let url = SecretString::from(wrong);
        let errors = [
            Feishu::new(&http, &url, Some("canary".into()), feishu::Style::Text).expect_err(wrong),
            Matrix::new(&http, &url).expect_err(wrong),
            Matrix::room(&http, &url, "!canary:server", "canary-token".into()).expect_err(wrong),
            Webhook::new(&http, &url).expect_err(wrong),
        ];
        for error in errors {
            assert_none("a problem", format!("{error} {error:?}"));
        }
    }
}
