//! What is done after each finding.

use oar_routing::{Candidate, Finding, Order, Query, Router, Token, Verdict};

#[track_caller]
fn check(findings: impl IntoIterator<Item = Finding>, expected: Verdict) {
    let router = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("a", ()));
    let router = router.build().expect("a router");
    let caller = router.authenticate(Some("t")).expect("a caller");
    let plan = router.plan(&caller, &Query::model("m"), 0).expect("a plan");
    for finding in findings {
        assert_eq!(plan.first().judge(finding), expected, "{finding:?}");
    }
}

#[test]
fn any_success_is_relayed() {
    check((200..300).map(Finding::Status), Verdict::Relay);
    check([Finding::Switched], Verdict::Relay);
}

#[test]
fn any_failure_is_tried_elsewhere() {
    check((100..200).chain(300..1000).map(Finding::Status), Verdict::TryNext);
    check([Finding::Unreachable, Finding::Broken, Finding::TimedOut], Verdict::TryNext);
}

#[test]
fn a_misconfigured_upstream_ends_the_request() {
    check([Finding::Misconfigured], Verdict::Stop);
}
