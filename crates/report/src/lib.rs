//! Records for people: rows as lines, as conversations, as statistics, and as the JSON and CSV of other programs.
//!
//! What stands in a record is other people's data. Nothing of it reaches a terminal as anything but text: [`safe`] turns
//! every character that a terminal could obey into one that it shows.
//!
//! This crate refuses to read a database, to ask which terminal it is on, and to know what time it is, but for
//! [`moment::now`]: it is told, and writes into what it is given.
//!
//! ```
//! use oar_record::Summary;
//! use oar_report::{Look, Table};
//!
//! let row = Summary { id: 7, status: Some(200), outcome: Some("ok".into()), model: Some("m\u{1b}[2J".into()), ..Summary::default() };
//! let mut text = Vec::new();
//! let table = Table::new(Look::plain());
//! table.head(&mut text)?;
//! table.line(&row, &mut text)?;
//! assert!(String::from_utf8_lossy(&text).contains(r"ok             200 m\u{1b}[2J"));
//! # Ok::<(), std::io::Error>(())
//! ```

// How things look.
pub mod safe;

mod look;
mod quantity;

// What people write.
pub mod moment;

// One row.
mod attempts;
mod conversation;
mod parts;
mod show;
mod table;

// Many rows.
mod chart;
mod group;
mod statistics;

// For other programs.
mod export;

pub use export::{Csv, JsonLines};
pub use group::{By, WrongBy};
pub use look::{Colours, Look};
pub use show::show;
pub use statistics::Statistics;
pub use table::Table;
