//! The listening observer keeps what it is told and can be awaited.

use oar_exchange::{Exchange, Observer, Outcome};
use oar_testkit::Heard;
use std::sync::Arc;

fn exchange(id: &str) -> Arc<Exchange> {
    Arc::new(oar_testkit::exchange(id, Outcome::AllFailed))
}

#[tokio::test]
async fn exchanges_are_awaited_and_kept_in_order() {
    let heard = Heard::new();
    let (told, later) = tokio::join!(heard.until_finished(2), async {
        heard.started();
        heard.finished(&exchange("a"));
        tokio::task::yield_now().await;
        heard.finished(&exchange("b"));
        heard.exchanges().len()
    });
    assert_eq!(told.iter().map(|exchange| exchange.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((heard.begun(), later), (1, 2));
}

#[tokio::test]
#[should_panic(expected = "exactly one exchange was expected")]
async fn a_second_exchange_is_not_overlooked() {
    let heard = Heard::new();
    heard.finished(&exchange("a"));
    heard.finished(&exchange("b"));
    heard.only().await;
}
