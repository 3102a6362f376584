//! Any API that speaks OpenAI's protocol, passed through byte for byte.
//!
//! The request's path follows the endpoint's own, its body goes out as it came in, and the answer comes back the same
//! way. What is changed is only what concerns this hop: the credential, the connection's own headers, the host.

mod headers;
mod settings;

// Connections: made, kept, and used.
mod connect;
mod kept;
mod link;
mod multiplexed;
mod transport;

// HTTP/1.1.
mod framing;
mod head;
mod line;
mod wire;

#[cfg(test)]
mod connect_tests;
#[cfg(test)]
mod line_beside_hyper;
#[cfg(test)]
mod line_tests;
#[cfg(test)]
mod multiplexed_tests;

pub use settings::{Settings, SettingsError};
pub use transport::Transport;

use crate::{Description, Fault, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use link::Versions;
use secrecy::{ExposeSecret, SecretString};
use settings::{Endpoint, Key};

/// A remote API that speaks OpenAI's protocol.
///
/// ```
/// use oar_upstream::Upstream;
/// use oar_upstream::openai::{OpenAi, Settings, Transport};
/// use std::time::Duration;
///
/// let endpoint = "http://127.0.0.1:8000/v1".to_owned();
/// let settings = Settings { sk: "local".into(), endpoint, ..Settings::default() };
/// let upstream = OpenAi::new(&settings, Transport::new(Duration::from_secs(5)))?;
/// assert_eq!(upstream.describe().endpoint, "http://127.0.0.1:8000/v1");
/// # Ok::<(), oar_upstream::openai::SettingsError>(())
/// ```
#[derive(Debug)]
pub struct OpenAi {
    endpoint: Option<Endpoint>,
    key: Key,
    headers: headers::Policy,
    transport: Transport,
}

impl OpenAi {
    /// Makes the adapter. Opens no connection.
    ///
    /// # Errors
    ///
    /// A [`SettingsError`] when the endpoint is no absolute `http` or `https` URL, or the key cannot be a header value.
    /// An empty endpoint or key is no error: such an upstream exists, and every attempt at it fails with
    /// [`Fault::Misconfigured`].
    ///
    /// ```
    /// use oar_upstream::openai::{OpenAi, Settings, Transport};
    /// use std::time::Duration;
    ///
    /// let settings = Settings { sk: "sk-1".into(), endpoint: "api.openai.com/v1".into(), ..Settings::default() };
    /// let error = OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect_err("no URL");
    /// assert_eq!(error.hint().as_deref(), Some("write `https://api.openai.com/v1`"));
    /// ```
    pub fn new(settings: &Settings, transport: Transport) -> Result<Self, SettingsError> {
        Ok(Self {
            endpoint: Endpoint::parse(&settings.endpoint)?,
            key: Key::new(&settings.sk)?,
            headers: headers::Policy::new(settings.keep_header),
            transport,
        })
    }

    fn defect(&self) -> Option<&'static str> {
        match (&self.endpoint, &self.key) {
            (None, _) => Some("endpoint is empty"),
            (_, Key::Missing) => Some("sk is empty"),
            (Some(_), Key::Own(_) | Key::OfTheClient) => None,
        }
    }

    fn outgoing(&self, request: &UpstreamRequest) -> Result<Request<Bytes>, UpstreamError> {
        let endpoint = self.endpoint.as_ref().filter(|_| self.defect().is_none());
        let endpoint = endpoint.ok_or_else(|| UpstreamError::new(Fault::Misconfigured))?;
        let uri = endpoint.uri(&request.path_and_query)?;
        let mut outgoing = Request::new(request.body.clone());
        *outgoing.method_mut() = request.method.clone();
        *outgoing.uri_mut() = uri;
        *outgoing.headers_mut() = self.headers.outgoing(request, self.key.authorization(request));
        Ok(outgoing)
    }
}

/// What came, if it may be passed on.
fn answer(request: &UpstreamRequest, response: Response<ResponseBody>) -> Result<UpstreamResponse, UpstreamError> {
    let (head, body) = response.into_parts();
    match (head.status, &body, &request.upgrade) {
        (StatusCode::SWITCHING_PROTOCOLS, ResponseBody::Tunnel(_), Some(_)) => {}
        // A status that is none, or an upgrade nobody asked for: relaying it would confuse the client's connection.
        (status, _, _) if !(200..600).contains(&status.as_u16()) => return Err(UpstreamError::new(Fault::BadHead)),
        _ => {}
    }
    Ok(UpstreamResponse { status: head.status, headers: head.headers, body })
}

#[async_trait]
impl Upstream for OpenAi {
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let outgoing = self.outgoing(request)?;
        let versions = if request.upgrade.is_some() { Versions::Http1 } else { Versions::Any };
        answer(request, self.transport.send(outgoing, versions, request.connection).await?)
    }

    fn describe(&self) -> Description {
        let (key, passes_client_token) = match &self.key {
            Key::Own(value) => (value.to_str().ok().map(key_of_bearer), false),
            Key::OfTheClient => (None, true),
            Key::Missing => (None, false),
        };
        Description {
            endpoint: self.endpoint.as_ref().map(ToString::to_string).unwrap_or_default(),
            key,
            passes_client_token,
            defect: self.defect().map(Into::into),
            advice: self.endpoint.as_ref().and_then(Endpoint::advice),
        }
    }
}

fn key_of_bearer(header: &str) -> SecretString {
    header.strip_prefix("Bearer ").unwrap_or(header).into()
}

impl Key {
    /// The `Authorization` for one request; `None` when the client is to be passed on and presented nothing.
    fn authorization(&self, request: &UpstreamRequest) -> Option<HeaderValue> {
        match self {
            Self::Own(header) => Some(header.clone()),
            Self::OfTheClient => {
                let token = request.client_token.as_ref()?;
                settings::bearer(token.expose_secret())
            }
            Self::Missing => None,
        }
    }
}

impl Endpoint {
    fn uri(&self, path_and_query: &str) -> Result<Uri, UpstreamError> {
        self.join(path_and_query).map_err(|error| UpstreamError::caused_by(Fault::Misconfigured, error))
    }
}
