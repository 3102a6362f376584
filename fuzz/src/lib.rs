//! What the fuzz targets call.

#[path = "../../crates/protocol/tests/properties/entry.rs"]
pub mod entry;

/// The loader of configurations.
pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = oar_config::Config::parse(&text, "config.yaml", &|_| None);
}
