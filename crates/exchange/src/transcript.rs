use bytes::Bytes;

/// A copy of a body, bounded: the first so many bytes, by reference to the buffers they arrived in.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    chunks: Vec<Bytes>,
    len: usize,
    truncated: bool,
}

impl Transcript {
    /// Keeps `chunk` as long as no more than `cap` bytes are kept in all; what goes beyond is cut off and marked.
    pub fn keep(&mut self, chunk: &Bytes, cap: usize) {
        let kept = chunk.len().min(cap.saturating_sub(self.len));
        self.truncated |= kept < chunk.len();
        if kept > 0 {
            self.len += kept;
            self.chunks.push(chunk.slice(..kept));
        }
    }

    /// The kept bytes, in the pieces they came in.
    pub fn chunks(&self) -> &[Bytes] {
        &self.chunks
    }

    /// The kept bytes in one piece.
    pub fn to_bytes(&self) -> Bytes {
        match self.chunks.as_slice() {
            [] => Bytes::new(),
            [only] => only.clone(),
            many => many.concat().into(),
        }
    }

    /// How many bytes are kept.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the body was longer than what is kept.
    pub fn is_truncated(&self) -> bool {
        self.truncated
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
        assert_eq!(transcript.to_bytes(), "abcdefg");
        assert_eq!(transcript.chunks().len(), 3);
        assert!(transcript.is_truncated());
    }

    #[test]
    fn a_body_of_exactly_the_cap_is_whole() {
        let mut transcript = Transcript::default();
        transcript.keep(&Bytes::from("abc"), 3);
        assert_eq!((transcript.len(), transcript.is_truncated()), (3, false));
    }

    #[test]
    fn bodies_are_shared_and_not_copied() {
        let body = Bytes::from(vec![7; 1024]);
        let mut transcript = Transcript::default();
        transcript.keep(&body, 4096);
        assert_eq!(transcript.to_bytes().as_ptr(), body.as_ptr());
    }
}
