//! Answers on their way out: an upstream's, or the gateway's own.

use crate::head::{X_OAR_ATTEMPTS, X_REQUEST_ID, number_value};
use crate::kind::Kind;
use crate::ledger::Ledger;
use crate::relayed_body::Relay;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full};
use oar_exchange::Outcome;

/// The body of an answer: the gateway's own, or an upstream's.
///
/// ```
/// # use oar_gateway::{AnswerBody, Gateway};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
/// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
/// let gateway = Gateway::builder(router).build();
/// let stranger = http::Request::get("/v1/models").header("host", "gateway.example");
/// let refused = gateway.serve(stranger.body(http_body_util::Empty::new()).unwrap()).await;
/// assert!(matches!(refused.into_body(), AnswerBody::Left(_)));
/// assert!(matches!(gateway.serve(request).await.into_body(), AnswerBody::Right(_)));
/// # }
/// ```
pub type AnswerBody = Either<Full<Bytes>, Relay>;

/// Puts an answer together.
pub(crate) fn respond(status: StatusCode, headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// An answer of the gateway's own, with which the story ends.
pub(crate) fn own(
    status: StatusCode,
    mut headers: HeaderMap,
    json: Bytes,
    mut ledger: Ledger,
    (outcome, error): (Outcome, Option<String>),
) -> Response<AnswerBody> {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    add_ours(&mut headers, &ledger);
    ledger.answers(status, &headers, Kind::Text);
    ledger.sends(&json);
    ledger.close(outcome, error);
    respond(status, headers, Either::Left(Full::new(json)))
}

/// Says which request this answers, and after how many attempts.
pub(crate) fn add_ours(headers: &mut HeaderMap, ledger: &Ledger) {
    if let Ok(id) = HeaderValue::try_from(ledger.request_id()) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(X_OAR_ATTEMPTS, number_value(ledger.attempts() as u64));
}
