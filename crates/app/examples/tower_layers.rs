//! Tower's layers around one upstream. `type: spare` asks at most `places` things at a time and names its project; what finds no
//! place goes to the next upstream at once.
//!
//! ```sh
//! cargo run --package oar-app --example tower_layers
//! curl http://127.0.0.1:8888/v1/models
//! ```

use async_trait::async_trait;
use http::HeaderValue;
use oar_app::upstream::openai::{self, OpenAi, Transport};
use oar_app::upstream::{Description, Fault, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use oar_app::{App, BackendError, Config, Problems, Settings};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

/// An upstream as tower knows services, for layers to stand around.
#[derive(Clone)]
struct AsService(Arc<dyn Upstream>);

impl Service<UpstreamRequest> for AsService {
    type Response = UpstreamResponse;
    type Error = UpstreamError;
    type Future = Pin<Box<dyn Future<Output = Result<UpstreamResponse, UpstreamError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), UpstreamError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: UpstreamRequest) -> Self::Future {
        let upstream = Arc::clone(&self.0);
        Box::pin(async move { upstream.send(&request).await })
    }
}

/// A service with its layers as the gateway knows upstreams. Clones of it share what the layers share.
struct Layered<S> {
    service: S,
    description: Description,
}

#[async_trait]
impl<S> Upstream for Layered<S>
where
    S: Service<UpstreamRequest, Response = UpstreamResponse, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        self.service.clone().oneshot(request.clone()).await.map_err(told)
    }

    fn describe(&self) -> Description {
        self.description.clone()
    }
}

/// A layer's error in the gateway's words: which of them decides whether the next upstream is asked.
fn told(error: BoxError) -> UpstreamError {
    match error.downcast::<UpstreamError>() {
        Ok(error) => *error,
        // No place was free, so nothing was sent.
        Err(error) if error.is::<tower::load_shed::error::Overloaded>() => {
            UpstreamError::caused_by(Fault::Refused, error)
        }
        Err(error) => UpstreamError::caused_by(Fault::Other, error),
    }
}

#[derive(serde::Deserialize)]
struct Spare {
    sk: String,
    endpoint: String,
    places: usize,
}

fn spare(settings: &Settings) -> Result<Arc<dyn Upstream>, BackendError> {
    let Spare { sk, endpoint, places } = settings.decode()?;
    let plain = openai::Settings { sk: sk.into(), endpoint, ..openai::Settings::default() };
    let upstream = OpenAi::new(&plain, Transport::new(settings.connect_timeout()))
        .map_err(|error| settings.problem(error.key(), error.to_string()))?;
    let description = upstream.describe();
    let service = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(places)
        .map_request(|mut request: UpstreamRequest| {
            request.headers.insert("openai-project", HeaderValue::from_static("spare"));
            request
        })
        .service(AsService(Arc::new(upstream)));
    Ok(Arc::new(Layered { service, description }))
}

pub(crate) fn app(config: Config) -> Result<App, Problems> {
    App::builder(config).backend("spare", spare).build()
}

pub(crate) const CONFIG: &str = "
address: 127.0.0.1:8888
dbtype: none
upstreams:
  - {type: spare, places: 4, sk: local, endpoint: 'http://127.0.0.1:8000/v1', noauth: true}
  - {sk: provider-key, endpoint: 'https://api.openai.com/v1', noauth: true}
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(Config::parse(CONFIG, "config.yaml", &|_| None)?)?;
    let listener = app.bind().await?;
    Ok(app.run(listener, async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await?)
}
