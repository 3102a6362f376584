//! What the record promises, through its public names: rows, stores, and the writer between them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod exchanges;
mod scratch;
mod server;

mod contract;
mod disk;
mod going_over;
mod outages;
mod policy;
mod postgres;
mod postgres_tls;
mod pruning;
mod reading;
mod retention;
mod row;
mod secrecy;
mod sqlite;
mod upkeep;
mod writer;
