//! Records when the database goes away, and when the gateway does: the longer runs of `make outage` and `make kills`, cut
//! short. Of how long anything takes they say nothing: other tests run at the same time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod kills;
mod outage;
mod stop;

use std::path::Path;

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_openai-api-route"))
}
