/// What a request asks for, as far as routing cares.
///
/// ```
/// # use oar_routing::{Candidate, Mode, Query, Repeat};
/// let chat = Query::model("gpt-4o").mode(Mode::Stream);
/// let upload = Query::model("/v1/files").repeat(Repeat::OnlyIfUnseen);
/// let ears = Candidate::new("ears", ()).allow(["/v1/audio/transcriptions"]);
/// assert!(ears.serves(&Query::model("whisper-1").or("/v1/audio/transcriptions")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    pub(crate) name: &'a str,
    pub(crate) alias: Option<&'a str>,
    pub(crate) mode: Mode,
    pub(crate) repeat: Repeat,
}

/// Whether a request may reach a second candidate after a first one may have carried it out.
///
/// ```
/// # use oar_routing::{Candidate, Finding, Order, Query, Repeat, Router, Token, Verdict};
/// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("only", ()));
/// # let router = builder.build()?;
/// # let caller = router.authenticate(Some("t"))?;
/// let upload = router.plan(&caller, &Query::model("/v1/files").repeat(Repeat::OnlyIfUnseen), 0)?;
/// assert_eq!(upload.first().judge(Finding::Unreachable), Verdict::TryNext);
/// assert_eq!(upload.first().judge(Finding::TimedOut), Verdict::Stop);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Yes: carrying it out twice costs money at the worst.
    #[default]
    Anywhere,
    /// Only if the first one has certainly not seen it: an upload, a deletion, a batch.
    OnlyIfUnseen,
}

/// Which time limit a request falls under.
///
/// ```
/// # use oar_routing::{Candidate, Mode, Order, Query, Router, Token};
/// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("only", ()));
/// # let router = builder.candidate(Candidate::new("spare", ())).build()?;
/// # let caller = router.authenticate(Some("t"))?;
/// let seconds = |mode| router.plan(&caller, &Query::model("m").mode(mode), 0).map(|it| it.first().timeout().as_secs());
/// assert_eq!((seconds(Mode::Plain), seconds(Mode::Stream)), (Ok(120), Ok(10)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    ///
    /// ```
    /// # use oar_routing::{Candidate, Query};
    /// let batches = Candidate::new("batches", ()).allow(["/v1/batches"]);
    /// assert!(batches.serves(&Query::model("/v1/batches")));
    /// ```
    pub const fn model(name: &'a str) -> Self {
        Self { name, alias: None, mode: Mode::Plain, repeat: Repeat::Anywhere }
    }

    /// Adds a second name the request goes by: either may stand in a list. An upload goes by its model and its path.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Query};
    /// let upload = Query::model("whisper-1").or("/v1/audio/transcriptions");
    /// assert!(Candidate::new("by-model", ()).allow(["whisper-1"]).serves(&upload));
    /// assert!(!Candidate::new("by-path", ()).deny(["/v1/audio/transcriptions"]).serves(&upload));
    /// ```
    #[must_use]
    pub const fn or(mut self, alias: &'a str) -> Self {
        self.alias = Some(alias);
        self
    }

    /// Sets the mode. Default: [`Mode::Plain`].
    ///
    /// ```
    /// # use oar_routing::{Mode, Query};
    /// assert_ne!(Query::model("gpt-4o").mode(Mode::Stream), Query::model("gpt-4o"));
    /// ```
    #[must_use]
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets whether it may be repeated. Default: [`Repeat::Anywhere`].
    ///
    /// ```
    /// # use oar_routing::{Query, Repeat};
    /// assert_ne!(Query::model("/v1/files").repeat(Repeat::OnlyIfUnseen), Query::model("/v1/files"));
    /// ```
    #[must_use]
    pub const fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.name).chain(self.alias)
    }
}
