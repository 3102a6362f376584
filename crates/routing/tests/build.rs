//! What a router refuses to be built of.

use oar_routing::{BuildError, Candidate, Order, Router, Timeouts};
use std::time::Duration;

#[test]
fn nobody_to_route_to_is_an_error() {
    assert!(matches!(Router::<()>::builder(Order::Configured).build(), Err(BuildError::NoCandidate)));
}

#[test]
fn a_name_stands_for_one_candidate() {
    let twice =
        Router::builder(Order::Configured).candidate(Candidate::new("a", ())).candidate(Candidate::new("a", ()));
    assert!(matches!(twice.build(), Err(BuildError::DuplicateName(name)) if &*name == "a"));
}

#[test]
fn no_time_at_all_is_an_error() {
    let own = Timeouts { plain: Some(Duration::ZERO), stream: None };
    let builder = || Router::builder(Order::Configured);
    let zero = builder().candidate(Candidate::new("a", ()).timeouts(own)).build();
    assert!(matches!(zero, Err(BuildError::ZeroTimeout(_))));
    let default = builder().timeouts(Duration::from_secs(1), Duration::ZERO).candidate(Candidate::new("a", ())).build();
    assert!(matches!(default, Err(BuildError::ZeroTimeout(_))));
}
