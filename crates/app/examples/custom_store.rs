//! A gateway with a place of its own for records: each request is one line of JSON at the end of a file.
//!
//! ```sh
//! cargo run --package oar-app --example custom_store
//! curl http://127.0.0.1:8888/v1/models
//! cat records.jsonl
//! ```

use async_trait::async_trait;
use oar_app::record::{Row, Store, StoreError};
use oar_app::{App, Config, Problems};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;

/// Appends rows to a file, which may be moved away at any time.
struct JsonLines {
    path: PathBuf,
}

#[async_trait]
impl Store for JsonLines {
    async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
        let lines = lines(rows).map_err(StoreError::rejected)?;
        append(&self.path, &lines).await.map_err(StoreError::unavailable)
    }
}

fn lines(rows: &[Arc<Row>]) -> serde_json::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, &**row)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

async fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path).await?;
    file.write_all(lines).await?;
    file.flush().await
}

pub(crate) fn app(config: Config, path: PathBuf) -> Result<App, Problems> {
    App::builder(config).store(Box::new(JsonLines { path })).build()
}

pub(crate) const CONFIG: &str = "
address: 127.0.0.1:8888
upstreams: [{sk: key, endpoint: 'http://127.0.0.1:8000/v1', noauth: true}]
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(Config::parse(CONFIG, "config.yaml", &|_| None)?, "records.jsonl".into())?;
    let listener = app.bind().await?;
    Ok(app.run(listener, async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await?)
}
