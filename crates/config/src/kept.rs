//! What of each request a record keeps.

use crate::problem::{Complaint, printable};
use crate::section::{Field, Section};
use crate::size::text_size;
use crate::word::{decimal, truth};
use http::HeaderName;

/// What of each request a record keeps.
///
/// ```
/// # use oar_config::Config;
/// let text = "record: {request: false}\nupstreams: [{sk: key, record: {ip: false}}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert!(!config.record.keep.request && config.record.keep.ip);
/// let own = &config.upstreams[0].keep;
/// assert!(!own.request && !own.ip, "what an upstream leaves out is the file's");
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepSettings {
    /// Of which requests there is a record; of all, unless the file says otherwise.
    pub outcomes: KeptOutcomes,
    /// Whether the request's body is kept; true unless the file says otherwise.
    pub request: bool,
    /// Whether the answer is kept; true unless the file says otherwise.
    pub response: bool,
    /// Which of the request's headers are kept.
    pub headers: KeptHeaders,
    /// The most bytes of each of body and answer; 1 MiB unless the file says otherwise.
    pub max_bytes: usize,
    /// Whether the client's address is kept; true unless the file says otherwise.
    pub ip: bool,
}

impl Default for KeepSettings {
    fn default() -> Self {
        let (outcomes, headers) = (KeptOutcomes::default(), KeptHeaders::default());
        Self { outcomes, request: true, response: true, headers, max_bytes: 1024 * 1024, ip: true }
    }
}

/// Of which requests there is a record.
///
/// ```
/// # use oar_config::{Config, KeptOutcomes};
/// let text = "record: {outcomes: 2.5%}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.record.keep.outcomes, KeptOutcomes::Sampled { per_million: 25_000 });
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptOutcomes {
    /// Of every one (`all`).
    #[default]
    All,
    /// Of those that did not end well (`errors`).
    Errors,
    /// Of those that did not end well, and of a share of the others (`10%`).
    Sampled {
        /// The share, as so many of a million.
        per_million: u32,
    },
}

/// Which of the request's headers are kept.
///
/// ```
/// # use oar_config::{Config, KeptHeaders};
/// let text = "record: {headers: all}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.record.keep.headers, KeptHeaders::All);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeptHeaders {
    /// Those of the API, and those that tell which program asked.
    #[default]
    Usual,
    /// All that are no credentials (`all`).
    All,
    /// Those that match one of these; none, if there are none.
    These(Vec<KeptHeader>),
}

/// One item of the list of headers; in lower case.
///
/// ```
/// # use oar_config::{Config, KeptHeader, KeptHeaders};
/// let text = "record: {headers: [User-Agent, 'openai-*']}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.record.keep.headers, KeptHeaders::These(vec![
///     KeptHeader::Named(http::header::USER_AGENT),
///     KeptHeader::StartingWith("openai-".to_owned()),
/// ]));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptHeader {
    /// `user-agent`
    Named(HeaderName),
    /// `openai-*`, as `openai-`.
    StartingWith(String),
}

/// The keys of `own` that say what is kept; `base` counts where it says nothing.
pub(crate) fn keep(own: &mut Section<'_>, base: &KeepSettings) -> KeepSettings {
    KeepSettings {
        outcomes: own.take("outcomes").read(outcomes).unwrap_or(base.outcomes),
        request: own.take("request").read(truth).unwrap_or(base.request),
        response: own.take("response").read(truth).unwrap_or(base.response),
        headers: headers(own.take("headers")).unwrap_or_else(|| base.headers.clone()),
        max_bytes: own.take("max_bytes").read(text_size).unwrap_or(base.max_bytes),
        ip: own.take("ip").read(truth).unwrap_or(base.ip),
    }
}

/// What an upstream's own section says is kept, and `base` where it says nothing.
pub(crate) fn own_keep(field: Field<'_>, base: &KeepSettings) -> KeepSettings {
    let Some(mut own) = field.section() else { return base.clone() };
    let kept = keep(&mut own, base);
    for key in ["secrets", "retention"] {
        let field = own.take(key);
        if field.is_set() {
            let complaint = Complaint::new("counts for the whole file");
            field.complain(complaint.hint("write it in the section `record` at the top"));
        }
    }
    own.close();
    kept
}

/// A millionth, in percent.
const MILLIONTHS_OF_A_PERCENT: f64 = 10_000.0;

fn outcomes(text: &str) -> Result<KeptOutcomes, Complaint> {
    match text.trim() {
        "all" => Ok(KeptOutcomes::All),
        "errors" => Ok(KeptOutcomes::Errors),
        share => share
            .strip_suffix('%')
            .and_then(|percent| decimal(percent.trim_end()))
            .map_or_else(|| Err(no_outcomes(text)), sampled),
    }
}

fn no_outcomes(text: &str) -> Complaint {
    let message = format!("`{}` is none of: all, errors, or a share such as 10%", printable(text));
    Complaint::new(message).hint("`10%` keeps every failure, and this share of the successes")
}

fn sampled(percent: f64) -> Result<KeptOutcomes, Complaint> {
    if percent > 100.0 {
        return Err(Complaint::new(format!("`{percent}%` is more than there are")));
    }
    let per_million = (percent * MILLIONTHS_OF_A_PERCENT).round() as u32;
    // Less than a millionth is not nothing.
    Ok(KeptOutcomes::Sampled { per_million: per_million.max(u32::from(percent > 0.0)) })
}

const HEADER_FORMS: &str = "write the name of a header, or `openai-*` for all that begin so";

/// One word, or a list of names; `None` when nothing is said.
fn headers(field: Field<'_>) -> Option<KeptHeaders> {
    if field.is_list() {
        return Some(KeptHeaders::These(field.list(HEADER_FORMS, header)));
    }
    field.read(|text| match text {
        "all" => Ok(KeptHeaders::All),
        _ => {
            let complaint = Complaint::new(format!("`{}` is neither `all` nor a list", printable(text)));
            Err(complaint.hint("a list looks like `[user-agent, \"openai-*\"]`; `[]` keeps none"))
        }
    })
}

fn header(text: &str) -> Result<KeptHeader, Complaint> {
    let (name, is_prefix) = text.trim().strip_suffix('*').map_or((text.trim(), false), |prefix| (prefix, true));
    if name.is_empty() {
        return Err(Complaint::new("would be every header").hint("write `headers: all`"));
    }
    // The grammar allows a `*` in a name, which nobody has who writes one here.
    let parsed = name.parse::<HeaderName>().ok().filter(|_| !name.contains('*'));
    match parsed {
        Some(name) if is_prefix => Ok(KeptHeader::StartingWith(name.as_str().to_owned())),
        Some(name) => Ok(KeptHeader::Named(name)),
        None => {
            let complaint = Complaint::new(format!("`{}` is not the name of a header", printable(text)));
            Err(complaint.hint("a `*` may stand at the end only, as in `openai-*`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_counted_in_millionths() {
        for (text, per_million) in [
            ("10%", 100_000),
            ("0.5 %", 5_000),
            ("0.07%", 700),
            ("100%", 1_000_000),
            ("0%", 0),
            ("0.00001%", 1),
            ("99.9999%", 999_999),
        ] {
            assert_eq!(outcomes(text), Ok(KeptOutcomes::Sampled { per_million }), "{text}");
        }
    }

    #[test]
    fn a_header_is_a_name_or_the_beginning_of_one() {
        assert_eq!(header("User-Agent"), Ok(KeptHeader::Named(http::header::USER_AGENT)));
        assert_eq!(header("OpenAI-*"), Ok(KeptHeader::StartingWith("openai-".to_owned())));
        for wrong in ["*", "", "a b", "x-*-y", "**", "naïve"] {
            assert!(header(wrong).is_err(), "{wrong}");
        }
    }
}
