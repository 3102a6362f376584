//! The lines of a stream.

use super::EVENT_CAP_BYTES;
use memchr::memchr2;

/// The most room that is kept when all that came was read.
const KEPT_ROOM_BYTES: usize = 64 * 1024;

/// Splits bytes, cut anywhere, into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) buffer: Vec<u8>,
    read: usize,
    /// Up to here the buffer has no line end that was not read: a long line that comes in pieces is searched once.
    searched: usize,
    last_ended_with_cr: bool,
    bom_looked_for: bool,
}

/// What has come of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its end may be there, or come.
    Open,
    /// More than an event may have, and no end: it has been forgotten.
    Endless,
}

impl Lines {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Line {
        self.buffer.drain(..self.read);
        self.searched = self.searched.saturating_sub(self.read);
        self.read = 0;
        if self.buffer.is_empty() {
            self.buffer.shrink_to(KEPT_ROOM_BYTES);
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() <= EVENT_CAP_BYTES || self.end().is_some() {
            return Line::Open;
        }
        self.buffer.clear();
        self.searched = 0;
        Line::Endless
    }

    /// Where the next line ends.
    fn end(&mut self) -> Option<usize> {
        let from = self.searched.max(self.read);
        let found = memchr2(b'\n', b'\r', self.buffer.get(from..)?);
        self.searched = found.map_or(self.buffer.len(), |at| from + at);
        found.map(|at| from + at)
    }

    /// The next line without its end, which may be LF, CR or CRLF, even with the CR and the LF in different pieces.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        self.skip_bom()?;
        if self.last_ended_with_cr {
            let next = self.buffer.get(self.read)?;
            self.read += usize::from(*next == b'\n');
            self.last_ended_with_cr = false;
        }
        let (start, end) = (self.read, self.end()?);
        self.last_ended_with_cr = self.buffer.get(end) == Some(&b'\r');
        self.read = end + 1;
        self.buffer.get(start..end)
    }

    /// Skips a byte order mark at the very start; `None` as long as it cannot be told from text.
    fn skip_bom(&mut self) -> Option<()> {
        const BOM: &[u8] = b"\xef\xbb\xbf";
        if self.bom_looked_for {
            return Some(());
        }
        if self.buffer.starts_with(BOM) {
            self.read = BOM.len();
        } else if BOM.starts_with(&self.buffer) {
            return None;
        }
        self.bom_looked_for = true;
        Some(())
    }
}
