//! Less memory than the program would like to use.

use crate::bodies::{UPLOAD_BYTES, Upstreams, assert_shed, upload};
use crate::process::Process;
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
    let process = Process::limited(&upstreams.config(), &format!("-v {}", ADDRESSES_BYTES / KIB), "info").await;
    let scale = Scale::warm(&process).await;
    let mut uploads = upload(process.addr, UPLOADS);
    assert_shed(&mut uploads, UPLOADS - fit).await;
    upstreams.hanging.until_hit(fit).await;
    scale.assert_never_above(ADDRESSES_BYTES / 4, 0);
    process.signal("TERM").await;
    drop(uploads);
    let (status, log, _) = process.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("memory is scarce"), "{log}");
}
