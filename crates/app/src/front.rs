//! What the service answers besides the API: is it alive, is it ready, what has it counted.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{Either, Full};
use oar_gateway::{AnswerBody, Gateway, allow_all_origins};
use oar_metrics::Metrics;
use oar_upstream::BodyError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The gateway and the few paths beside it, which need no token and ask no upstream.
#[derive(Clone)]
pub(crate) struct Front {
    gateway: Gateway,
    metrics: Arc<Metrics>,
    draining: Arc<AtomicBool>,
}

enum Beside {
    Alive,
    Ready,
    Metrics,
}

impl Front {
    pub(crate) fn new(gateway: Gateway, metrics: Arc<Metrics>) -> Self {
        Self { gateway, metrics, draining: Arc::default() }
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
        match Beside::at(request.uri().path()) {
            None => self.gateway.serve(request).await,
            Some(_) if request.method() == Method::OPTIONS => self.gateway.serve(request).await,
            Some(_) if ![Method::GET, Method::HEAD].contains(request.method()) => {
                let mut refused =
                    text(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "method not allowed\n");
                refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
                refused
            }
            Some(beside) => self.answer(&beside, request.headers().get(header::ACCEPT)),
        }
    }

    fn answer(&self, beside: &Beside, accept: Option<&HeaderValue>) -> Response<AnswerBody> {
        const PLAIN: &str = "text/plain; charset=utf-8";
        match beside {
            Beside::Alive => text(StatusCode::OK, PLAIN, "ok\n"),
            Beside::Ready if self.draining.load(Ordering::Relaxed) => {
                text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "draining\n")
            }
            Beside::Ready => text(StatusCode::OK, PLAIN, "ready\n"),
            Beside::Metrics => {
                let (content_type, page) = self.metrics.render(accept.and_then(|value| value.to_str().ok()));
                text(StatusCode::OK, content_type, page)
            }
        }
    }
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
