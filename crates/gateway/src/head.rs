//! What stands before a request's body, taken apart once.

use crate::authenticate::Presented;
use crate::reject::Reject;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use hyper::upgrade::OnUpgrade;
use oar_protocol::{Ambiguity, ApiPath, PathError, TrustedProxies, headers};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// The header in which the gateway tells which upstream answered.
pub(crate) const X_OAR_UPSTREAM: HeaderName = HeaderName::from_static("x-oar-upstream");
/// The header in which the gateway tells how many attempts were made.
pub(crate) const X_OAR_ATTEMPTS: HeaderName = HeaderName::from_static("x-oar-attempts");
/// The header that names the request, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that has passed so many gateways goes in a circle: an upstream leads back here.
const HOPS_CAP: u64 = 5;

/// How long OpenAI's library for Python waits, in seconds and parts of them.
const PYTHON_TIMEOUT: HeaderName = HeaderName::from_static("x-stainless-read-timeout");
/// How long the one for Node waits, in whole seconds: the rest is cut off, so that half a second is none.
const NODE_TIMEOUT: HeaderName = HeaderName::from_static("x-stainless-timeout");

/// A client that says it waits longer says nothing that matters here.
const LONGEST_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// The address of the other end of the connection, a client's or a proxy's: put it into the request's extensions before
/// serving it. A request without it comes from `::`.
///
/// ```
/// # use oar_gateway::{Gateway, Peer};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
/// # let mut request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
/// let heard = oar_testkit::Heard::new();
/// let gateway = Gateway::builder(router).observer(heard.clone()).build();
/// request.extensions_mut().insert(Peer([192, 0, 2, 7].into()));
/// drop(gateway.serve(request).await);
/// assert_eq!(heard.only().await.request.peer.to_string(), "192.0.2.7");
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// A request's head. Its headers are rid of what concerns only the client's connection.
pub(crate) struct Head {
    pub(crate) id: Uuid,
    /// The client's own request id, or the text of ours.
    pub(crate) request_id: String,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// Its address, as far as anybody trusted knows it.
    pub(crate) client: IpAddr,
    pub(crate) headers: HeaderMap,
    pub(crate) content_length: Option<u64>,
    /// When it came.
    pub(crate) arrived: Instant,
    /// Whether the head, as it came, could be read in one way only.
    unambiguous: Result<(), Ambiguity>,
    /// How many gateways the request has passed before this one.
    hops: u64,
    upgrade: Option<Upgrade>,
}

struct Upgrade {
    protocol: HeaderValue,
    connection: Option<OnUpgrade>,
}

/// What a request is after.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// The list of models, or one of them: answered by the gateway itself.
    Models(WantedModels),
    /// Anything else under `/v1`.
    Api(Api),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WantedModels {
    All,
    One(String),
}

/// A path that may be forwarded.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    /// The whole path, which stands for the model where a request names none.
    pub(crate) path: String,
    /// What follows `/v1`, with the query.
    pub(crate) suffix_and_query: String,
}

impl Head {
    /// Splits a request into its head, what the client presented, and its body. The head's headers hold no credential.
    pub(crate) fn split<B>(mut request: Request<B>, proxies: &TrustedProxies) -> (Self, Presented, B) {
        let upgrade = Upgrade::asked_for(&mut request);
        let (parts, body) = request.into_parts();
        let id = Uuid::now_v7();
        let unambiguous = oar_protocol::unambiguous(parts.version, &parts.uri, &parts.headers);
        let request_id = parts.headers.get(X_REQUEST_ID).and_then(headers::sane_request_id);
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0);
        let mut head = Self {
            id,
            request_id: request_id.map_or_else(|| text_of(id), ToOwned::to_owned),
            method: parts.method,
            uri: parts.uri,
            client: proxies.client(peer, &parts.headers),
            arrived: Instant::now(),
            content_length: number(&parts.headers, &header::CONTENT_LENGTH),
            unambiguous,
            hops: number(&parts.headers, &headers::HOPS).unwrap_or_default(),
            headers: parts.headers,
            upgrade,
        };
        let presented = Presented::take(&mut head.headers);
        (head, presented, body)
    }

    /// What the request is after, by its method and path, if that is clear.
    pub(crate) fn wanted(&self) -> Result<Wanted, Reject> {
        self.unambiguous.map_err(Reject::Ambiguous)?;
        if self.hops >= HOPS_CAP {
            return Err(Reject::Loop);
        }
        if [Method::CONNECT, Method::TRACE].contains(&self.method) {
            return Err(Reject::MethodNotAllowed);
        }
        if let Some(models) = self.wanted_models() {
            return Ok(Wanted::Models(models));
        }
        let path = ApiPath::parse(self.uri.path()).map_err(|why| match why {
            PathError::Outside => Reject::UnknownPath,
            PathError::Ambiguous => Reject::AmbiguousPath,
        })?;
        let query = self.uri.query();
        if !query.is_none_or(|query| query.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(Reject::AmbiguousPath);
        }
        let suffix_and_query = query.map_or_else(|| path.suffix().to_owned(), |query| [path.suffix(), query].join("?"));
        Ok(Wanted::Api(Api { path: path.as_str().to_owned(), suffix_and_query }))
    }

    /// A model's name may hold slashes, which clients escape, so it is read before the path is checked.
    fn wanted_models(&self) -> Option<WantedModels> {
        let after = (self.method == Method::GET).then(|| self.uri.path().strip_prefix("/v1/models"))??;
        match after.strip_prefix('/') {
            None if after.is_empty() => Some(WantedModels::All),
            Some(name) if !name.is_empty() => oar_protocol::decode_segment(name).map(WantedModels::One),
            Some(_) | None => None,
        }
    }

    /// The headers for an upstream's adapter: the client's, and one gateway more.
    pub(crate) fn take_outgoing_headers(&mut self) -> HeaderMap {
        let mut outgoing = std::mem::take(&mut self.headers);
        outgoing.insert(headers::HOPS, number_value(self.hops.saturating_add(1)));
        outgoing
    }

    /// How long the client waits before it gives up, as OpenAI's libraries say. An answer that comes later is for nobody.
    pub(crate) fn client_patience(&self) -> Option<Duration> {
        let seconds = |name: HeaderName| self.headers.get(name)?.to_str().ok()?.parse::<f64>().ok();
        let seconds = seconds(PYTHON_TIMEOUT).or_else(|| Some(seconds(NODE_TIMEOUT)? + 1.0))?;
        Duration::try_from_secs_f64(seconds).ok().filter(|patience| *patience < LONGEST_PATIENCE)
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.headers.get(header::CONTENT_TYPE)?.to_str().ok()
    }

    /// Whether the body is encoded (compressed), so that its facts cannot be read.
    pub(crate) fn is_encoded(&self) -> bool {
        self.headers.get_all(header::CONTENT_ENCODING).iter().any(|encoding| encoding != "identity")
    }

    /// The protocol to upgrade to, if the client asked for one.
    pub(crate) fn upgrade_protocol(&self) -> Option<&HeaderValue> {
        self.upgrade.as_ref().map(|upgrade| &upgrade.protocol)
    }

    /// The client's side of a connection that is to be upgraded.
    pub(crate) fn take_upgrade(&mut self) -> Option<OnUpgrade> {
        self.upgrade.as_mut()?.connection.take()
    }
}

impl Upgrade {
    /// Only WebSockets are upgraded: what else asks, such as `h2c`, is answered as if it had not.
    fn asked_for<B>(request: &mut Request<B>) -> Option<Self> {
        let protocol = request.headers().get(header::UPGRADE)?.clone();
        let listed = request.headers().get(header::CONNECTION)?.to_str().ok()?;
        let asks = listed.split(',').any(|name| name.trim().eq_ignore_ascii_case("upgrade"));
        let websocket = protocol.as_bytes().eq_ignore_ascii_case(b"websocket");
        (asks && websocket).then(|| Self { protocol, connection: Some(hyper::upgrade::on(request)) })
    }
}

/// An id as it is written: in groups, with small letters.
pub(crate) fn text_of(id: Uuid) -> String {
    id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
}

/// A number as a header says it. Those that nearly every request has cost no memory.
pub(crate) fn number_value(number: u64) -> HeaderValue {
    match number {
        1 => HeaderValue::from_static("1"),
        2 => HeaderValue::from_static("2"),
        more => HeaderValue::from(more),
    }
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
