//! What a DSN asks of TLS, and the connector that does it.

use crate::OpenError;
use crate::postgres_dsn::Dsn;
use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres_rustls::MakeRustlsConnect;
use verifier::Verifier;

mod verifier;

/// `sslmode`: whether there is TLS, and how far the server must prove who it is
/// (<https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    /// Only where the server insists.
    Allow,
    /// Where the server offers it.
    Prefer,
    /// Always, with whomever answers.
    Require,
    /// Only with a server that somebody trusted vouches for.
    VerifyCa,
    /// Only with a server that somebody trusted vouches for under this name.
    VerifyFull,
}

impl Mode {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }

    /// How to log in, and how to try again when the server refuses that.
    pub(crate) fn ways(self) -> (SslMode, Option<SslMode>) {
        match self {
            Self::Disable => (SslMode::Disable, None),
            Self::Allow => (SslMode::Disable, Some(SslMode::Require)),
            Self::Prefer => (SslMode::Prefer, Some(SslMode::Disable)),
            Self::Require | Self::VerifyCa | Self::VerifyFull => (SslMode::Require, None),
        }
    }
}

/// The `ssl…` keys of a DSN that say how TLS is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    /// As [`mode`](Self::mode) says when there is none.
    pub(crate) asked: Option<Mode>,
    /// Who may vouch for the server: a PEM file, or [`SYSTEM`]. The system's authorities when there is none.
    pub(crate) roots: Option<PathBuf>,
    /// What we show the server, if it asks: a PEM file, and the key to it.
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

/// The value of `sslrootcert` that means the system's authorities, and with them a proof of the server's name.
const SYSTEM: &str = "system";

impl Dsn {
    /// The connector for a login. Reads the files anew each time: certificates change while gateways run.
    ///
    /// # Errors
    ///
    /// [`OpenError::Certificate`], naming the file, when there is one that cannot be used.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, OpenError> {
        let mut config = self.tls.client_config()?;
        if self.config.get_ssl_negotiation() == SslNegotiation::Direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(MakeRustlsConnect::new(config))
    }
}

impl Tls {
    fn client_config(&self) -> Result<ClientConfig, OpenError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(self.verifier(&provider)?);
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports the default protocol versions")
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        match self.own_certificate()? {
            None => Ok(builder.with_no_client_auth()),
            Some((path, chain, key)) => {
                let config = builder.with_client_auth_cert(chain, key);
                config.map_err(|error| OpenError::certificate(path, error))
            }
        }
    }

    /// As libpq has it: asking the system's authorities makes sense only for a name that is proved.
    pub(crate) fn mode(&self) -> Mode {
        let unasked = if self.names_the_system() { Mode::VerifyFull } else { Mode::Prefer };
        self.asked.unwrap_or(unasked)
    }

    fn names_the_system(&self) -> bool {
        self.roots.as_deref() == Some(Path::new(SYSTEM))
    }

    /// Whether making a connector reads files.
    pub(crate) fn names_files(&self) -> bool {
        self.mode() != Mode::Disable && (self.roots.is_some() || self.certificate.is_some() || self.key.is_some())
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Verifier, OpenError> {
        let proof = match (self.mode(), &self.roots) {
            (Mode::Disable | Mode::Allow | Mode::Prefer, _) | (Mode::Require, None) => Proof::None,
            // With authorities to ask, `require` asks them: libpq has it so too.
            (_, Some(_)) if self.names_the_system() => Proof::Name,
            (Mode::Require | Mode::VerifyCa, _) => Proof::Chain,
            (Mode::VerifyFull, _) => Proof::Name,
        };
        if proof == Proof::None {
            return Ok(Verifier::trusting_anybody(provider));
        }
        let path = self.roots.as_deref().unwrap_or(Path::new(SYSTEM));
        let verifier = if path == Path::new(SYSTEM) {
            Verifier::of_system(proof, provider)
        } else {
            Verifier::new(proof, certificates(path)?, provider)
        };
        verifier.map_err(|error| OpenError::certificate(path, error))
    }

    /// What we show the server, with the path for messages.
    fn own_certificate(&self) -> Result<Option<Own<'_>>, OpenError> {
        match (&self.certificate, &self.key) {
            (None, None) => Ok(None),
            _ if self.mode() == Mode::Disable => Ok(None),
            (Some(path), Some(key)) => {
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| OpenError::certificate(key, error))?;
                Ok(Some((path, certificates(path)?, key)))
            }
            (Some(path), None) => Err(OpenError::certificate(path, "`sslcert` needs `sslkey`")),
            (None, Some(path)) => Err(OpenError::certificate(path, "`sslkey` needs `sslcert`")),
        }
    }
}

type Own<'a> = (&'a Path, Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// How much of the server's certificate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    None,
    Chain,
    /// The chain, and that it is of the name that was asked for.
    Name,
}

/// All certificates of a file, of which there is at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| OpenError::certificate(path, error))?;
    if certificates.is_empty() {
        return Err(OpenError::certificate(path, "there is no certificate in it"));
    }
    Ok(certificates)
}

/// Whether a login failed because of TLS, in a way that only another certificate or another DSN helps against. A server
/// that goes away during the handshake is no such failure.
pub(crate) fn is_fault(error: &tokio_postgres::Error) -> bool {
    match error.source().map(|cause| cause.downcast_ref::<io::Error>()) {
        Some(Some(cause)) => cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some(),
        // The driver's own words: the server has no TLS, or the host no name that a certificate could be for. It keeps the
        // kind of its errors to itself.
        Some(None) => error.to_string() == "error performing TLS handshake",
        None => false,
    }
}
