//! What is odd about an answer that was passed on as a success: bytes are promised, not their meaning, but the record
//! should not look as if all were well.

use crate::error_answer::is_page_type;
use http::Method;
use oar_exchange::{Exchange, Outcome};
use oar_protocol::is_error_answer;

/// What the operator should know of an upstream's answer with 200 that had a body to come, if anything.
pub(crate) fn oddity(story: &Exchange, beginning: &[u8]) -> Option<&'static str> {
    let answer = &story.answer;
    let is_success = story.outcome == Outcome::Ok && answer.status == 200 && story.served_by().is_some();
    if !is_success || story.request.method == Method::HEAD {
        return None;
    }
    if answer.bytes == 0 {
        Some("the answer is empty")
    } else if answer.content_type.as_deref().is_some_and(is_page_type) {
        Some("the answer is an HTML page")
    } else {
        is_error_answer(beginning).then_some("the answer is an error object")
    }
}
