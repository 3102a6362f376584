//! How much memory a request holds of itself, beside its body: thousands of streams are open at a time.

use crate::house::Fake;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use oar_gateway::{AnswerBody, Gateway};
use oar_routing::{Order, Router};
use std::mem::{size_of, size_of_val};

/// Bounds, not measurements: what only few requests need belongs into a box, so that the others have no room for it.
#[test]
fn a_request_takes_little_memory_while_it_waits_and_less_while_it_is_answered() {
    let router = Router::builder(Order::Configured).candidate(Fake::silent().entry("first")).build();
    let gateway = Gateway::builder(router.expect("a router")).build();
    let waiting = size_of_val(&gateway.serve(Request::new(Full::<Bytes>::default())));
    assert!(waiting <= 4 * 1024, "{waiting}");
    let answered = size_of::<AnswerBody>();
    assert!(answered <= 512, "{answered}");
}
