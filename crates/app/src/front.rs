//! What the service answers besides the API: is it alive, is it ready, what has it counted.

use crate::current::{Current, Serving};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{Either, Full};
use oar_gateway::{AnswerBody, allow_all_origins};
use oar_metrics::Metrics;
use oar_upstream::BodyError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The API and the few paths beside it, which ask no upstream. Cloning shares everything.
#[derive(Clone)]
pub(crate) struct Front {
    current: Current,
    metrics: Arc<Metrics>,
    draining: Arc<AtomicBool>,
    door: Door,
}

/// What is to be had at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// The API, and the paths beside it.
    Everything,
    /// The paths beside it alone, for whoever reads the metrics.
    Beside,
}

/// Who may read the metrics where the API is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposure {
    Anybody,
    /// Whoever presents a token.
    Callers,
    /// Nobody: they have an address of their own.
    Elsewhere,
}

enum Beside {
    Alive,
    Ready,
    Metrics,
}

const PLAIN: &str = "text/plain; charset=utf-8";

impl Front {
    pub(crate) fn new(current: Current, metrics: Arc<Metrics>) -> Self {
        Self { current, metrics, draining: Arc::default(), door: Door::Everything }
    }

    /// The same without the API.
    pub(crate) fn beside(&self) -> Self {
        Self { door: Door::Beside, ..self.clone() }
    }

    /// From now on the service is not ready: whoever balances load should look elsewhere.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn serve<B>(&self, request: Request<B>) -> Response<AnswerBody>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        let serving = self.current.get();
        match (Beside::at(request.uri().path()), self.door) {
            (None, Door::Everything) => serving.gateway.serve(request).await,
            (None, Door::Beside) => text(StatusCode::NOT_FOUND, PLAIN, "there are only /metrics, /livez and /readyz\n"),
            (Some(_), Door::Everything) if request.method() == Method::OPTIONS => serving.gateway.serve(request).await,
            (Some(_), _) if ![Method::GET, Method::HEAD].contains(request.method()) => not_allowed(),
            (Some(Beside::Metrics), Door::Everything) => self.metrics_here(&serving, request.headers()),
            (Some(beside), _) => self.answer(&beside, request.headers()),
        }
    }

    /// The metrics where the API is.
    fn metrics_here(&self, serving: &Serving, headers: &HeaderMap) -> Response<AnswerBody> {
        match serving.exposure {
            Exposure::Callers if !serving.gateway.knows(headers) => {
                let mut refused = text(StatusCode::UNAUTHORIZED, PLAIN, "this takes a token\n");
                refused.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                refused
            }
            Exposure::Anybody | Exposure::Callers => self.answer(&Beside::Metrics, headers),
            Exposure::Elsewhere => text(StatusCode::NOT_FOUND, PLAIN, "the metrics are at another address\n"),
        }
    }

    fn answer(&self, beside: &Beside, headers: &HeaderMap) -> Response<AnswerBody> {
        match beside {
            Beside::Alive => text(StatusCode::OK, PLAIN, "ok\n"),
            Beside::Ready if self.draining.load(Ordering::Relaxed) => {
                text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "draining\n")
            }
            Beside::Ready => text(StatusCode::OK, PLAIN, "ready\n"),
            Beside::Metrics => {
                let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
                let (content_type, page) = self.metrics.render(accept);
                text(StatusCode::OK, content_type, page)
            }
        }
    }
}

fn not_allowed() -> Response<AnswerBody> {
    let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "method not allowed\n");
    refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    refused
}

impl Beside {
    fn at(path: &str) -> Option<Self> {
        match path {
            "/livez" | "/healthz" | "/health" => Some(Self::Alive),
            "/readyz" => Some(Self::Ready),
            "/metrics" | "/v1/metrics" => Some(Self::Metrics),
            _ => None,
        }
    }
}

fn text(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<AnswerBody> {
    let mut response = Response::new(Either::Left(Full::new(body.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    allow_all_origins(response.headers_mut());
    response
}
