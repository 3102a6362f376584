//! What happened, kept: exchange → row → bounded queue → one writer → SQLite or PostgreSQL.
//!
//! A [`Recorder`] hears every [`Exchange`](oar_exchange::Exchange) on the request path and puts it, as far as its
//! [`Policy`] keeps anything of it, into a queue that is bounded in rows and in bytes. A [`Writer`], one future that the
//! owner runs, turns exchanges into [`Row`]s and hands them in batches to a [`Store`]. A store that is slow or gone costs
//! rows, which [`Counters`] tell with the reason; it never costs a request a microsecond. An [`Archive`] reads the rows
//! back, a [`Pruner`] deletes them by hand.
//!
//! The table is the Go version's with more columns, all nullable: its databases open and lose nothing, and it can still
//! insert into ours.
//!
//! This crate refuses to decide who may read records, to write on the request path, to hold more than its caps say, and
//! to log a body, a token or a DSN.
//!
//! A store of one's own is one method:
//!
//! ```
//! use oar_record::{Recorder, Row, Store, StoreError};
//! use std::io::Write;
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! /// Keeps rows as JSON lines.
//! struct JsonLines<W>(W);
//!
//! #[async_trait::async_trait]
//! impl<W: Write + Send + 'static> Store for JsonLines<W> {
//!     async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
//!         for row in rows {
//!             serde_json::to_writer(&mut self.0, &**row).map_err(StoreError::rejected)?;
//!             self.0.write_all(b"\n").map_err(StoreError::unavailable)?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (recorder, writer) = Recorder::start(Box::new(JsonLines(Vec::new())), "gateway-1");
//! let counters = recorder.counters();
//! // The owner runs the writer on a tracker of its own, gives `recorder` to the gateway as an `Observer`, and when it
//! // shuts down lets `stop` resolve to the time that flushing may take.
//! let stop = async { Duration::from_secs(5) };
//! writer.run(stop).await;
//! assert_eq!(counters.written(), 0);
//! # }
//! ```

// On the request path: what is kept, and the queue that takes it.
mod policy;

mod headers;
mod queue;

// The one task: exchanges to rows, rows to the store.
mod writer;

mod batch;
mod row;

mod created_at;
mod text;

// Where rows end up.
mod store;

mod open_error;
mod postgres;
mod postgres_dsn;
mod postgres_tls;
mod schema;
mod sqlite;

// The way back.
mod read;

// What became of it all.
mod counters;

pub use counters::{Counters, DropReason};
pub use created_at::CreatedAt;
pub use headers::{KeepHeader, KeepHeaders, is_never_kept};
pub use open_error::OpenError;
pub use policy::{Extract, Keep, KeepAddress, KeepOutcomes, KeepText, Policy};
pub use postgres::PostgresStore;
pub use queue::{QUEUE_CAP_BYTES, QUEUE_CAP_ROWS, Recorder};
pub use read::{
    Archive, Filter, Measure, OutcomeFilter, Pruner, Query, ReadError, Readable, RowId, StatusFilter, Summary, Walk,
    WrongWord, pause_after,
};
pub use row::Row;
pub use sqlite::SqliteStore;
pub use store::{Pruned, RETENTION_STEP_BYTES, RETENTION_STEP_ROWS, Retention, Store, StoreError, Tended};
pub use text::{FIELD_CAP_BYTES, HEADERS_CAP_BYTES, SHORT_FIELD_CAP_BYTES};
pub use writer::{BATCH_CAP_BYTES, BATCH_CAP_ROWS, BATCH_LINGER, Writer};

#[cfg(test)]
extern crate self as oar_record;

#[cfg(test)]
#[allow(dead_code, reason = "shared with the tests of the public names, which use the rest")]
#[path = "../tests/record/exchanges.rs"]
mod exchanges;

#[cfg(test)]
#[allow(dead_code, reason = "shared with the tests of the public names, which use the rest")]
#[path = "../tests/record/scratch.rs"]
mod scratch;

#[cfg(test)]
#[path = "../tests/record/server.rs"]
mod server;
