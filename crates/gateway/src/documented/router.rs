// A router over that upstream, open to `team-token`.
{
    let backend = oar_gateway::Backend::new(include!("upstream.rs"));
    oar_routing::Router::builder(oar_routing::Order::Configured)
        .token(oar_routing::Token::new("team-token"))
        .candidate(oar_routing::Candidate::new("hello", std::sync::Arc::new(backend)))
        .build()
        .expect("a router")
}
