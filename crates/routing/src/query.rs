/// What a request asks for, as far as routing cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    name: &'a str,
    alias: Option<&'a str>,
    mode: Mode,
    repeat: Repeat,
}

/// Whether a request may reach a second candidate after a first one may have carried it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Yes: carrying it out twice costs money at the worst.
    #[default]
    Anywhere,
    /// Only if the first one has certainly not seen it: an upload, a deletion, a batch.
    OnlyIfUnseen,
}

/// Which time limit a request falls under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// An answer in one piece.
    #[default]
    Plain,
    /// A stream, whose head is expected soon.
    Stream,
}

impl<'a> Query<'a> {
    /// Asks for `name`: a model, or the URL path where a request names no model.
    pub const fn model(name: &'a str) -> Self {
        Self { name, alias: None, mode: Mode::Plain, repeat: Repeat::Anywhere }
    }

    /// Adds a second name the request goes by: either may stand in a list. An upload goes by its model and its path.
    #[must_use]
    pub const fn or(mut self, alias: &'a str) -> Self {
        self.alias = Some(alias);
        self
    }

    /// Sets the mode.
    #[must_use]
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets whether it may be repeated.
    #[must_use]
    pub const fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    pub(crate) const fn may_repeat(&self) -> Repeat {
        self.repeat
    }

    pub(crate) const fn name(&self) -> &'a str {
        self.name
    }

    pub(crate) const fn alias(&self) -> Option<&'a str> {
        self.alias
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.name).chain(self.alias)
    }

    pub(crate) const fn is_stream(&self) -> bool {
        matches!(self.mode, Mode::Stream)
    }
}
