//! The server's certificate, looked at as far as the mode asks.

use super::Proof;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::{Arc, LazyLock};

/// The system's certificate authorities, or Mozilla's where the system has none, as in an image without a certificate
/// store. Reading them takes milliseconds, so it is done once.
static SYSTEM_ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Arc::new(roots)
});

/// Looks at as much of the server's certificate as the mode asks for. That the server holds the key to it is always
/// checked.
#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    /// `None` trusts anybody.
    authorities: Option<Authorities>,
}

#[derive(Debug)]
struct Authorities {
    proof: Proof,
    chains: Arc<WebPkiServerVerifier>,
    /// The certificates of the file. Many a server signs its own, which is then its own authority.
    known: Vec<CertificateDer<'static>>,
}

impl Verifier {
    pub(super) fn trusting_anybody(provider: &Arc<CryptoProvider>) -> Self {
        Self { provider: Arc::clone(provider), authorities: None }
    }

    /// Trusts those whom the system trusts.
    pub(super) fn of_system(proof: Proof, provider: &Arc<CryptoProvider>) -> Result<Self, VerifierBuilderError> {
        let chains = chains(Arc::clone(&SYSTEM_ROOTS), provider)?;
        let authorities = Authorities { proof, chains, known: Vec::new() };
        Ok(Self { provider: Arc::clone(provider), authorities: Some(authorities) })
    }

    /// Trusts these.
    pub(super) fn new(
        proof: Proof,
        known: Vec<CertificateDer<'static>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(known.iter().cloned());
        let authorities = Authorities { proof, chains: chains(Arc::new(roots), provider)?, known };
        Ok(Self { provider: Arc::clone(provider), authorities: Some(authorities) })
    }
}

fn chains(
    roots: Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, VerifierBuilderError> {
    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build()
}

impl Authorities {
    fn check(&self, shown: &Shown<'_>) -> Result<(), Error> {
        if self.known.iter().any(|known| known == shown.certificate) {
            return self.check_name(shown);
        }
        let Shown { certificate, between, name, stapled, now } = *shown;
        match self.chains.verify_server_cert(certificate, between, name, stapled, now) {
            // Told last, when everything else is good.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.proof == Proof::Chain => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    fn check_name(&self, shown: &Shown<'_>) -> Result<(), Error> {
        match self.proof {
            Proof::None | Proof::Chain => Ok(()),
            Proof::Name => verify_server_name(&ParsedCertificate::try_from(shown.certificate)?, shown.name),
        }
    }
}

/// What a server shows.
struct Shown<'a> {
    certificate: &'a CertificateDer<'a>,
    between: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    stapled: &'a [u8],
    now: UnixTime,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Shown { certificate, between, name, stapled, now };
        self.authorities.as_ref().map_or(Ok(()), |authorities| authorities.check(&shown))?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
