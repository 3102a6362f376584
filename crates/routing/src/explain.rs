use crate::candidate::Candidate;
use crate::query::Query;
use std::fmt;
use std::sync::Arc;

/// Who would be asked, and who not, and why. For people: a log line, an error's hint, a command's output.
///
/// ```
/// use oar_routing::{Candidate, Order, Query, Reason, Router, Token};
///
/// let router = Router::builder(Order::Configured)
///     .token(Token::new("team-token"))
///     .candidate(Candidate::new("cheap", ()).deny(["gpt-4o"]))
///     .candidate(Candidate::new("good", ()))
///     .build()?;
/// let caller = router.authenticate(Some("team-token"))?;
/// let explanation = router.explain(&caller, &Query::model("gpt-4o"));
/// assert_eq!(explanation.left_out[0].reason, Reason::Denied);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The candidates of the plan, in configured order.
    pub planned: Vec<Arc<str>>,
    /// Everybody else.
    pub left_out: Vec<LeftOut>,
}

/// A candidate that a plan does without. From [`Explanation::left_out`].
///
/// ```
/// # use oar_routing::{Candidate, Order, Query, Router, Token};
/// # let builder = Router::builder(Order::Configured).token(Token::new("t"));
/// let router = builder.candidate(Candidate::new("cheap", ()).deny(["gpt-4o"])).build()?;
/// let explanation = router.explain(&router.authenticate(Some("t"))?, &Query::model("gpt-4o"));
/// let one = explanation.left_out.first().ok_or("somebody is left out")?;
/// assert_eq!(format!("{}: {}", one.name, one.reason), "cheap: on its deny list");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Its name.
    pub name: Arc<str>,
    /// Why.
    pub reason: Reason,
}

/// Why a candidate is left out: the first of these that is so.
///
/// ```
/// # use oar_routing::Reason;
/// assert_eq!(Reason::NotAllowed.to_string(), "not on its allow list");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It is not open to the caller's token.
    NotOpen,
    /// It has an allow list, and what was asked for is not on it.
    NotAllowed,
    /// What was asked for is on its deny list.
    Denied,
}

impl Explanation {
    pub(crate) fn new<T>(candidates: &[Candidate<T>], is_open: impl Fn(usize) -> bool, query: &Query<'_>) -> Self {
        let mut explanation = Self { planned: Vec::new(), left_out: Vec::new() };
        for (index, candidate) in candidates.iter().enumerate() {
            let name = Arc::clone(&candidate.name);
            match reason(candidate, is_open(index), query) {
                None => explanation.planned.push(name),
                Some(reason) => explanation.left_out.push(LeftOut { name, reason }),
            }
        }
        explanation
    }
}

fn reason<T>(candidate: &Candidate<T>, is_open: bool, query: &Query<'_>) -> Option<Reason> {
    if !is_open {
        Some(Reason::NotOpen)
    } else if !candidate.allows(query) {
        Some(Reason::NotAllowed)
    } else if candidate.denies(query) {
        Some(Reason::Denied)
    } else {
        None
    }
}

impl fmt::Display for Explanation {
    /// `planned: a, b; left out: c (not on its allow list)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let planned: Vec<&str> = self.planned.iter().map(|name| &**name).collect();
        write!(f, "planned: {}", if planned.is_empty() { "none".to_owned() } else { planned.join(", ") })?;
        for (index, LeftOut { name, reason }) in self.left_out.iter().enumerate() {
            write!(f, "{}{name} ({reason})", if index == 0 { "; left out: " } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOpen => "not open to this token",
            Self::NotAllowed => "not on its allow list",
            Self::Denied => "on its deny list",
        })
    }
}
