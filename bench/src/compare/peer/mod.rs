//! Who is compared, each as a fresh process for each measurement.

mod golang;
mod grounds;
mod kind;
mod nginx;
mod ours;

pub(crate) use grounds::{Grounds, Running};
pub(crate) use kind::Peer;
