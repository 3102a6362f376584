//! Who is told when something goes wrong, and how often.

mod matrix;

pub use matrix::{Matrix, MatrixRoom};

use crate::Env;
use crate::duration::duration;
use crate::node::{Kind, Node, Scalar};
use crate::problem::{Complaint, Place, Report, printable};
use crate::section::{Field, Section};
use crate::word::{choice, secret_url};
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Who is told when something goes wrong, each channel that is there, and how often.
///
/// ```
/// # use oar_config::{Config, Language};
/// let text = "notify: {language: zh, window: 5m, webhook: {url: https://alerts.example.com/hook}}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!((config.notify.language, config.notify.window.as_secs()), (Language::Chinese, 300));
/// assert!(config.notify.webhook.is_some() && config.notify.feishu.is_none());
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NotifySettings {
    /// In which language.
    pub language: Language,
    /// Each upstream and reason is told at most once in this time; 10 s to 1 h, and 60 s unless the file says otherwise.
    pub window: Duration,
    /// How many messages there may be in a minute; 1 to 100, and 20 unless the file says otherwise.
    pub messages_per_minute: usize,
    /// Of which requests people are told; of all four ends, unless the file says otherwise.
    pub outcomes: BTreeSet<ToldOutcome>,
    /// A Feishu robot.
    pub feishu: Option<Feishu>,
    /// A Matrix room, or a relay that writes to one.
    pub matrix: Option<Matrix>,
    /// An http or https URL that takes alerts as JSON.
    pub webhook: Option<SecretString>,
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self {
            language: Language::default(),
            window: Duration::from_secs(60),
            messages_per_minute: 20,
            outcomes: OUTCOMES.iter().map(|(_, outcome)| *outcome).collect(),
            feishu: None,
            matrix: None,
            webhook: None,
        }
    }
}

/// The language of messages.
///
/// ```
/// # use oar_config::{Config, Language};
/// let text = "notify: {language: zh}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.notify.language, Language::Chinese);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// `en`
    #[default]
    English,
    /// `zh`
    Chinese,
}

/// How a request ended in which people may be told what an upstream did. Ends that are no upstream's doing are not here.
///
/// ```
/// # use oar_config::{Config, ToldOutcome};
/// let text = "notify: {outcomes: [all_failed]}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.notify.outcomes, [ToldOutcome::AllFailed].into());
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToldOutcome {
    /// Another upstream saved it.
    Ok,
    /// The client got an upstream's own error.
    UpstreamError,
    /// The answer was cut.
    StreamBroken,
    /// No upstream answered.
    AllFailed,
}

/// A Feishu robot.
///
/// ```
/// # use oar_config::{Config, FeishuStyle};
/// let text = "notify: {feishu: {webhook: https://open.feishu.cn/hook, secret: hush}}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// let robot = config.notify.feishu.expect("a robot");
/// assert_eq!((robot.secret.is_some(), robot.style), (true, FeishuStyle::Text));
/// assert!(!format!("{robot:?}").contains("hush"));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
pub struct Feishu {
    /// Its http or https URL.
    pub webhook: SecretString,
    /// The key its messages are signed with, if it wants that.
    pub secret: Option<SecretString>,
    /// How its messages look.
    pub style: FeishuStyle,
}

/// How a message in Feishu looks.
///
/// ```
/// # use oar_config::{Config, FeishuStyle};
/// let text = "notify: {feishu: {webhook: https://open.feishu.cn/hook, style: card}}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.notify.feishu.map(|robot| robot.style), Some(FeishuStyle::Card));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FeishuStyle {
    /// Plain text.
    #[default]
    Text,
    /// A card with a coloured head.
    Card,
}

const LANGUAGES: &[(&str, Language)] = &[("en", Language::English), ("zh", Language::Chinese)];

const STYLES: &[(&str, FeishuStyle)] = &[("text", FeishuStyle::Text), ("card", FeishuStyle::Card)];

const OUTCOMES: &[(&str, ToldOutcome)] = &[
    ("ok", ToldOutcome::Ok),
    ("upstream_error", ToldOutcome::UpstreamError),
    ("stream_broken", ToldOutcome::StreamBroken),
    ("all_failed", ToldOutcome::AllFailed),
];

/// How requests end as well, as records and metrics have it.
const NOBODYS_FAULT: &[&str] = &["client_closed", "rejected", "shed", "drained"];

/// A shorter one repeats what people have just read, a longer one hides that it goes on.
const WINDOWS: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(60 * 60);

/// The most that Feishu takes of one robot.
const MOST_MESSAGES: usize = 100;

/// Without a section, two variables of the environment decide, as they did for the Go version.
pub(crate) fn notify(field: Field<'_>, env: Env<'_>, report: &Report) -> NotifySettings {
    if field.is_null() {
        return from_environment(env, report);
    }
    let place = field.place.clone();
    field.section().map(|own| decode(own, &place)).unwrap_or_default()
}

fn decode(mut own: Section<'_>, place: &Place) -> NotifySettings {
    let [language, window, messages, outcomes] =
        ["language", "window", "messages_per_minute", "outcomes"].map(|key| own.take(key));
    let [feishu, matrix, webhook] = ["feishu", "matrix", "webhook"].map(|key| own.take(key));
    let is_tuned = [&language, &window, &messages, &outcomes].iter().any(|field| field.is_set());
    if is_tuned && [&feishu, &matrix, &webhook].iter().all(|field| field.is_null()) {
        own.warn(place, nobody_is_told());
    }
    own.close();
    let usual = NotifySettings::default();
    NotifySettings {
        language: language.read(|text| choice(text, LANGUAGES)).unwrap_or_default(),
        window: window.read(self::window).unwrap_or(usual.window),
        messages_per_minute: messages.read(self::messages).unwrap_or(usual.messages_per_minute),
        outcomes: self::outcomes(outcomes).unwrap_or(usual.outcomes),
        feishu: feishu.section().and_then(self::feishu),
        matrix: matrix::matrix(matrix),
        webhook: webhook.section().and_then(self::webhook),
    }
}

fn nobody_is_told() -> Complaint {
    let hint = "add `feishu`, `matrix` or `webhook`; FEISHU_WEBHOOK and MATRIX_API are read only without this section";
    Complaint::new("names no channel, so nobody is told").hint(hint)
}

fn window(text: &str) -> Result<Duration, Complaint> {
    let window = duration(text)?;
    if WINDOWS.contains(&window) {
        return Ok(window);
    }
    Err(Complaint::new(format!("`{}` is not between 10s and 1h", printable(text.trim()))))
}

fn messages(text: &str) -> Result<usize, Complaint> {
    let number = text.trim().parse().ok().filter(|number| (1..=MOST_MESSAGES).contains(number));
    number.ok_or_else(|| {
        let message = format!("`{}` is no whole number from 1 to {MOST_MESSAGES}", printable(text));
        Complaint::new(message).hint("what is too much is told as one number in a message of its own")
    })
}

/// `None` when nothing is said. An empty list is no outcome at all: people are told of records and reloads alone.
fn outcomes(field: Field<'_>) -> Option<BTreeSet<ToldOutcome>> {
    field.is_set().then(|| field.list(&known_outcomes(), outcome).into_iter().collect())
}

fn outcome(text: &str) -> Result<ToldOutcome, Complaint> {
    if !NOBODYS_FAULT.contains(&text) {
        return choice(text, OUTCOMES);
    }
    let complaint = Complaint::new(format!("`{text}` is no upstream's fault, so nobody is told of it"));
    Err(complaint.hint(format!("{}; `oar_requests_total` counts every outcome", known_outcomes())))
}

fn known_outcomes() -> String {
    let known: Vec<&str> = OUTCOMES.iter().map(|(word, _)| *word).collect();
    format!("choose from {}", known.join(", "))
}

fn feishu(mut own: Section<'_>) -> Option<Feishu> {
    let webhook = own.require("webhook").read(secret_url);
    let secret = own.take("secret").read(|text| Ok(SecretString::from(text.trim())));
    let style = own.take("style").read(|text| choice(text, STYLES)).unwrap_or_default();
    own.close();
    Some(Feishu { webhook: webhook?, secret, style })
}

fn webhook(mut own: Section<'_>) -> Option<SecretString> {
    let url = own.require("url").read(secret_url);
    own.close();
    url
}

fn from_environment(env: Env<'_>, report: &Report) -> NotifySettings {
    let url = |name: &str| {
        let text = SecretString::from(env(name)?);
        let node = Node { line: None, kind: Kind::Scalar(Scalar { text, bare: false }) };
        let place = Place { path: format!("environment variable {name}"), line: None };
        Field::new(place, node, report).read(secret_url)
    };
    let robot = |webhook| Feishu { webhook, secret: None, style: FeishuStyle::default() };
    let (feishu, matrix) = (url("FEISHU_WEBHOOK").map(robot), url("MATRIX_API").map(Matrix::Url));
    NotifySettings { feishu, matrix, ..NotifySettings::default() }
}
