//! TLS as every adapter speaks it.

use rustls::{ClientConfig, RootCertStore};
use std::sync::{Arc, LazyLock};

/// The system's certificate authorities, or Mozilla's where the system has none, as in an image without a certificate
/// store. Reading them takes milliseconds, so it is done once.
static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Arc::new(roots)
});

/// A configuration without ALPN protocols, which are the HTTP client's business.
pub(crate) fn client_config() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(Arc::clone(&ROOTS))
        .with_no_client_auth()
}
