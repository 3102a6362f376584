//! The words of `records`.

use clap::{Args, Subcommand, ValueEnum};
use oar_record::{Filter, OutcomeFilter, StatusFilter};
use oar_report::{By, moment};
use std::path::PathBuf;
use std::time::SystemTime;

/// Reads what was recorded, also while the gateway runs.
#[derive(Debug, Args)]
pub(crate) struct RecordsArgs {
    #[command(subcommand)]
    pub(crate) verb: Verb,

    /// The database, instead of the one that the configuration names: a file, or a postgres URL.
    #[arg(long, value_name = "FILE|URL", global = true)]
    pub(crate) db: Option<String>,

    /// Prints JSON: one object a row, with the names of the columns; one object for `stats` and `prune`.
    #[arg(long, global = true)]
    json: bool,

    /// When to use colours.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto, global = true)]
    pub(crate) color: ColorChoice,
}

/// What to do with the records.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Prints the last rows, then each new one as it comes, until Ctrl-C.
    Tail(TailArgs),
    /// Prints rows, newest first.
    List(ListArgs),
    /// Prints one row whole: the conversation, the answer, the attempts over time, the headers.
    Show(ShowArgs),
    /// Counts rows and measures times, group by group.
    Stats(StatsArgs),
    /// Writes whole rows for other programs, oldest first.
    Export(ExportArgs),
    /// Deletes the oldest rows, in small steps, while the gateway goes on.
    Prune(PruneArgs),
}

#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    /// How many rows to begin with.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10)]
    pub(crate) lines: u32,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    /// How many rows at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub(crate) limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The number of a row, its exchange id, or the request id that the client was told.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    /// What to count together: outcome, model, upstream, token, hour or day.
    #[arg(long, value_name = "WHAT", default_value = "outcome")]
    pub(crate) by: By,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    /// In which form.
    #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
    pub(crate) format: ExportFormat,

    /// Where to, instead of standard output. A file that is there is replaced.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Limits {
    /// Deletes rows of requests that arrived before this: `30d`, `2026-11-20`.
    #[arg(long, value_name = "WHEN", value_parser = read_moment)]
    pub(crate) older_than: Option<SystemTime>,

    /// Deletes rows until the records take no more than this: `5GB`, `500MiB`.
    #[arg(long, value_name = "SIZE", value_parser = read_size)]
    pub(crate) keep_bytes: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    #[command(flatten)]
    pub(crate) limits: Limits,

    /// Says what would go, and deletes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Which rows are meant: those that fit everything that is set.
#[derive(Args)]
pub(crate) struct FilterArgs {
    /// Requests that arrived from then on: `24h`, `2026-11-20`, `2026-11-20T08:00:00Z`.
    #[arg(long, value_name = "WHEN", value_parser = read_moment)]
    since: Option<SystemTime>,

    /// Requests that arrived before then.
    #[arg(long, value_name = "WHEN", value_parser = read_moment)]
    until: Option<SystemTime>,

    /// The model asked for.
    #[arg(long)]
    model: Option<String>,

    /// The upstream that answered, or was tried last.
    #[arg(long)]
    upstream: Option<String>,

    /// The beginning of a token's fingerprint, or of what follows the `…` in it.
    #[arg(long, value_name = "FINGERPRINT")]
    token: Option<String>,

    /// How it ended; `errors` is everything but `ok`.
    #[arg(long, value_name = "WORD,…", value_delimiter = ',')]
    outcome: Vec<OutcomeFilter>,

    /// The client's status: 429, 5xx, 500-504.
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',')]
    status: Vec<StatusFilter>,

    /// Stands in the request's body, the answer or the error.
    #[arg(long)]
    text: Option<String>,
}

/// The text may be of somebody's prompt.
impl std::fmt::Debug for FilterArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FilterArgs").finish_non_exhaustive()
    }
}

impl FilterArgs {
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            since: self.since,
            until: self.until,
            model: self.model.clone(),
            upstream: self.upstream.clone(),
            token: self.token.clone(),
            outcomes: self.outcome.clone(),
            statuses: self.status.clone(),
            text: self.text.clone(),
        }
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values, with the names of the columns in the first line.
    Csv,
}

/// For whom to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

impl RecordsArgs {
    pub(crate) const fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }
}

fn read_moment(text: &str) -> Result<SystemTime, moment::WrongMoment> {
    moment::read(text, &moment::now())
}

fn read_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size: write a number with a unit, such as `500MiB` or `5GB`");
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}
