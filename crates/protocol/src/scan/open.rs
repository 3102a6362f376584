//! Which brackets are open.

/// What is open around a value: one bit for each bracket, so that a body made of brackets alone takes little room.
#[derive(Default)]
pub(super) struct Open {
    depth: usize,
    /// The innermost 64, the last one lowest.
    inner: u64,
    /// Those around them, 64 at a time.
    outer: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    List,
    Object,
}

impl Open {
    const EACH: usize = u64::BITS as usize;

    pub(super) fn push(&mut self, bracket: Bracket) {
        if self.depth > 0 && self.depth.is_multiple_of(Self::EACH) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(bracket == Bracket::Object);
        self.depth += 1;
    }

    pub(super) const fn last(&self) -> Option<Bracket> {
        match (self.depth, self.inner & 1) {
            (0, _) => None,
            (_, 0) => Some(Bracket::List),
            _ => Some(Bracket::Object),
        }
    }

    pub(super) fn pop(&mut self) {
        self.inner >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 && self.depth.is_multiple_of(Self::EACH) {
            self.inner = self.outer.pop().unwrap_or_default();
        }
    }
}
