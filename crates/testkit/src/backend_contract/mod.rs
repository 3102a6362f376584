//! What every [`Upstream`] must do, whatever API it speaks.
//!
//! Each function takes a way to build the upstream under test for an endpoint (`http://127.0.0.1:PORT/v1`), puts a remote
//! there and asserts one promise of the trait. They panic when it is broken, as assertions do, and give up after five
//! seconds of tokio's time.
//!
//! ```
//! # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
//! # use std::{sync::Arc, time::Duration};
//! # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
//! #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
//! #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // `fn acme(endpoint: &str) -> Arc<dyn Upstream>` makes the upstream under test.
//! oar_testkit::backend_contract::all(acme).await;
//! # }
//! ```
//!
//! An error status, a first word and a broken stream look different in each API. [`all_against`] asserts the promises about
//! them as well: it takes a [`Remote`] that plays each [`Situation`] in its own language. There are [`Passthrough`] and
//! [`replicate::Running`](crate::replicate::Running); who speaks another API writes a third.

mod remote;

pub(crate) use remote::request_for;
pub use remote::{Passthrough, Remote, Situation};

use crate::{Script, ScriptedUpstream, Step};
use http_body_util::BodyExt;
use oar_upstream::{Fault, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);

/// The promises that hold for any API that takes OpenAI's requests: what becomes of remotes that refuse, leave or stay
/// silent.
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// oar_testkit::backend_contract::all(acme).await;
/// # }
/// ```
pub async fn all(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    of_any_remote::<Passthrough>(&build).await;
}

/// Every promise of this module: for upstreams that speak the language of `R`. That of one that passes the remote's answer
/// through is [`Passthrough`].
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use oar_testkit::backend_contract::{Passthrough, all_against};
///
/// all_against::<Passthrough>(acme).await;
/// # }
/// ```
pub async fn all_against<R: Remote>(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    of_any_remote::<R>(&build).await;
    an_error_status_is_a_response::<R>(&build).await;
    sending_resolves_at_the_head::<R>(&build).await;
    dropping_the_body_abandons_the_request::<R>(&build).await;
    a_cut_body_ends_with_an_error::<R>(&build).await;
}

/// What does not depend on how the remote says it.
async fn of_any_remote<R: Remote>(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    a_refused_connection_is_an_error::<R>(&build).await;
    a_remote_that_leaves_without_a_head_is_an_error::<R>(&build).await;
    dropping_the_future_abandons_the_request::<R>(&build).await;
}

/// A closed port is told as [`Fault::Refused`]: nothing was sent.
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use oar_testkit::backend_contract::{Passthrough, a_refused_connection_is_an_error};
///
/// a_refused_connection_is_an_error::<Passthrough>(acme).await;
/// # }
/// ```
pub async fn a_refused_connection_is_an_error<R: Remote>(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = ScriptedUpstream::refusing().expect("a loopback port");
    let sent = send(&build(&remote.endpoint()), &R::request()).await;
    assert_eq!(sent.expect_err("a refused connection is no response").fault(), Fault::Refused);
}

/// A remote that hears the request and leaves is an error that does not claim that nothing was sent.
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use oar_testkit::backend_contract::{Passthrough, a_remote_that_leaves_without_a_head_is_an_error};
///
/// a_remote_that_leaves_without_a_head_is_an_error::<Passthrough>(acme).await;
/// # }
/// ```
pub async fn a_remote_that_leaves_without_a_head_is_an_error<R: Remote>(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = ScriptedUpstream::start(Script::after_request([Step::Fin])).await.expect("a loopback port");
    let error = send(&build(&remote.endpoint()), &R::request()).await.expect_err("there was no head");
    assert!(
        matches!(error.fault(), Fault::Reset | Fault::BadHead | Fault::Other),
        "the request may have been carried out, which `{error}` denies"
    );
}

/// Dropping [`Upstream::send`]'s future spares the remote the work.
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use oar_testkit::backend_contract::{Passthrough, dropping_the_future_abandons_the_request};
///
/// dropping_the_future_abandons_the_request::<Passthrough>(acme).await;
/// # }
/// ```
pub async fn dropping_the_future_abandons_the_request<R: Remote>(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = playing::<R>(Situation::Silent).await;
    let (upstream, request) = (build(&remote.endpoint()), R::request());
    tokio::select! {
        biased;
        () = remote.heard() => {}
        _ = upstream.send(&request) => assert!(timeout(PATIENCE, remote.heard()).await.is_ok(), "it did not ask the remote"),
    }
    within(remote.spared(), "the request to be given up").await;
}

/// A response with an error status is a response, not an [`UpstreamError`].
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use oar_testkit::backend_contract::{Passthrough, an_error_status_is_a_response};
///
/// an_error_status_is_a_response::<Passthrough>(acme).await;
/// # }
/// ```
pub async fn an_error_status_is_a_response<R: Remote>(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = playing::<R>(Situation::Overloaded).await;
    let response = send(&build(&remote.endpoint()), &R::request()).await.expect("a response whatever its status");
    assert_eq!(response.status, Situation::OVERLOADED);
}

/// [`Upstream::send`] resolves when the answer begins, and does not wait for more of it.
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use oar_testkit::backend_contract::{Passthrough, sending_resolves_at_the_head};
///
/// sending_resolves_at_the_head::<Passthrough>(acme).await;
/// # }
/// ```
pub async fn sending_resolves_at_the_head<R: Remote>(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = playing::<R>(Situation::Begun).await;
    let response = send(&build(&remote.endpoint()), &R::request()).await.expect("the head arrived");
    assert_eq!(response.status, 200);
}

/// Dropping a response's body spares the remote the rest of the work.
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use oar_testkit::backend_contract::{Passthrough, dropping_the_body_abandons_the_request};
///
/// dropping_the_body_abandons_the_request::<Passthrough>(acme).await;
/// # }
/// ```
pub async fn dropping_the_body_abandons_the_request<R: Remote>(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = playing::<R>(Situation::Begun).await;
    let upstream = build(&remote.endpoint());
    drop(send(&upstream, &R::request()).await.expect("the head arrived"));
    within(remote.spared(), "the request to be given up").await;
}

/// A body that is incomplete ends with an error, never cleanly.
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use oar_testkit::backend_contract::{Passthrough, a_cut_body_ends_with_an_error};
///
/// a_cut_body_ends_with_an_error::<Passthrough>(acme).await;
/// # }
/// ```
pub async fn a_cut_body_ends_with_an_error<R: Remote>(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = playing::<R>(Situation::Cut).await;
    let response = send(&build(&remote.endpoint()), &R::request()).await.expect("the head arrived");
    let read = match response.body {
        ResponseBody::Body(body) => within(body.collect(), "the body to end").await.map(drop),
        ResponseBody::Tunnel(_) => Ok(()),
    };
    assert!(read.is_err(), "a cut body looked complete");
}

async fn playing<R: Remote>(situation: Situation) -> R {
    R::playing(situation).await.expect("a loopback port")
}

async fn send(upstream: &Arc<dyn Upstream>, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
    within(upstream.send(request), "the upstream to answer").await
}

async fn within<T>(work: impl Future<Output = T>, awaited: &str) -> T {
    timeout(PATIENCE, work).await.map_err(|_| format!("waited for {awaited}")).expect("the promise is kept in time")
}
