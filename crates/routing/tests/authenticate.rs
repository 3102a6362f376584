//! Who is let in, and what is open to them.

use oar_routing::{Access, Candidate, NoRoute, Order, Query, Router, Token};

const CLOSED: &[&str] = &[];

fn tokens(list: &[&str]) -> Vec<Token> {
    list.iter().map(|token| Token::new(*token)).collect()
}

/// One router with every kind of access; `a` and `b` are its own tokens, `b` and `c` belong to `own`.
fn router(global: &[&str]) -> Router<()> {
    let builder = Router::builder(Order::Configured)
        .candidate(Candidate::new("global", ()))
        .candidate(Candidate::new("own", ()).access(Access::Tokens(tokens(&["b", "c", ""]))));
    tokens(global).into_iter().fold(builder, oar_routing::Builder::token).build().expect("a router")
}

fn open_to(router: &Router<()>, token: Option<&str>) -> Option<Vec<String>> {
    let caller = router.authenticate(token).ok()?;
    Some(router.candidates(&caller).map(|candidate| candidate.name().to_string()).collect())
}

#[track_caller]
fn check(router: &Router<()>, token: Option<&str>, expected: Option<&[&str]>) {
    let expected = expected.map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(open_to(router, token), expected, "{token:?}");
}

#[test]
fn each_token_opens_its_own_upstreams_and_no_other() {
    let router = router(&["a", "b"]);
    check(&router, Some("a"), Some(&["global"]));
    check(&router, Some("b"), Some(&["global", "own"]));
    check(&router, Some("c"), Some(&["own"]));
    for stranger in [None, Some(""), Some("d"), Some("A"), Some("a "), Some("ab")] {
        check(&router, stranger, None);
    }
}

#[test]
fn an_empty_token_opens_nothing() {
    check(&router(&["", "a"]), Some(""), None);
    check(&router(&["", "a"]), None, None);
}

#[test]
fn without_any_token_everything_is_closed() {
    check(&router(CLOSED), None, None);
    check(&router(CLOSED), Some("a"), None);
}

#[test]
fn strangers_may_use_only_what_is_open_to_anyone() {
    let router = Router::builder(Order::Configured)
        .token(Token::new("a"))
        .candidate(Candidate::new("closed", ()))
        .candidate(Candidate::new("open", ()).access(Access::Anyone))
        .build()
        .expect("a router");
    check(&router, None, Some(&["open"]));
    check(&router, Some("wrong"), Some(&["open"]));
    check(&router, Some("a"), Some(&["closed", "open"]));
}

#[test]
fn a_caller_is_known_by_a_fingerprint() {
    let router = router(&["a"]);
    let caller = router.authenticate(Some("a")).expect("a caller");
    assert_eq!(caller.fingerprint(), Some(&Token::new("a").fingerprint()));
}

#[test]
fn ten_thousand_tokens_are_told_apart() {
    let names: Vec<String> = (0..10_000).map(|n| format!("token-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let router = router(&names);
    check(&router, Some("token-9999"), Some(&["global"]));
    check(&router, Some("token-10000"), None);
}

/// A program that loads its configuration anew may have a caller of the router before: the candidates are others there.
#[test]
fn a_caller_opens_nothing_at_another_router() {
    let only = |name: &str| {
        let router = Router::builder(Order::Configured).token(Token::new("a")).candidate(Candidate::new(name, ()));
        router.build().expect("a router")
    };
    let (before, after) = (only("harmless"), only("precious"));
    let caller = before.authenticate(Some("a")).expect("a caller");
    let query = Query::model("m");
    assert_eq!(after.plan(&caller, &query, 0).err(), Some(NoRoute));
    assert_eq!(after.candidates(&caller).count(), 0);
    assert_eq!(
        after.explain(&caller, &query).to_string(),
        "planned: none; left out: precious (not open to this token)"
    );
    assert!(before.clone().plan(&caller, &query, 0).is_ok(), "a clone is the same router");
}

/// A04: this does not compile when two tokens can be compared with `==`, which would tell by its duration how far they
/// are alike.
#[test]
fn tokens_have_no_equality() {
    struct IfComparable;
    trait Ambiguous<A> {
        fn unless_comparable() {}
    }
    impl<T> Ambiguous<()> for T {}
    impl<T: PartialEq> Ambiguous<IfComparable> for T {}
    <Token as Ambiguous<_>>::unless_comparable();
}
