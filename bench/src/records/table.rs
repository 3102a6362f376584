//! A table of millions of made-up rows, as SQL that the database runs itself.

use super::text::text;
use crate::database::Database;
use crate::dice::Dice;
use std::io;

/// Over how many days the rows are spread, the last of them being now.
pub(super) const DAYS: u64 = 30;

/// One in so many rows is of a request that failed.
pub(super) const ERRORS: u64 = 50;

/// So many tokens, and each as often as any other.
pub(super) const TOKENS: u64 = 100;

/// A token's fingerprint.
pub(super) fn token(number: u64) -> String {
    format!("…{number:08x}")
}

/// What the databases say in different words.
struct Dialect {
    before: &'static str,
    /// The numbers 1 to `ROWS`, as `n(i)`.
    numbers: &'static str,
    /// Seconds since 1970, as the table has moments.
    moment: &'static str,
    /// Eight hexadecimal digits of `NUMBER`.
    digits: &'static str,
    after: &'static str,
}

const SQLITE: Dialect = Dialect {
    // Nothing of value is lost with this file.
    before: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;",
    numbers: "RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ROWS)",
    moment: "strftime('%Y-%m-%d %H:%M:%f', MOMENT, 'unixepoch') || '+00:00'",
    digits: "printf('%08x', NUMBER)",
    after: "PRAGMA journal_mode = WAL;",
};

const POSTGRES: Dialect = Dialect {
    before: "",
    numbers: "n(i) AS (SELECT generate_series(1, ROWS::bigint))",
    moment: "to_timestamp(MOMENT)",
    digits: "lpad(to_hex(NUMBER), 8, '0')",
    after: "",
};

/// Fills the table with so many rows, whose request and answer have so many bytes each.
pub(super) async fn fill(database: &Database, rows: u64, bytes: usize, now: u64) -> io::Result<()> {
    match database {
        Database::None => Ok(()),
        Database::Sqlite(_) => database.ask(&statement(&SQLITE, rows, bytes, now)).await.map(drop),
        Database::Postgres { .. } => {
            database.ask(&statement(&POSTGRES, rows, bytes, now)).await?;
            // What its autovacuum does by itself in a table that grows slowly.
            database.ask("VACUUM ANALYZE records").await.map(drop)
        }
    }
}

fn statement(dialect: &Dialect, rows: u64, bytes: usize, now: u64) -> String {
    let Dialect { before, numbers, moment, digits, after } = dialect;
    let (span, long) = (DAYS * 86_400, bytes * 2);
    let moment = moment.replace("MOMENT", &format!("{now} - (({rows} - i) * {span}.0 / {rows})"));
    let (token, number) = (digits.replace("NUMBER", &format!("h % {TOKENS}")), digits.replace("NUMBER", "i"));
    let numbers = numbers.replace("ROWS", &rows.to_string());
    let words = text(&mut Dice::of(0x7ab1e, 1), long + 1);
    let failed = format!("h / 128 % {ERRORS} = 0");
    format!(
        "{before}
        WITH {numbers}, t(words) AS (SELECT '{words}'), r AS (SELECT i, i * 2654435761 % 4294967296 AS h FROM n)
        INSERT INTO records (hostname, upstream_endpoint, upstream_sk, created_at, ip, body, model, response, response_time,
            elapsed_time, status, \"authorization\", user_agent, headers, exchange_id, request_id, method, path, upstream,
            outcome, error, attempts, stream, prompt_tokens, completion_tokens, bytes_in, bytes_out, first_byte_time, truncated)
        SELECT 'gateway-1', 'https://api.openai.com/v1', '…0123abcd', {moment}, '192.0.2.17',
            substr(words, 1 + CAST(h % {bytes} AS integer), {bytes}), 'model-' || h / 64 % 5,
            substr(words, 1 + CAST(h / 16 % {bytes} AS integer), {bytes}), 100000000 + h % 900000000,
            200000000 + h * 2, CASE WHEN {failed} THEN 502 ELSE 200 END, '…' || {token}, 'OpenAI/Python 2.8.1',
            '{{\"Accept\":[\"application/json\"],\"User-Agent\":[\"OpenAI/Python 2.8.1\"]}}',
            '0198c0de-0000-7000-8000-0000' || {number}, '0198c0de-0000-7000-8000-0000' || {number}, 'POST',
            '/v1/chat/completions', 'upstream-' || h / 32 % 3, CASE WHEN {failed} THEN 'all_failed' ELSE 'ok' END,
            CASE WHEN {failed} THEN 'every upstream failed' END,
            '[{{\"upstream\":\"upstream-1\",\"phase\":\"relay\",\"result\":\"ok\",\"status\":200,\"ms\":812}}]',
            h % 2 = 0, h % 4000, h % 1000, {bytes}, {bytes}, 100000000 + h % 900000000, 1 = 0
        FROM r CROSS JOIN t;
        {after}"
    )
}
