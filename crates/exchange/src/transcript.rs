use bytes::{Bytes, BytesMut};
use std::fmt;

/// A copy of a body, bounded: its first so many bytes; or, of a stream whose events are known, the text they carried.
///
/// A body that comes in one large piece is kept by reference. Small pieces are copied together: each is a slice of a
/// read buffer many times its size, which keeping the slice would keep alive.
///
/// `Debug` shows how much is kept, and nothing of it: it is what a model wrote to somebody.
///
/// ```
/// # use oar_exchange::Transcript;
/// let mut transcript = Transcript::default();
/// for piece in ["Hello ", "to all ", "of you"] {
///     transcript.keep(&piece.into(), 12);
/// }
/// assert_eq!(transcript.as_bytes(), b"Hello to all");
/// assert!(transcript.is_truncated());
/// ```
#[derive(Clone, Default)]
pub struct Transcript {
    kept: Kept,
    truncated: bool,
    assembled: bool,
}

#[derive(Clone)]
enum Kept {
    Shared(Bytes),
    Copied(BytesMut),
}

/// Whether a text is all there was.
///
/// ```
/// # use oar_exchange::{Transcript, Whole};
/// assert!(Transcript::assembled("Hello".into(), Whole::Cut).is_truncated());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// It is.
    All,
    /// There was more.
    Cut,
}

impl Default for Kept {
    fn default() -> Self {
        Self::Copied(BytesMut::new())
    }
}

impl Transcript {
    /// From this size on, in bytes, a piece is worth sharing: it fills the better part of the buffer it was read into. What is
    /// shorter is copied.
    ///
    /// ```
    /// # use oar_exchange::Transcript;
    /// let long = bytes::Bytes::from(vec![b'x'; Transcript::SHARED_FROM_BYTES]);
    /// let mut transcript = Transcript::default();
    /// transcript.keep(&long, usize::MAX);
    /// assert_eq!(transcript.as_bytes().as_ptr(), long.as_ptr());
    /// ```
    pub const SHARED_FROM_BYTES: usize = 16 * 1024;

    /// The text that the events of a stream carried, put together: the events themselves are not kept.
    ///
    /// ```
    /// # use oar_exchange::{Transcript, Whole};
    /// let transcript = Transcript::assembled("Hello yourself".into(), Whole::All);
    /// assert_eq!((transcript.as_bytes(), transcript.is_assembled()), (&b"Hello yourself"[..], true));
    /// ```
    pub fn assembled(text: String, whole: Whole) -> Self {
        let truncated = whole == Whole::Cut;
        Self { kept: Kept::Shared(text.into()), truncated, assembled: true }
    }

    /// Keeps the first `cap` bytes only, and marks what was more as cut off. The cut may be within a character.
    ///
    /// ```
    /// # use oar_exchange::{Transcript, Whole};
    /// let beginning = Transcript::assembled("Hello yourself".into(), Whole::All).cut(5);
    /// assert_eq!((beginning.as_bytes(), beginning.is_truncated()), (&b"Hello"[..], true));
    /// ```
    #[must_use]
    pub fn cut(mut self, cap: usize) -> Self {
        self.truncated |= cap < self.len();
        match &mut self.kept {
            Kept::Shared(shared) => shared.truncate(cap),
            Kept::Copied(copied) => copied.truncate(cap),
        }
        self
    }

    /// Keeps `piece` as long as no more than `cap` bytes are kept in all; what goes beyond is cut off and marked.
    ///
    /// ```
    /// # use oar_exchange::Transcript;
    /// let mut transcript = Transcript::default();
    /// transcript.keep(&"Hello".into(), 1024);
    /// assert_eq!((transcript.len(), transcript.is_truncated()), (5, false));
    /// ```
    pub fn keep(&mut self, piece: &Bytes, cap: usize) {
        let room = piece.len().min(cap.saturating_sub(self.len()));
        let fits = piece.get(..room).unwrap_or_default();
        self.truncated |= room < piece.len();
        match &mut self.kept {
            _ if room == 0 => {}
            Kept::Copied(copied) if copied.is_empty() && room >= Self::SHARED_FROM_BYTES => {
                self.kept = Kept::Shared(piece.slice(..room));
            }
            Kept::Copied(copied) => copied.extend_from_slice(fits),
            Kept::Shared(shared) => {
                let mut copied = BytesMut::with_capacity(shared.len() + room);
                copied.extend_from_slice(shared);
                copied.extend_from_slice(fits);
                self.kept = Kept::Copied(copied);
            }
        }
    }

    /// The kept bytes.
    ///
    /// ```
    /// # use oar_exchange::{Transcript, Whole};
    /// let transcript = Transcript::assembled("Hello".into(), Whole::All);
    /// assert_eq!(String::from_utf8_lossy(transcript.as_bytes()), "Hello");
    /// ```
    pub fn as_bytes(&self) -> &[u8] {
        match &self.kept {
            Kept::Shared(shared) => shared,
            Kept::Copied(copied) => copied,
        }
    }

    /// How many bytes are kept.
    ///
    /// ```
    /// # use oar_exchange::{Transcript, Whole};
    /// assert_eq!(Transcript::assembled("你好".into(), Whole::All).len(), 6);
    /// ```
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether nothing is kept.
    ///
    /// ```
    /// # use oar_exchange::Transcript;
    /// assert!(Transcript::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is what the events of a stream carried, rather than what was sent.
    ///
    /// ```
    /// # use oar_exchange::Transcript;
    /// let mut as_it_came = Transcript::default();
    /// as_it_came.keep(&r#"{"object": "chat.completion"}"#.into(), 1024);
    /// assert!(!as_it_came.is_assembled());
    /// ```
    pub const fn is_assembled(&self) -> bool {
        self.assembled
    }

    /// Whether the body was longer than what is kept.
    ///
    /// ```
    /// # use oar_exchange::Transcript;
    /// let mut not_kept = Transcript::default();
    /// not_kept.keep(&"Hello".into(), 0);
    /// assert!(not_kept.is_empty() && not_kept.is_truncated());
    /// ```
    pub const fn is_truncated(&self) -> bool {
        self.truncated
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript")
            .field("kept", &format_args!("{} bytes", self.len()))
            .field("truncated", &self.truncated)
            .field("assembled", &self.assembled)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_beyond_the_cap_is_cut_and_marked() {
        let mut transcript = Transcript::default();
        for piece in ["abc", "def", "ghi"] {
            transcript.keep(&Bytes::from(piece), 7);
        }
        assert_eq!(transcript.as_bytes(), b"abcdefg");
        assert!(transcript.is_truncated());
    }

    #[test]
    fn what_was_kept_can_be_cut_later() {
        for first in [1, 64 * 1024] {
            let mut transcript = Transcript::default();
            transcript.keep(&Bytes::from(vec![7; first]), usize::MAX);
            let whole = transcript.clone().cut(first);
            assert_eq!((whole.len(), whole.is_truncated()), (first, false));
            let none = transcript.cut(0);
            assert_eq!((none.len(), none.is_truncated()), (0, true));
        }
    }

    #[test]
    fn a_body_of_exactly_the_cap_is_whole() {
        let mut transcript = Transcript::default();
        transcript.keep(&Bytes::from("abc"), 3);
        assert_eq!((transcript.len(), transcript.is_truncated()), (3, false));
    }

    #[test]
    fn a_large_first_piece_is_shared_until_more_comes() {
        let body = Bytes::from(vec![7; 64 * 1024]);
        let mut transcript = Transcript::default();
        transcript.keep(&body, usize::MAX);
        assert_eq!(transcript.as_bytes().as_ptr(), body.as_ptr());
        transcript.keep(&Bytes::from("more"), usize::MAX);
        assert_eq!(transcript.len(), body.len() + 4);
        assert!(transcript.as_bytes().ends_with(b"more"));
    }

    #[test]
    fn small_pieces_do_not_keep_their_buffers_alive() {
        let buffer = Bytes::from(vec![7; 8 * 1024]);
        let mut transcript = Transcript::default();
        transcript.keep(&buffer.slice(..100), usize::MAX);
        assert!(buffer.is_unique());
    }
}
