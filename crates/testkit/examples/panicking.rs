//! A gateway with a backend whose bodies panic half way, as a defective adapter's would.
//!
//! ```text
//! OAR_TOKEN=token cargo run -p oar-testkit --example panicking -- http://127.0.0.1:PORT/v1
//! ```
//!
//! It prints one line, `listening on 127.0.0.1:PORT`. Its first upstream refuses every connection, the second panics, the
//! third is the one named on the command line. `GET /v1/_hits` tells how often the second was asked.

mod words;

use futures_util::stream::{self, StreamExt};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body_util::StreamBody;
use hyper::body::Frame;
use oar_app::upstream::{BodyError, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use oar_app::{App, Config};
use serde_json::json;
use std::env;
use std::error::Error;
use std::future::pending;
use std::io::{Write, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::yield_now;
use words::{WORDS, event, half};

const CONFIG: &str = "
address: 127.0.0.1:0
authorization: ${OAR_TOKEN}
dbtype: none
upstreams:
  - {name: broken, sk: key-of-broken, endpoint: 'http://127.0.0.1:1/v1', deny: [/v1/_hits]}
  - {name: panics, type: panics, noauth: true}
  - {name: spare, sk: key-of-spare, endpoint: '${SPARE}', deny: [/v1/_hits]}
";

/// How many words are said before the panic.
const SAID: usize = 3;

#[derive(Default)]
struct Panics {
    hits: AtomicU64,
}

#[async_trait::async_trait]
impl Upstream for Panics {
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        if request.path_and_query == "/_hits" {
            let hits = json!({ "/v1/chat/completions": self.hits.load(Ordering::SeqCst) });
            return Ok(answer("application/json", ResponseBody::full(hits.to_string())));
        }
        self.hits.fetch_add(1, Ordering::SeqCst);
        if request.stream {
            let said = WORDS.iter().take(SAID).map(|word| event(word));
            return Ok(answer("text/event-stream", panicking_after(said.collect())));
        }
        Ok(answer("application/json", panicking_after(vec![half()])))
    }
}

fn answer(kind: &'static str, body: ResponseBody) -> UpstreamResponse {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
    UpstreamResponse { status: http::StatusCode::OK, headers, body }
}

/// Has nothing to say for a moment after each piece: that is when a server writes what it holds.
fn panicking_after(pieces: Vec<String>) -> ResponseBody {
    let said = pieces.len();
    let frames = stream::iter(0..=said).then(move |index| {
        let piece = pieces.get(index).cloned();
        async move {
            yield_now().await;
            let piece = piece.expect("a panic on purpose");
            Ok::<_, BodyError>(Frame::data(piece.into()))
        }
    });
    ResponseBody::stream(StreamBody::new(frames))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spare = env::args().nth(1).ok_or("usage: panicking URL-OF-THE-SPARE")?;
    let env = |name: &str| if name == "SPARE" { Some(spare.clone()) } else { env::var(name).ok() };
    let config = Config::parse(CONFIG, "config.yaml", &env)?;
    let app = App::builder(config).backend("panics", |_| Ok(Arc::new(Panics::default()))).build()?;
    let listener = app.bind().await?;
    let mut out = stdout().lock();
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    // Whoever started this waits for the line, so it must not stay in a buffer.
    out.flush()?;
    drop(out);
    Ok(app.run(listener, pending()).await?)
}
