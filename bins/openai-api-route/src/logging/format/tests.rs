use super::*;
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex};
use tracing::subscriber::with_default;
use tracing_subscriber::FmtSubscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{DefaultFields, Format, Full};
use tracing_subscriber::fmt::{MakeWriter, SubscriberBuilder};

/// A time that stands still.
#[derive(Clone, Copy)]
struct Noon;

impl FormatTime for Noon {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str("2026-01-02T12:00:00.000006Z")
    }
}

/// The three ways in which a line may look.
#[derive(Clone, Copy, Debug)]
enum Way {
    Plain,
    Coloured,
    Json,
}

/// Keeps what is written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("nobody has panicked").clone()).expect("UTF-8")
    }
}

impl io::Write for Written {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody has panicked").write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What is logged, in our lines.
fn ours(way: Way, log: impl FnOnce()) -> String {
    let written = Written::default();
    let builder = common(&written);
    match way {
        Way::Plain => with_default(builder.map_event_format(lines(LogFormat::Text, Noon)).finish(), log),
        Way::Coloured => {
            let builder = builder.with_ansi(true);
            with_default(builder.map_event_format(lines(LogFormat::Text, Noon)).finish(), log);
        }
        Way::Json => {
            let builder = builder.json().flatten_event(true);
            with_default(builder.map_event_format(lines(LogFormat::Json, Noon)).finish(), log);
        }
    }
    written.text()
}

/// What is logged, in the lines of `tracing_subscriber`.
fn theirs(way: Way, log: impl FnOnce()) -> String {
    let written = Written::default();
    let builder = common(&written);
    match way {
        Way::Plain => with_default(builder.finish(), log),
        Way::Coloured => with_default(builder.with_ansi(true).finish(), log),
        Way::Json => with_default(builder.json().flatten_event(true).finish(), log),
    }
    written.text()
}

type Builder = SubscriberBuilder<DefaultFields, Format<Full, Noon>, LevelFilter, Written>;

fn common(written: &Written) -> Builder {
    let builder = FmtSubscriber::builder().with_max_level(Level::TRACE).with_ansi(false);
    builder.with_target(false).with_timer(Noon).with_writer(written.clone())
}

/// Logs an exchange as `oar-app` does, with what a client may choose.
fn exchange(id: &str, path: &str, model: Option<&str>) {
    tracing::info!(
        id = %id,
        method = %"POST",
        path = %path,
        model,
        stream = true,
        status = 200_u16,
        outcome = %"ok",
        attempts = "first: connect_refused 1ms, second: ok 200 35ms",
        first_byte_ms = Some(35_u64),
        ms = 1_234_u64,
        bytes = u64::MAX,
        error = None::<&str>,
        "exchange"
    );
}

fn common_exchange() {
    exchange("0198c2ac-3c5f-7c31", "/v1/chat/completions", Some("gpt-4o"));
}

/// Every kind of value an event can have, every level, and what `log` adds.
fn everything() {
    let cause = io::Error::other("no \"route\"\n\x1b[31m");
    let (error, nothing) = (&cause as &(dyn Error + 'static), None::<u64>);
    tracing::error!(error, "it failed: {cause}");
    tracing::warn!(hint = Some("do \"this\""), "a \\ warning of\ntwo lines, \u{9b}31m");
    tracing::info!(address = %"127.0.0.1:80", upstreams = 2_usize, "listening");
    tracing::debug!(small = -1_i64, large = i128::MIN, larger = u128::MAX, zero = 0_u8, "numbers");
    tracing::trace!(half = 0.5, whole = 3.0, never = f64::NAN, much = 1.5e9, "fractions");
    tracing::info!(yes = true, no = false, nothing, list = ?["a", "b\""], r#type = "raw", "the rest");
    tracing::info!(log.target = "rustls", log.line = 7, "from the log crate");
    tracing::info!(message = "as a \"field\" \u{7f}", path = "a\tb\u{0}é中\u{2028}🦀");
    tracing::info!(only = "fields", bytes = &b"\x00\xff"[..]);
}

#[test]
fn a_line_of_an_exchange_is_what_it_always_was() {
    let text = "2026-01-02T12:00:00.000006Z  INFO exchange id=0198c2ac-3c5f-7c31 method=POST path=/v1/chat/completions \
        model=\"gpt-4o\" stream=true status=200 outcome=ok attempts=\"first: connect_refused 1ms, second: ok 200 35ms\" \
        first_byte_ms=35 ms=1234 bytes=18446744073709551615\n";
    let json = "{\"timestamp\":\"2026-01-02T12:00:00.000006Z\",\"level\":\"INFO\",\"message\":\"exchange\",\
        \"id\":\"0198c2ac-3c5f-7c31\",\"method\":\"POST\",\"path\":\"/v1/chat/completions\",\"model\":\"gpt-4o\",\
        \"stream\":true,\"status\":200,\"outcome\":\"ok\",\
        \"attempts\":\"first: connect_refused 1ms, second: ok 200 35ms\",\
        \"first_byte_ms\":35,\"ms\":1234,\"bytes\":18446744073709551615}\n";
    assert_eq!(ours(Way::Plain, common_exchange), text);
    assert_eq!(ours(Way::Json, common_exchange), json);
}

#[test]
fn each_level_has_its_word_and_its_colour() {
    for (log, plain, coloured) in [
        ((|| tracing::error!(n = 1, "m")) as fn(), "ERROR", "\x1b[31mERROR"),
        (|| tracing::warn!(n = 1, "m"), " WARN", "\x1b[33m WARN"),
        (|| tracing::info!(n = 1, "m"), " INFO", "\x1b[32m INFO"),
        (|| tracing::debug!(n = 1, "m"), "DEBUG", "\x1b[34mDEBUG"),
        (|| tracing::trace!(n = 1, "m"), "TRACE", "\x1b[35mTRACE"),
    ] {
        assert_eq!(ours(Way::Plain, log), format!("2026-01-02T12:00:00.000006Z {plain} m n=1\n"));
        let expected =
            format!("\x1b[2m2026-01-02T12:00:00.000006Z\x1b[0m {coloured}\x1b[0m m \x1b[3mn\x1b[0m\x1b[2m=\x1b[0m1\n");
        assert_eq!(ours(Way::Coloured, log), expected);
        let level = plain.trim();
        let expected = format!(
            "{{\"timestamp\":\"2026-01-02T12:00:00.000006Z\",\"level\":\"{level}\",\"message\":\"m\",\"n\":1}}\n"
        );
        assert_eq!(ours(Way::Json, log), expected);
    }
}

#[test]
fn every_value_looks_as_tracing_subscriber_writes_it() {
    for way in [Way::Plain, Way::Coloured, Way::Json] {
        let (ours, theirs) = (ours(way, everything), theirs(way, everything));
        assert_eq!(ours.split('\n').collect::<Vec<_>>(), theirs.split('\n').collect::<Vec<_>>(), "{way:?}");
    }
}

#[test]
fn a_line_within_a_span_tells_the_span() {
    let log = || tracing::info_span!("outer", key = 1).in_scope(|| tracing::info!(n = 1, "within"));
    for way in [Way::Plain, Way::Coloured, Way::Json] {
        assert_eq!(ours(way, log), theirs(way, log), "{way:?}");
    }
    assert_eq!(ours(Way::Plain, log), "2026-01-02T12:00:00.000006Z  INFO outer{key=1}: within n=1\n");
}

#[test]
fn a_value_that_logs_while_it_is_displayed_spoils_no_line() {
    struct Talks;
    impl fmt::Display for Talks {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            tracing::info!("inner");
            f.write_str("said")
        }
    }
    let log = || (0..2).for_each(|_| tracing::info!(what = %Talks, "outer"));
    let logged = ours(Way::Plain, log);
    assert_eq!(logged.lines().filter(|line| line.ends_with("  INFO outer what=said")).count(), 2, "{logged}");
    assert!(logged.lines().all(|line| line.ends_with("  INFO inner") || line.ends_with("what=said")), "{logged}");
}

/// A05: what a client chose reaches no terminal as a command, and ends no line.
#[test]
fn what_a_client_chose_commands_no_terminal() {
    let hostile = "a\x1b]0;title\x07\x08\x0c\x7f\u{9b}31m\u{85}é";
    let line = ours(Way::Plain, || exchange(hostile, hostile, Some("m\r\n2026 INFO exchange id=\"forged\x1b[2K")));
    let spelled = r"a\x1b]0;title\x07\x08\x0c\x7f\u{9b}31m\u{85}é";
    assert!(line.contains(&format!(" id={spelled} method=POST path={spelled} model=")), "{line}");
    assert!(line.contains(r#" model="m\r\n2026 INFO exchange id=\"forged\u{1b}[2K" stream=true"#), "{line}");
    assert_eq!(line.matches(char::is_control).collect::<String>(), "\n", "nothing but the end of the line");
}

/// A05: a JSON line is one line, and gives back what was put in, whatever that was.
#[test]
fn json_gives_back_what_a_client_chose() {
    for hostile in ["\"}\n{\"level\":\"ERROR\"", "\\", "\\\"", "\r\n\t\0\x1b[2K\x7f\u{9b}\u{2028}é🦀"] {
        let line = ours(Way::Json, || exchange(hostile, hostile, Some(hostile)));
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        for field in ["id", "path", "model"] {
            assert_eq!(read[field], hostile, "{line}");
        }
        assert_eq!(read["level"], "INFO");
    }
}

#[test]
fn a_character_is_escaped_wherever_in_a_text_it_stands() {
    let odd = (0..=0x17f).chain([0x2028, 0x4e2d, 0xfeff, 0x1f980]).filter_map(char::from_u32);
    for char in odd {
        for (before, after) in (0..=17).flat_map(|length| (0..=length).map(move |before| (before, length - before))) {
            let value = format!("{}{char}{}", "b".repeat(before), "a".repeat(after));
            let (mut quoted, mut escaped, mut harmless) = (String::new(), "\"".to_owned(), String::new());
            push_quoted(&mut quoted, &value);
            assert_eq!(quoted, format!("{value:?}"));
            append_str(&mut Escaped(&mut escaped), &value);
            assert_eq!(escaped + "\"", serde_json::to_string(&value).expect("JSON"));
            append_str(&mut Harmless(&mut harmless), &value);
            let obeyed = "\x07\x08\x0c\x1b".contains(char) || ('\x7f'..='\u{9f}').contains(&char);
            assert_eq!((harmless == value, harmless.contains(char)), (!obeyed, !obeyed), "{value:?}");
        }
    }
}

#[test]
fn numbers_are_decimal() {
    for number in [0, 9, 10, 99, 100, 1_234_567_890, u64::MAX] {
        let mut line = String::new();
        push_number(&mut line, number);
        assert_eq!(line, number.to_string());
    }
}
