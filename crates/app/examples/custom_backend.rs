//! A gateway with a backend of your own: `type: echo` answers with what it was asked.
//!
//!     cargo run --package oar-app --example custom_backend
//!     curl http://127.0.0.1:8888/v1/chat/completions -d '{"model": "any"}'

use oar_app::upstream::{ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use oar_app::{App, Config, Problems};
use std::sync::Arc;

pub(crate) const CONFIG: &str = "
address: 127.0.0.1:8888
dbtype: none
upstreams: [{type: echo, noauth: true, greeting: Hello}]
";

#[derive(serde::Deserialize)]
struct Echo {
    greeting: String,
}

#[async_trait::async_trait]
impl Upstream for Echo {
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let text = format!("{}, you asked {}\n", self.greeting, String::from_utf8_lossy(&request.body));
        let (status, headers) = (http::StatusCode::OK, http::HeaderMap::new());
        Ok(UpstreamResponse { status, headers, body: ResponseBody::full(text) })
    }
}

pub(crate) fn app(config: Config) -> Result<App, Problems> {
    App::builder(config).backend("echo", |settings| Ok(Arc::new(settings.decode::<Echo>()?))).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(Config::parse(CONFIG, "config.yaml", &|_| None)?)?;
    let listener = app.bind().await?;
    Ok(app.run(listener, async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await?)
}
