//! What it takes to know a caller among 1 and 10,000 tokens, and to plan a request with 5 and 200 upstreams.

use criterion::{BenchmarkId, Criterion};
use oar_routing::{Candidate, Order, Query, Router, Token};
use std::hint::black_box;
use std::time::Duration;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    authenticate(&mut criterion);
    plan(&mut criterion);
    criterion.final_summary();
}

fn authenticate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("authenticate");
    for tokens in [1, 10_000] {
        let router = router(tokens, [Candidate::new("only", 0)]);
        let last = secret(tokens - 1);
        group.bench_with_input(BenchmarkId::new("the last of", tokens), &last, |bencher, token| {
            bencher.iter(|| router.authenticate(Some(black_box(token))).expect("the token is known"));
        });
        group.bench_with_input(BenchmarkId::new("a stranger to", tokens), "not-one-of-them", |bencher, token| {
            bencher.iter(|| router.authenticate(Some(black_box(token))).expect_err("the token is unknown"));
        });
    }
    group.finish();
}

fn plan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    for upstreams in [5, 200] {
        for (order_name, order) in [("as configured", Order::Configured), ("shuffled", Order::Shuffled)] {
            let all = (0..upstreams).map(|number| Candidate::new(format!("upstream-{number}"), number));
            planned(&mut group, BenchmarkId::new(order_name, upstreams), order, all);
        }
        // The rest is closed to the model, by a list: what a configuration of many upstreams is like.
        let last = upstreams - 1;
        let one_serves = (0..upstreams).map(|number| {
            let candidate = Candidate::new(format!("upstream-{number}"), number);
            if number == last { candidate } else { candidate.deny(["gpt-4o-mini"]) }
        });
        planned(&mut group, BenchmarkId::new("the last serves", upstreams), Order::Configured, one_serves);
    }
    group.finish();
}

type Group<'a> = criterion::BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn planned(group: &mut Group<'_>, id: BenchmarkId, order: Order, candidates: impl Iterator<Item = Candidate<usize>>) {
    let router = ordered(order, 1, candidates);
    let caller = router.authenticate(Some(&secret(0))).expect("the token is known");
    let query = Query::model("gpt-4o-mini");
    let mut seed = 0;
    group.bench_function(id, |bencher| {
        bencher.iter(|| {
            seed += 1;
            *router.plan(&caller, black_box(&query), seed).expect("somebody serves it").first().payload()
        });
    });
}

fn router(tokens: usize, candidates: impl IntoIterator<Item = Candidate<usize>>) -> Router<usize> {
    ordered(Order::Configured, tokens, candidates)
}

fn ordered(order: Order, tokens: usize, candidates: impl IntoIterator<Item = Candidate<usize>>) -> Router<usize> {
    let builder = (0..tokens).fold(Router::builder(order), |builder, number| builder.token(Token::new(secret(number))));
    let builder = candidates.into_iter().fold(builder, oar_routing::Builder::candidate);
    builder.build().expect("the router is sound")
}

fn secret(number: usize) -> String {
    format!("sk-team-{number:06}-0123456789abcdef")
}
