//! Resident memory of a running program, from the moment at which it was idle.

use crate::program::{Folder, Gateway, TOKEN, chat};
use std::fs;

pub(crate) const KIB: u64 = 1024;
pub(crate) const MIB: u64 = 1024 * KIB;

/// What may come on top of an idle program, besides bodies and streams: 64 MiB, less what a program built to be used
/// takes when it is idle.
const REST_BYTES: u64 = 48 * MIB;

/// What the bound allows for each open stream.
pub(crate) const STREAM_BYTES: u64 = 64 * KIB;

/// A program as it is used: it does not log all there is.
pub(crate) async fn serve(config: &str) -> (Folder, Gateway) {
    let folder = Folder::new(config).without_rust_log();
    let gateway = folder.serve(&[]).await;
    (folder, gateway)
}

/// Weighs one program.
pub(crate) struct Scale {
    process: u32,
    idle: u64,
}

impl Scale {
    /// Put down when the program has served a request, so that what it makes only once is there.
    pub(crate) async fn warm(gateway: &Gateway) -> Self {
        gateway.ask(chat(TOKEN, "warm")).await;
        let process = gateway.id();
        // The system forgets the peak before. Where it does not, the peak of the start counts, and that is no harm.
        let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
        Self { process, idle: read(process, "VmRSS:") }
    }

    /// How many bytes came on top, now.
    pub(crate) fn growth(&self) -> u64 {
        read(self.process, "VmRSS:").saturating_sub(self.idle)
    }

    /// How many bytes came on top, at the worst moment so far. The system keeps it, and misses no moment as samples would.
    pub(crate) fn peak(&self) -> u64 {
        read(self.process, "VmHWM:").saturating_sub(self.idle)
    }

    /// Fails the test if the program was ever heavier than with these bodies, in bytes, and so many open streams.
    #[track_caller]
    pub(crate) fn assert_never_above(&self, bodies: u64, streams: u64) {
        let (peak, bound) = (self.peak(), REST_BYTES + bodies + bodies * 3 / 10 + STREAM_BYTES * streams);
        println!("idle {} KiB, peak +{} KiB of {} KiB", self.idle / KIB, peak / KIB, bound / KIB);
        assert!(peak <= bound, "{} MiB on top of the idle program, {} are allowed", peak / MIB, bound / MIB);
    }
}

/// A line of `/proc/PID/status` that is in kB (proc_pid_status(5)), in bytes.
fn read(process: u32, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let value = status.lines().find_map(|text| text.strip_prefix(line)).expect("a line");
    value.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * KIB
}
