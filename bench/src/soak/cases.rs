//! What the clients do, and what must come of it.

use crate::client::{Conduct, Parting};
use crate::upstream::{Kind, Role};
use Role::{
    Breaks, Endless, EndsEmpty, ErrsFirst, Fails, FallsSilent, Good, Holds, Limits, NeverBegins, Rambles, Refuses,
    Resets, ShowsPage, Slow, Stalls, Stops,
};

/// A kind of request. Its name is the model it asks for, which `tried` and `spare` serve, and no other upstream.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Unique.
    pub name: &'static str,
    /// How often it comes, against the others.
    pub weight: u64,
    /// What is sent.
    pub ask: Ask,
    /// How the client behaves.
    pub conduct: Conduct,
    /// Who is tried, in order.
    pub tried: &'static [Role],
    /// Who could be tried as well, and must not be.
    pub spare: &'static [Role],
    /// What comes of it.
    pub end: Expected,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A chat completion that is answered like this.
    Chat(Kind),
    /// The same, by somebody whose token nobody knows.
    ChatOfStranger,
    /// A megabyte to be transcribed.
    Upload,
    /// A megabyte to be kept, which must not be sent twice.
    File,
}

impl Ask {
    /// What is answered.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Chat(kind) => kind,
            Self::ChatOfStranger | Self::Upload | Self::File => Kind::Plain,
        }
    }
}

/// How a request ends, for its client and in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// With the answer of the last that was tried, whole.
    Answered,
    /// With the beginning of that answer, and no clean end.
    Broken,
    /// With an error of the gateway's own.
    Refused {
        /// Its status.
        status: u16,
        /// Its code.
        code: &'static str,
        /// The row's word for it.
        outcome: &'static str,
    },
    /// With the client leaving; the row has this status.
    Left(u16),
    /// Before the gateway had a request: there is no row.
    Untold,
}

/// What a row must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// How it ended.
    pub outcome: String,
    /// What the client was sent.
    pub status: u16,
    /// How many upstreams were tried.
    pub attempts: usize,
}

impl Case {
    /// What its row must say; `None` when there must be none.
    pub fn told(&self) -> Option<Told> {
        let (outcome, status) = match self.end {
            Expected::Answered => ("ok", 200),
            Expected::Broken => ("stream_broken", 200),
            Expected::Refused { status, outcome, .. } => (outcome, status),
            Expected::Left(status) => ("client_closed", status),
            Expected::Untold => return None,
        };
        Some(Told { outcome: outcome.to_owned(), status, attempts: self.tried.len() })
    }

    /// Who has a request of this kind in its list of models.
    pub fn is_served_by(&self, role: Role) -> bool {
        self.tried.contains(&role) || self.spare.contains(&role)
    }

    const fn after(self, conduct: Conduct) -> Self {
        Self { conduct, ..self }
    }

    const fn sparing(self, spare: &'static [Role]) -> Self {
        Self { spare, ..self }
    }
}

const PLAIN: Ask = Ask::Chat(Kind::Plain);
const STREAM: Ask = Ask::Chat(Kind::Stream);

const MEBIBYTE: usize = 1024 * 1024;

/// The largest body that the gateway is told to take.
pub(super) const BODY_CAP: &str = "4MiB";

const fn case(name: &'static str, weight: u64, ask: Ask, tried: &'static [Role], end: Expected) -> Case {
    Case { name, weight, ask, conduct: Conduct::Reads, tried, spare: &[], end }
}

const fn answered(name: &'static str, weight: u64, ask: Ask, tried: &'static [Role]) -> Case {
    case(name, weight, ask, tried, Expected::Answered)
}

const fn broken(name: &'static str, weight: u64, ask: Ask, tried: &'static [Role]) -> Case {
    case(name, weight, ask, tried, Expected::Broken).sparing(&[Good])
}

const fn failed(
    name: &'static str,
    weight: u64,
    ask: Ask,
    tried: &'static [Role],
    status: u16,
    code: &'static str,
) -> Case {
    case(name, weight, ask, tried, Expected::Refused { status, code, outcome: "all_failed" })
}

const fn rejected(name: &'static str, weight: u64, ask: Ask, status: u16, code: &'static str) -> Case {
    case(name, weight, ask, &[], Expected::Refused { status, code, outcome: "rejected" })
}

const fn left(
    name: &'static str,
    weight: u64,
    ask: Ask,
    tried: &'static [Role],
    conduct: Conduct,
    status: u16,
) -> Case {
    case(name, weight, ask, tried, Expected::Left(status)).after(conduct).sparing(&[Good])
}

/// All of them.
pub const CASES: &[Case] = &[
    // Nothing fails.
    answered("plain", 40, PLAIN, &[Good]),
    answered("stream", 40, STREAM, &[Good]),
    answered("upload", 8, Ask::Upload, &[Good]),
    answered("slow", 5, PLAIN, &[Slow]),
    answered("slow-stream", 5, STREAM, &[Slow]),
    answered("reads-slowly", 3, Ask::Chat(Kind::Large), &[Good]).after(Conduct::ReadsSlowly),
    answered("reads-stream-slowly", 2, Ask::Chat(Kind::Long), &[Good]).after(Conduct::ReadsSlowly),
    // Somebody else answers.
    answered("second", 12, PLAIN, &[Refuses, Good]),
    answered("tour", 8, PLAIN, &[Refuses, Resets, Limits, Fails, ShowsPage, Rambles, Good]),
    answered(
        "stream-tour",
        8,
        STREAM,
        &[Refuses, Resets, Limits, Fails, ShowsPage, Rambles, ErrsFirst, EndsEmpty, Good],
    ),
    answered("upload-tour", 2, Ask::Upload, &[Refuses, Resets, Fails, Good]),
    answered("stalled", 4, PLAIN, &[Stalls, Good]),
    answered("stalled-stream", 4, STREAM, &[NeverBegins, Stalls, Good]),
    // Nobody answers.
    failed("all-fail", 4, PLAIN, &[Refuses, Resets, Fails, ShowsPage], 502, "all_upstreams_failed"),
    failed("all-refuse", 3, STREAM, &[Refuses], 502, "upstream_connect_failed"),
    failed("all-limit", 4, STREAM, &[Limits, Fails], 429, "rate_limit_exceeded"),
    failed("all-stall", 3, PLAIN, &[Refuses, Stalls], 504, "upstream_timeout"),
    failed("file", 2, Ask::File, &[Resets], 502, "all_upstreams_failed").sparing(&[Good]),
    // The answer breaks off, and nobody else is asked.
    broken("broken", 5, PLAIN, &[Breaks]),
    broken("broken-stream", 6, STREAM, &[Breaks]),
    broken("broken-stream-tour", 3, STREAM, &[Refuses, Fails, Breaks]),
    broken("stopped-stream", 6, STREAM, &[Stops]),
    broken("silent-stream", 3, STREAM, &[FallsSilent]),
    // The client leaves.
    left("leaves-waiting", 4, PLAIN, &[Holds], Conduct::LeavesWaiting(Holds, Parting::Close), 499),
    left("leaves-late", 3, STREAM, &[Refuses, Fails, Holds], Conduct::LeavesWaiting(Holds, Parting::Close), 499),
    left("resets-waiting", 3, PLAIN, &[Holds], Conduct::LeavesWaiting(Holds, Parting::Reset), 499),
    left("leaves-bytes", 3, PLAIN, &[Holds], Conduct::LeavesWaiting(Holds, Parting::StrayBytes), 499),
    left("leaves-stream", 5, STREAM, &[Endless], Conduct::LeavesReading(1500), 200),
    left("leaves-endless", 3, PLAIN, &[Endless], Conduct::LeavesReading(MEBIBYTE / 2), 200),
    left("leaves-sending", 4, Ask::Upload, &[], Conduct::LeavesSending, 499),
    case("leaves-in-head", 3, PLAIN, &[], Expected::Untold).after(Conduct::LeavesInHead).sparing(&[Good]),
    // The gateway says no.
    rejected("stranger", 4, Ask::ChatOfStranger, 401, "invalid_api_key").sparing(&[Good]),
    rejected("unknown-model", 3, PLAIN, 404, "model_not_available"),
    rejected("promises-too-much", 2, PLAIN, 413, "request_too_large").after(Conduct::Promises(MEBIBYTE * 1024)),
    rejected("sends-too-much", 2, PLAIN, 413, "request_too_large").after(Conduct::SendsUnpromised(5 * MEBIBYTE)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), CASES.len());
    }

    #[test]
    fn upstreams_are_tried_in_the_order_of_the_configuration() {
        for case in CASES {
            let order: Vec<_> = case.tried.iter().chain(case.spare).collect();
            assert!(order.is_sorted(), "{}: {order:?}", case.name);
        }
    }

    #[test]
    fn every_upstream_has_something_to_do() {
        for role in Role::ALL {
            assert!(CASES.iter().any(|case| case.tried.contains(&role)), "{role:?}");
        }
    }
}
