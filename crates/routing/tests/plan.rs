//! Which upstreams are tried for a query, in which order, and how long each may take.

use oar_routing::{Candidate, Mode, NoRoute, Order, Query, Reason, Router, Timeouts, Token};
use proptest::prelude::*;
use std::time::Duration;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn router(order: Order, candidates: Vec<Candidate<()>>) -> Router<()> {
    let builder = Router::builder(order).token(Token::new("t"));
    candidates.into_iter().fold(builder, oar_routing::Builder::candidate).build().expect("a router")
}

fn planned(router: &Router<()>, query: &Query<'_>, seed: u64) -> Result<Vec<String>, NoRoute> {
    let caller = router.authenticate(Some("t")).expect("a caller");
    let plan = router.plan(&caller, query, seed)?;
    Ok(plan.attempts().map(|attempt| attempt.name().to_string()).collect())
}

fn timeouts(candidates: Vec<Candidate<()>>, mode: Mode) -> Vec<Duration> {
    let router = router(Order::Configured, candidates);
    let caller = router.authenticate(Some("t")).expect("a caller");
    let plan = router.plan(&caller, &Query::model("m").mode(mode), 0).expect("a plan");
    plan.attempts().map(|attempt| attempt.timeout()).collect()
}

#[test]
fn allow_is_asked_first_and_deny_removes() {
    let router = router(
        Order::Configured,
        vec![
            Candidate::new("all", ()),
            Candidate::new("some", ()).allow(["gpt-4o", "o1"]),
            Candidate::new("not-o1", ()).allow(["o1", "o3"]).deny(["o1"]),
            Candidate::new("not-4o", ()).deny(["gpt-4o"]),
            Candidate::new("empty-allow", ()).allow(Vec::<String>::new()),
        ],
    );
    let plan = |model| planned(&router, &Query::model(model), 0).expect("a plan");
    assert_eq!(plan("gpt-4o"), ["all", "some", "empty-allow"]);
    assert_eq!(plan("o1"), ["all", "some", "not-4o", "empty-allow"]);
    assert_eq!(plan("o3"), ["all", "not-o1", "not-4o", "empty-allow"]);
    assert_eq!(plan("GPT-4o"), ["all", "not-4o", "empty-allow"], "names match exactly");
}

#[test]
fn an_upload_goes_by_its_model_and_by_its_path() {
    let path = "/v1/audio/transcriptions";
    let router = router(
        Order::Configured,
        vec![
            Candidate::new("by-path", ()).allow([path]),
            Candidate::new("by-model", ()).allow(["whisper-1"]),
            Candidate::new("neither", ()).allow(["gpt-4o"]),
            Candidate::new("denied", ()).deny([path]),
        ],
    );
    assert_eq!(planned(&router, &Query::model("whisper-1").or(path), 0), Ok(vec!["by-path".into(), "by-model".into()]));
    assert_eq!(planned(&router, &Query::model(path), 0), Ok(vec!["by-path".into()]));
}

#[test]
fn nothing_that_serves_is_no_plan() {
    let router = router(Order::Configured, vec![Candidate::new("a", ()).allow(["x"])]);
    assert_eq!(planned(&router, &Query::model("y"), 0), Err(NoRoute));
}

#[test]
fn explain_names_everybody_with_a_reason() {
    let router = Router::builder(Order::Configured)
        .token(Token::new("t"))
        .candidate(Candidate::new("a", ()).allow(["x"]))
        .candidate(Candidate::new("b", ()).deny(["m"]))
        .candidate(Candidate::new("c", ()).access(oar_routing::Access::Tokens(vec![])))
        .candidate(Candidate::new("d", ()))
        .build()
        .expect("a router");
    let caller = router.authenticate(Some("t")).expect("a caller");
    let explanation = router.explain(&caller, &Query::model("m"));
    let left_out: Vec<_> = explanation.left_out.iter().map(|one| (&*one.name, one.reason)).collect();
    assert_eq!(explanation.planned, ["d".into()]);
    assert_eq!(left_out, [("a", Reason::NotAllowed), ("b", Reason::Denied), ("c", Reason::NotOpen)]);
    assert_eq!(
        explanation.to_string(),
        "planned: d; left out: a (not on its allow list), b (on its deny list), c (not open to this token)"
    );
}

#[test]
fn each_attempt_has_its_own_time_limit() {
    let own = Timeouts { plain: Some(seconds(30)), stream: Some(seconds(3)) };
    let candidates = || vec![Candidate::new("default", ()), Candidate::new("own", ()).timeouts(own)];
    assert_eq!(timeouts(candidates(), Mode::Plain), [seconds(120), seconds(30)]);
    assert_eq!(timeouts(candidates(), Mode::Stream), [seconds(10), seconds(3)]);
}

#[test]
fn the_only_upstream_is_given_two_minutes_unless_it_says_otherwise() {
    let only = |plain, stream| vec![Candidate::new("only", ()).timeouts(Timeouts { plain, stream })];
    assert_eq!(timeouts(only(None, None), Mode::Stream), [seconds(120)]);
    assert_eq!(timeouts(only(None, Some(seconds(5))), Mode::Stream), [seconds(5)]);
    assert_eq!(timeouts(only(Some(seconds(30)), None), Mode::Plain), [seconds(30)]);
    assert_eq!(timeouts(only(Some(seconds(30)), None), Mode::Stream), [seconds(10)]);
    assert_eq!(timeouts(only(None, None), Mode::Plain), [seconds(120)]);
}

#[test]
fn only_means_only_one_left_after_filtering() {
    let candidates = vec![Candidate::new("other", ()).allow(["x"]), Candidate::new("left", ())];
    assert_eq!(timeouts(candidates, Mode::Stream), [seconds(120)]);
}

#[test]
fn shuffling_gives_every_upstream_its_turn_at_first_place() {
    let names = ["a", "b", "c", "d"];
    let router = router(Order::Shuffled, names.iter().map(|name| Candidate::new(*name, ())).collect());
    let mut firsts = [0_u32; 4];
    for seed in 0..4000 {
        let order = planned(&router, &Query::model("m"), seed).expect("a plan");
        let place = names.iter().position(|name| *name == order[0]).expect("a known name");
        firsts[place] += 1;
    }
    assert!(firsts.iter().all(|&count| (800..1200).contains(&count)), "{firsts:?}");
}

/// A candidate that allows and denies some of the names of one letter, or all, or none.
fn candidate_with_lists() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let names = || prop::collection::vec("[a-e]", 0..3);
    (names(), names())
}

proptest! {
    /// What is worked out once says the same as each candidate by itself.
    #[test]
    fn a_plan_has_those_that_serve_the_query(
        lists in prop::collection::vec(candidate_with_lists(), 1..150),
        name in "[a-f]",
        alias in prop::option::of("[a-f]"),
    ) {
        let candidates = lists.iter().enumerate().map(|(number, (allow, deny))| {
            Candidate::new(format!("u{number}"), ()).allow(allow.clone()).deny(deny.clone())
        });
        let candidates: Vec<_> = candidates.collect();
        let query = alias.iter().fold(Query::model(&name), |query, alias| query.or(alias));
        let serve = candidates.iter().filter(|candidate| candidate.serves(&query));
        let serving: Vec<String> = serve.map(|candidate| candidate.name().to_string()).collect();
        let planned = planned(&router(Order::Configured, candidates.clone()), &query, 0);
        prop_assert_eq!(planned.unwrap_or_default(), serving);
    }

    #[test]
    fn a_shuffled_plan_has_everybody_once_and_depends_on_the_seed_alone(count in 1..20_usize, seed: u64) {
        let names: Vec<String> = (0..count).map(|n| format!("u{n}")).collect();
        let router = router(Order::Shuffled, names.iter().map(|name| Candidate::new(name.as_str(), ())).collect());
        let mut order = planned(&router, &Query::model("m"), seed).expect("a plan");
        prop_assert_eq!(&order, &planned(&router, &Query::model("m"), seed).expect("a plan"));
        order.sort();
        let mut names = names;
        names.sort();
        prop_assert_eq!(order, names);
    }
}
