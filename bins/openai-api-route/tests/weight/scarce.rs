//! Less memory than the program would like to use.

use crate::bodies::{UPLOAD_BYTES, Upstreams, assert_shed, upload};
use crate::program::Folder;
use crate::scale::{KIB, MIB, Scale};

/// What the process may reserve.
const ADDRESSES_BYTES: u64 = 768 * MIB;

/// L09: bodies would need more than the process may have. They get a quarter of it, the rest is sent away, and nothing
/// ends that was begun.
#[tokio::test]
async fn where_memory_is_limited_uploads_are_refused_before_it_is_used_up() {
    const UPLOADS: usize = 70;
    let fit = (ADDRESSES_BYTES / 4) as usize / UPLOAD_BYTES;
    let upstreams = Upstreams::start().await;
    let folder = Folder::new(&upstreams.config()).without_rust_log().limited(&format!("-v {}", ADDRESSES_BYTES / KIB));
    let gateway = folder.serve(&[]).await;
    let scale = Scale::warm(&gateway).await;
    let mut uploads = upload(gateway.addr, UPLOADS);
    assert_shed(&mut uploads, UPLOADS - fit).await;
    upstreams.hanging.until_hit(fit).await;
    scale.assert_never_above(ADDRESSES_BYTES / 4, 0);
    gateway.signal("TERM").await;
    drop(uploads);
    let left = gateway.ended().await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert!(left.stderr.contains("memory is scarce"), "{}", left.stderr);
}
