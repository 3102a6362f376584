//! A09: nothing that a router is made of, or hands out, prints a token.

use oar_routing::{Access, Candidate, Order, Router, Token};
use std::fmt::Debug;

fn check(value: &dyn Debug) {
    let printed = format!("{value:?}{value:#?}");
    assert!(!printed.contains("canary"), "a secret got out, in {printed}");
}

#[test]
fn no_token_is_printed() {
    let tokens = vec![Token::new("canary-own"), Token::new("canary")];
    let builder = Router::builder(Order::Configured)
        .token(Token::new("canary-team-token-that-is-long"))
        .candidate(Candidate::new("first", ()))
        .candidate(Candidate::new("second", ()).access(Access::Tokens(tokens)));
    check(&builder);
    let router = builder.build().expect("a router");
    check(&router);
    check(&router.authenticate(Some("canary-stranger")));
    let caller = router.authenticate(Some("canary-team-token-that-is-long")).expect("a caller");
    check(&caller);
    check(&caller.fingerprint());
    check(&Token::new("canary-team-token-that-is-long").fingerprint());
}
