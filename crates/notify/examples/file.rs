//! A channel of one's own: each alert is one line of JSON at the end of a file, for a program that reads it there.
//!
//! ```sh
//! cargo run -p oar-notify --example file -- alerts.jsonl
//! ```
//!
//! In a gateway, `App::builder(config).notifier(Arc::new(File { path }))` is all of it. A channel that
//! sends mail looks the same: `notify` hands `alert.text()` to the mail library of your choice, with its first line as the
//! subject.

use async_trait::async_trait;
use oar_notify::{Alert, Alerts, Notifier, NotifyError, Policy};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;

/// Appends alerts to a file, which may be moved away at any time.
struct File {
    path: PathBuf,
}

impl File {
    async fn append(&self, alert: &Alert) -> io::Result<()> {
        let mut line = serde_json::to_vec(alert)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path).await?;
        file.write_all(&line).await?;
        file.flush().await
    }
}

#[async_trait]
impl Notifier for File {
    fn name(&self) -> &str {
        "file"
    }

    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
        // The worker tries again in a second, and then in four: a full disk may have been emptied.
        self.append(alert).await.map_err(|error| NotifyError::Unreachable(Box::new(error)))
    }
}

/// Runs until everything has been written.
pub async fn run(path: PathBuf) {
    let (alerts, worker) = Alerts::start(vec![Arc::new(File { path })], "gateway-1", Policy::default());
    alerts.records_are_stuck();
    alerts.records_are_written();
    alerts.close();
    worker.run().await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let path = std::env::args_os().nth(1).unwrap_or_else(|| "alerts.jsonl".into());
    run(path.into()).await;
}
