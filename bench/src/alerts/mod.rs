//! A flood of failures, and what the alerts about it cost everybody else.
//!
//! In a [`flood`] the first upstream of every request fails, and the second answers; in one of them all fail. The [`Bot`]
//! that is told answers, hangs or refuses, and next to that there is a flood without one. [`subside`] is a flood that
//! ends, and [`Aftermath::recover`] what people are told then. [`run`] does all of it.

mod bot;
mod case;
mod options;

mod scene;

mod flood;
mod found;

mod recovery;

mod story;

mod run;

pub use bot::{Bot, Manner, Message};
pub use case::Case;
pub use flood::{Flood, flood};
pub use found::{Account, Found};
pub use options::Options;
pub use recovery::{Aftermath, Recovery, subside};
pub use run::{Comparison, run};
