//! What is counted, and what is asked and answered in each.

use crate::pieces::{Pace, Pieces};
use crate::texts;
use bytes::Bytes;
use std::fmt;

/// The token that clients present.
pub(crate) const TOKEN: &str = "sk-team-0123456789abcdef";

/// One kind of request, and how much of the product serves it.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    kind: Kind,
    pub(crate) extent: Extent,
}

/// What is asked.
#[derive(Clone, Copy)]
enum Kind {
    /// 1 KiB for 1 KiB.
    Plain,
    /// 1 KiB for fifty events that are there together.
    Burst,
    /// 1 KiB for fifty events, each of which is waited for.
    Paced,
    /// 100 KiB for 1 KiB.
    Upload,
}

/// How much of the product there is.
#[derive(Clone, Copy)]
pub(crate) enum Extent {
    /// The gateway alone: nobody hears the story of a request, so nothing of it is kept.
    Gateway,
    /// The gateway, the metrics, and a recorder whose rows are made and forgotten.
    Told,
    /// The same, and the rows go into an SQLite file.
    Stored,
    /// All of it, with HTTP on both sides, and no records.
    Served,
}

impl Case {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let to = |extent| [Kind::Plain, Kind::Burst, Kind::Paced, Kind::Upload].map(|kind| Self { kind, extent });
        // Over sockets, where one event ends and the next begins is the system's business.
        let is_fixed = |case: &Self| !matches!((case.kind, case.extent), (Kind::Paced, Extent::Served));
        // To a file a row is a row, whatever was asked.
        let stored = [Self { kind: Kind::Plain, extent: Extent::Stored }];
        let cases = [Extent::Gateway, Extent::Told, Extent::Served].into_iter().flat_map(to).filter(is_fixed);
        cases.chain(stored)
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|case| case.to_string() == name)
    }

    pub(crate) const fn path(self) -> &'static str {
        match self.kind {
            Kind::Plain | Kind::Burst | Kind::Paced => "/v1/chat/completions",
            Kind::Upload => "/v1/audio/transcriptions",
        }
    }

    pub(crate) const fn request_type(self) -> &'static str {
        match self.kind {
            Kind::Plain | Kind::Burst | Kind::Paced => "application/json",
            Kind::Upload => texts::UPLOAD_TYPE,
        }
    }

    pub(crate) fn request(self) -> Vec<Bytes> {
        match self.kind {
            Kind::Plain => vec![texts::question()],
            Kind::Burst | Kind::Paced => vec![texts::question_for_a_stream()],
            Kind::Upload => texts::upload(),
        }
    }

    /// Those that OpenAI sends, or most of them.
    pub(crate) const fn answer_headers(self) -> [(&'static str, &'static str); 11] {
        let content_type = match self.kind {
            Kind::Plain | Kind::Upload => "application/json",
            Kind::Burst | Kind::Paced => "text/event-stream; charset=utf-8",
        };
        [
            ("date", "Wed, 04 Mar 2026 05:06:07 GMT"),
            ("content-type", content_type),
            ("access-control-expose-headers", "X-Request-ID"),
            ("openai-organization", "example"),
            ("openai-processing-ms", "410"),
            ("openai-version", "2020-10-01"),
            ("x-ratelimit-limit-requests", "10000"),
            ("x-ratelimit-remaining-requests", "9999"),
            ("x-request-id", "req_0123456789abcdef0123456789abcdef"),
            ("strict-transport-security", "max-age=31536000"),
            ("server", "cloudflare"),
        ]
    }

    pub(crate) fn answer(self) -> Vec<Bytes> {
        match self.kind {
            Kind::Plain | Kind::Upload => vec![texts::answer()],
            Kind::Burst | Kind::Paced => texts::events(),
        }
    }

    /// `answer` as the upstream's body.
    pub(crate) fn coming(self, answer: Vec<Bytes>) -> Pieces {
        match self.kind {
            Kind::Plain | Kind::Upload => Pieces::new(answer, Pace::Whole),
            Kind::Burst => Pieces::new(answer, Pace::AtOnce),
            Kind::Paced => Pieces::new(answer, Pace::OneByOne),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Plain => "plain",
            Kind::Burst => "burst",
            Kind::Paced => "paced",
            Kind::Upload => "upload",
        })?;
        f.write_str(match self.extent {
            Extent::Gateway => "",
            Extent::Told => "-told",
            Extent::Stored => "-stored",
            Extent::Served => "-served",
        })
    }
}
