//! What stands behind all peers.

use super::crew::Crew;
use super::pairs::Pairs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The name of the stand-in's hidden role.
pub(crate) const STAND_IN: &str = "stand-in";

/// How a peer speaks with what is behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// HTTP/1.1 without TLS.
    Plain,
    /// TLS, and in it HTTP/2 or HTTP/1.1, whichever the peer prefers.
    Tls,
}

/// The stand-in, as a process of its own. Dropping it ends it.
pub(crate) struct StandIn {
    crew: Crew,
    plain: SocketAddr,
    tls: SocketAddr,
    authority: PathBuf,
}

/// An address of the stand-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    /// The address.
    pub addr: SocketAddr,
    /// How to speak there.
    pub speech: Speech,
    /// Whom to trust for its certificate.
    pub authority: PathBuf,
}

impl Behind {
    /// Its scheme.
    pub(crate) const fn scheme(&self) -> &'static str {
        match self.speech {
            Speech::Plain => "http",
            Speech::Tls => "https",
        }
    }

    /// Its URL, without a path.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme(), self.addr)
    }
}

impl StandIn {
    /// Starts it; what it writes goes into a folder.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub(crate) async fn start(folder: &Path) -> io::Result<Self> {
        let authority = folder.join("authority.pem");
        let mut crew = Crew::role(STAND_IN, &[authority.display().to_string()])?;
        let said = Pairs::read(&crew.hear().await?);
        let addr = |name| said.get(name).and_then(|addr| addr.parse().ok()).ok_or(io::ErrorKind::InvalidData);
        let (plain, tls) = (addr("plain")?, addr("tls")?);
        Ok(Self { crew, plain, tls, authority })
    }

    /// Where to speak so.
    pub(crate) fn behind(&self, speech: Speech) -> Behind {
        let addr = match speech {
            Speech::Plain => self.plain,
            Speech::Tls => self.tls,
        };
        Behind { addr, speech, authority: self.authority.clone() }
    }

    /// What it has counted so far: `requests`, `http2` of them, and TLS `handshakes`.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub(crate) async fn counts(&mut self) -> io::Result<Pairs> {
        self.crew.go().await?;
        Ok(Pairs::read(&self.crew.hear().await?))
    }

    /// Ends it.
    ///
    /// # Errors
    ///
    /// It has ended before.
    pub(crate) async fn end(self) -> io::Result<()> {
        self.crew.end().await
    }
}
