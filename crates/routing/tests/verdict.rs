//! What is done after each finding.

use oar_routing::{Candidate, FailoverOn, FailureClass, Finding, Order, Query, Repeat, Router, Token, Verdict};

#[track_caller]
fn check(findings: impl IntoIterator<Item = Finding>, expected: Verdict) {
    check_under(FailoverOn::Any, Repeat::Anywhere, findings, expected);
}

#[track_caller]
fn check_under(policy: FailoverOn, repeat: Repeat, findings: impl IntoIterator<Item = Finding>, expected: Verdict) {
    let router = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("a", ()));
    let router = router.failover_on(policy).build().expect("a router");
    let caller = router.authenticate(Some("t")).expect("a caller");
    let plan = router.plan(&caller, &Query::model("m").repeat(repeat), 0).expect("a plan");
    for finding in findings {
        assert_eq!(plan.first().judge(finding), expected, "{finding:?}");
    }
}

const TROUBLE: [Finding; 4] = [Finding::Unreachable, Finding::Broken, Finding::TimedOut, Finding::ErrorEvent];

#[test]
fn any_success_is_relayed() {
    check((200..300).map(Finding::Status), Verdict::Relay);
    check([Finding::Switched], Verdict::Relay);
}

#[test]
fn any_failure_is_tried_elsewhere() {
    check((100..200).chain(300..1000).map(Finding::Status), Verdict::TryNext);
    check(TROUBLE, Verdict::TryNext);
}

#[test]
fn a_misconfigured_upstream_ends_the_request() {
    check([Finding::Misconfigured], Verdict::Stop);
}

#[test]
fn under_standard_only_what_blames_the_request_is_relayed_at_once() {
    let blames = [400, 405, 406, 410, 411, 413, 414, 415, 416, 418, 422, 431, 451].map(Finding::Status);
    check_under(FailoverOn::Standard, Repeat::Anywhere, blames, Verdict::Relay);
    let elsewhere = [301, 307, 401, 402, 403, 404, 408, 409, 421, 425, 429, 500, 503, 529, 600].map(Finding::Status);
    check_under(FailoverOn::Standard, Repeat::Anywhere, elsewhere.into_iter().chain(TROUBLE), Verdict::TryNext);
}

#[test]
fn a_list_is_all_that_counts() {
    use FailureClass::{Connect, ErrorEvent, Status, Statuses, Timeout};
    let listed = || FailoverOn::These(vec![Status(429), Statuses(5), Connect, Timeout, ErrorEvent]);
    let next = [Finding::Status(429), Finding::Status(500), Finding::Status(599), Finding::Unreachable];
    let also = [Finding::TimedOut, Finding::ErrorEvent];
    check_under(listed(), Repeat::Anywhere, next.into_iter().chain(also), Verdict::TryNext);
    check_under(listed(), Repeat::Anywhere, [400, 401, 404].map(Finding::Status), Verdict::Relay);
    check_under(listed(), Repeat::Anywhere, [Finding::Broken, Finding::Status(302)], Verdict::Stop);
}

#[test]
fn what_must_not_happen_twice_moves_on_only_if_nobody_has_seen_it() {
    let once = |findings: Vec<Finding>, verdict| check_under(FailoverOn::Any, Repeat::OnlyIfUnseen, findings, verdict);
    once(vec![Finding::Unreachable], Verdict::TryNext);
    once(vec![Finding::Broken, Finding::TimedOut, Finding::Status(307)], Verdict::Stop);
    once(vec![Finding::Status(500), Finding::Status(404)], Verdict::Relay);
    once(vec![Finding::Status(201)], Verdict::Relay);
}

/// U15: nothing is wrong with the upstream, so this is no failover, and `failover_on` has no say.
#[test]
fn on_a_stale_connection_the_same_candidate_is_tried_again_unless_that_may_do_harm() {
    for policy in [FailoverOn::Any, FailoverOn::Standard, FailoverOn::These(vec![FailureClass::Status(429)])] {
        check_under(policy.clone(), Repeat::Anywhere, [Finding::Stale], Verdict::Again);
        check_under(policy, Repeat::OnlyIfUnseen, [Finding::Stale], Verdict::Stop);
    }
}
