use crate::{Script, ScriptedUpstream, Step};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use oar_upstream::{Connection, UpstreamRequest};
use serde_json::json;
use std::io;

/// What a remote does with a request.
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use oar_testkit::backend_contract::{Passthrough, Remote, Situation};
///
/// for (situation, status) in [(Situation::Overloaded, 503), (Situation::Begun, 200), (Situation::Cut, 200)] {
///     let remote = Passthrough::playing(situation).await?;
///     assert_eq!(acme(&remote.endpoint()).send(&Passthrough::request()).await?.status, status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situation {
    /// It answers 503, in the words of its API.
    Overloaded,
    /// It takes the request, and never says anything.
    Silent,
    /// It begins a streaming answer, and never goes on.
    Begun,
    /// It begins an answer, and breaks it off: the rest is nowhere to be had.
    Cut,
}

impl Situation {
    /// The status of [`Overloaded`](Self::Overloaded).
    pub const OVERLOADED: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
}

/// A remote that plays situations in the language of its API. Dropping it ends it. [`Passthrough`] is the shortest there is:
/// who writes another one begins with its source.
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
/// use oar_testkit::backend_contract::{Passthrough, Remote, Situation, all_against};
/// use oar_upstream::UpstreamRequest;
///
/// /// Speaks as OpenAI does, under a path of its own.
/// struct Acme(Passthrough);
///
/// impl Remote for Acme {
///     fn request() -> UpstreamRequest {
///         UpstreamRequest { path_and_query: "/talk".to_owned(), ..Passthrough::request() }
///     }
///
///     async fn playing(situation: Situation) -> std::io::Result<Self> {
///         Passthrough::playing(situation).await.map(Self)
///     }
///
///     fn endpoint(&self) -> String {
///         self.0.endpoint()
///     }
///
///     async fn heard(&self) {
///         self.0.heard().await;
///     }
///
///     async fn spared(&self) {
///         self.0.spared().await;
///     }
/// }
///
/// all_against::<Acme>(acme).await;
/// # }
/// ```
pub trait Remote: Sized + Sync {
    /// A streaming request that an upstream for this API translates or passes on.
    ///
    /// ```
    /// use oar_testkit::backend_contract::{Passthrough, Remote};
    ///
    /// let request = Passthrough::request();
    /// assert!(request.stream && request.path_and_query == "/chat/completions");
    /// ```
    fn request() -> UpstreamRequest;

    /// One that does this to every request.
    ///
    /// # Errors
    ///
    /// No loopback port could be had.
    ///
    /// ```
    /// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
    /// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
    /// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use oar_testkit::backend_contract::{Passthrough, Remote, Situation};
    /// # use http_body_util::BodyExt;
    /// # use oar_app::upstream::ResponseBody;
    /// let remote = Passthrough::playing(Situation::Cut).await?;
    /// let response = acme(&remote.endpoint()).send(&Passthrough::request()).await?;
    /// let ResponseBody::Body(body) = response.body else { unreachable!("nobody asked for a tunnel") };
    /// assert!(body.collect().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    fn playing(situation: Situation) -> impl Future<Output = io::Result<Self>> + Send;

    /// Where it is, as a configured endpoint would be.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::backend_contract::{Passthrough, Remote, Situation};
    /// let remote = Passthrough::playing(Situation::Silent).await?;
    /// assert!(remote.endpoint().starts_with("http://127.0.0.1:") && remote.endpoint().ends_with("/v1"));
    /// # Ok(())
    /// # }
    /// ```
    fn endpoint(&self) -> String;

    /// Waits until a request has come.
    ///
    /// ```
    /// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
    /// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
    /// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use oar_testkit::backend_contract::{Passthrough, Remote, Situation};
    /// let remote = Passthrough::playing(Situation::Silent).await?;
    /// let (upstream, request) = (acme(&remote.endpoint()), Passthrough::request());
    /// tokio::select! {
    ///     () = remote.heard() => {}
    ///     _ = upstream.send(&request) => unreachable!("it never says anything"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn heard(&self) -> impl Future<Output = ()> + Send;

    /// Waits until the request was given up in a way that spares the remote the work.
    ///
    /// ```
    /// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
    /// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
    /// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use oar_testkit::backend_contract::{Passthrough, Remote, Situation};
    /// let remote = Passthrough::playing(Situation::Begun).await?;
    /// let response = acme(&remote.endpoint()).send(&Passthrough::request()).await?;
    /// drop(response.body);
    /// remote.spared().await;
    /// # Ok(())
    /// # }
    /// ```
    fn spared(&self) -> impl Future<Output = ()> + Send;
}

/// A remote whose head and bytes are passed through, whatever they say; it is spared by closing the connection.
///
/// ```
/// # use oar_app::upstream::{Upstream, openai::{OpenAi, Settings, Transport}};
/// # use std::{sync::Arc, time::Duration};
/// # fn acme(endpoint: &str) -> Arc<dyn Upstream> {
/// #     let settings = Settings { sk: "key".into(), endpoint: endpoint.to_owned(), ..Settings::default() };
/// #     Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect("settings are valid"))
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use oar_testkit::backend_contract::{Passthrough, Remote, Situation};
///
/// let remote = Passthrough::playing(Situation::Overloaded).await?;
/// let response = acme(&remote.endpoint()).send(&Passthrough::request()).await?;
/// assert_eq!(response.status, Situation::OVERLOADED);
/// # Ok(())
/// # }
/// ```
pub struct Passthrough(ScriptedUpstream);

impl Remote for Passthrough {
    fn request() -> UpstreamRequest {
        request_for("gpt-4o-mini")
    }

    async fn playing(situation: Situation) -> io::Result<Self> {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
        let script = match situation {
            Situation::Overloaded => Script::answering(Situation::OVERLOADED.as_u16(), &[], "busy"),
            Situation::Silent => Script::hanging(),
            Situation::Begun => Script::after_request([Step::send(head), Step::Hang]),
            Situation::Cut => Script::after_request([Step::send(format!("{head}hello")), Step::Fin]),
        };
        ScriptedUpstream::start(script).await.map(Self)
    }

    fn endpoint(&self) -> String {
        self.0.endpoint()
    }

    async fn heard(&self) {
        self.0.until_hit(1).await;
    }

    async fn spared(&self) {
        self.0.closed().await;
    }
}

/// A chat that asks this model for a streaming answer.
pub(crate) fn request_for(model: &str) -> UpstreamRequest {
    let messages = json!([{"role": "user", "content": "hello"}]);
    UpstreamRequest {
        method: Method::POST,
        path_and_query: "/chat/completions".to_owned(),
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        body: Bytes::from(json!({"model": model, "messages": messages, "stream": true}).to_string()),
        model: Some(model.to_owned()),
        stream: true,
        request_id: "contract".to_owned(),
        client_token: None,
        upgrade: None,
        connection: Connection::Any,
    }
}
