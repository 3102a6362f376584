//! What the record promises, through its public names: rows, stores, and the writer between them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod exchanges;
mod scratch;

mod contract;
mod postgres;
mod row;
mod sqlite;
mod writer;
