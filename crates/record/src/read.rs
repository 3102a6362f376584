//! The other end: rows read back while the gateway writes, and deleted when nobody wants them any more.
//!
//! Reading never brings a table up to date, never holds a lock that a writer waits for, and pages by row number, so that
//! no single question grows with the table. A table of the Go version, which lacks our columns, reads as if they were empty.

mod archive;
mod error;
mod filter;
mod narrow;
mod postgres;
mod prune;
mod query;
mod readable;
mod sqlite;
mod sqlite_file;
mod walk;
mod words;

pub use archive::Archive;
pub use error::ReadError;
pub use filter::Filter;
pub use prune::{Pruner, pause_after};
pub use query::Query;
pub use readable::{Measure, Readable, RowId, Summary};
pub use walk::Walk;
pub use words::{OutcomeFilter, StatusFilter, WrongWord};
