//! Who is told, how often and of what; and what is wrong with what a file says about it.

use crate::support::{parse_with, told};
use oar_config::{Config, FeishuStyle, Language, Matrix, NotifySettings, ToldOutcome};
use secrecy::ExposeSecret;
use std::time::Duration;

const UPSTREAMS: &str = "upstreams: [{sk: key}]";

fn parse(notify: &str) -> Config {
    let text = format!("authorization: a\nnotify: {notify}\n{UPSTREAMS}");
    parse_with(&text, &[("MATRIX_TOKEN", "canary-token")])
}

fn settings(notify: &str) -> NotifySettings {
    parse(notify).notify
}

/// The problems of a `notify` section of one line, and their hints.
fn problems(notify: &str) -> Vec<String> {
    told(&format!("notify: {notify}\n{UPSTREAMS}"))
}

#[track_caller]
fn check(notify: &str, expected: &[&str]) {
    assert_eq!(problems(notify), expected, "{notify}");
}

/// The problems of one key, with the rest of their places left out.
#[track_caller]
fn check_key(written: &str, told: &[&str]) {
    let placed = |line: &&str| if line.contains(" (line 1): ") { format!("notify.{line}") } else { (*line).to_owned() };
    let expected: Vec<String> = told.iter().map(placed).collect();
    assert_eq!(problems(&format!("{{{written}}}")), expected, "{written}");
}

fn room(notify: &str) -> [String; 3] {
    match settings(notify).matrix {
        Some(Matrix::Room(room)) => {
            [room.homeserver.expose_secret().to_owned(), room.room, room.token.expose_secret().to_owned()]
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn people_are_told_of_everything_twenty_times_a_minute_by_default() {
    const ALL: [ToldOutcome; 4] =
        [ToldOutcome::Ok, ToldOutcome::UpstreamError, ToldOutcome::StreamBroken, ToldOutcome::AllFailed];
    for section in ["", "{}", "{webhook: {url: 'http://h'}}", "{window: ~, outcomes: ~, language: ''}"] {
        let settings = settings(section);
        assert_eq!((settings.language, settings.messages_per_minute), (Language::English, 20), "{section}");
        assert_eq!((settings.window, settings.outcomes), (Duration::from_secs(60), ALL.into()), "{section}");
    }
}

#[test]
fn each_key_says_how_people_are_told() {
    let told = settings(
        "{language: zh, window: 5m, messages_per_minute: 3, outcomes: [all_failed, stream_broken, all_failed], \
         feishu: {webhook: 'https://h/canary', style: card}}",
    );
    assert_eq!((told.language, told.messages_per_minute), (Language::Chinese, 3));
    assert_eq!(told.window, Duration::from_secs(300));
    assert_eq!(told.outcomes, [ToldOutcome::StreamBroken, ToldOutcome::AllFailed].into());
    assert_eq!(told.feishu.expect("feishu").style, FeishuStyle::Card);
    let text = settings("{feishu: {webhook: 'https://h', style: text}, language: en, window: 1h}");
    assert_eq!((text.feishu.expect("feishu").style, text.language), (FeishuStyle::Text, Language::English));
    assert!(settings("{outcomes: [], webhook: {url: 'http://h'}}").outcomes.is_empty(), "records and reloads alone");
}

#[test]
fn a_matrix_room_is_named_by_its_parts_and_its_token_may_come_from_the_environment() {
    let parts = room("{matrix: {homeserver: 'https://m.example', room: '!abc:m.example', token: '${MATRIX_TOKEN}'}}");
    assert_eq!(parts, ["https://m.example", "!abc:m.example", "canary-token"]);
    let without_server = room("{matrix: {homeserver: 'http://h:8008/', room: '!abc', token: t}}");
    assert_eq!(without_server, ["http://h:8008/", "!abc", "t"]);
}

#[test]
fn a_room_is_named_in_one_way() {
    const EITHER: &str = "write either `url`, or `homeserver`, `room` and `token`";
    check("{matrix: {}}", &["notify.matrix (line 1): names no room", EITHER]);
    check(
        "{matrix: {url: 'https://h/canary', token: canary}}",
        &["notify.matrix.url (line 1): says where to write, and so do the keys beside it", EITHER],
    );
    check(
        "{matrix: {room: '!canary:h'}}",
        &["notify.matrix.homeserver (line 1): is missing", EITHER, "notify.matrix.token (line 1): is missing", EITHER],
    );
    check(
        "{matrix: {homeserver: 'https://h', token: canary}}",
        &[
            "notify.matrix.room (line 1): is missing",
            "write the room's ID in quotes, as in `room: \"!abc:example.com\"`",
        ],
    );
    check(
        "{matrix: {homeserver: 'https://h', room: '!canary:h', token: '${NOBODY_SET_THIS}'}}",
        &[
            "notify.matrix.token (line 1): the environment variable `NOBODY_SET_THIS` is not set",
            "set it, or give a default with `${NOBODY_SET_THIS:-default}`",
        ],
    );
}

#[test]
fn each_part_of_a_room_is_checked_and_not_repeated() {
    const WHERE: &str =
        "the ID begins with `!`; Element shows it in the room's settings, under Advanced, as the internal room ID";
    const SERVER: &str = "write it as `https://matrix.example.com`; a whole URL belongs to `url`";
    let good = "{matrix: {homeserver: 'https://h', room: '!a:h', token: t}}";
    for (part, wrong, key, message, hint) in [
        ("!a:h", "#canary:h", "room", "is an alias, and messages go to a room's ID", WHERE),
        ("!a:h", "canary", "room", "is not the ID of a room", WHERE),
        ("!a:h", "!", "room", "is not the ID of a room", WHERE),
        ("!a:h", "!canary h", "room", "is not the ID of a room", WHERE),
        ("https://h", "canary.h", "homeserver", "is not an absolute http or https URL", "begin it with `https://`"),
        (
            "https://h",
            "https://h/_matrix/client/v3?canary",
            "homeserver",
            "is more than the address of a server",
            SERVER,
        ),
        ("https://h", "https://canary@h", "homeserver", "is more than the address of a server", SERVER),
        (
            "token: t",
            "token: Bearer canary",
            "token",
            "holds something else than visible ASCII characters",
            "write the bot's access token alone, without the word `Bearer`",
        ),
    ] {
        check(&good.replace(part, wrong), &[&format!("notify.matrix.{key} (line 1): {message}"), hint]);
    }
}

#[test]
fn each_wrong_value_is_told() {
    const NUMBER: &str = "what is too much is told as one number in a message of its own";
    for (written, told) in [
        ("language: de", &["language (line 1): `de` is none of: en, zh"][..]),
        ("window: 5s", &["window (line 1): `5s` is not between 10s and 1h"]),
        ("window: 2h", &["window (line 1): `2h` is not between 10s and 1h"]),
        (
            "window: soon",
            &[
                "window (line 1): `soon` is not a span of time",
                "write seconds (`30`), or a number with a unit (`500ms`, `30s`, `1m`, `2h`)",
            ],
        ),
        ("messages_per_minute: 0", &["messages_per_minute (line 1): `0` is no whole number from 1 to 100", NUMBER]),
        ("messages_per_minute: 101", &["messages_per_minute (line 1): `101` is no whole number from 1 to 100", NUMBER]),
        ("messages_per_minute: 1.5", &["messages_per_minute (line 1): `1.5` is no whole number from 1 to 100", NUMBER]),
        (
            "feishu: {webhook: 'http://h', style: cart}",
            &["feishu.style (line 1): `cart` is none of: text, card", "did you mean `card`?"],
        ),
        ("feishu: {secret: canary}", &["feishu.webhook (line 1): is missing"]),
        (
            "matrix: {home_server: canary}",
            &[
                "matrix (line 1): names no room",
                "write either `url`, or `homeserver`, `room` and `token`",
                "matrix.home_server (line 1): unknown key",
                "did you mean `homeserver`?",
            ],
        ),
        ("windows: 10s", &["windows (line 1): unknown key", "did you mean `window`?"]),
    ] {
        check_key(written, told);
    }
}

#[test]
fn only_ends_that_are_an_upstreams_fault_can_be_told() {
    const FAULT: &str =
        "choose from ok, upstream_error, stream_broken, all_failed; `oar_requests_total` counts every outcome";
    for (written, told) in [
        (
            "outcomes: all",
            &[
                "outcomes (line 1): must be a list, not a single value",
                "begin each item with `- ` on a line of its own",
            ][..],
        ),
        (
            "outcomes: [all-failed]",
            &[
                "outcomes[0] (line 1): `all-failed` is none of: ok, upstream_error, stream_broken, all_failed",
                "did you mean `all_failed`?",
            ],
        ),
        (
            "outcomes: [ok, client_closed]",
            &["outcomes[1] (line 1): `client_closed` is no upstream's fault, so nobody is told of it", FAULT],
        ),
        (
            "outcomes: [~]",
            &["outcomes[0] (line 1): is empty", "choose from ok, upstream_error, stream_broken, all_failed"],
        ),
        ("outcomes: [shed]", &["outcomes[0] (line 1): `shed` is no upstream's fault, so nobody is told of it", FAULT]),
    ] {
        check_key(written, told);
    }
}

#[test]
fn settings_without_a_channel_are_warned_about() {
    for (section, is_warned) in [
        ("{}", false),
        ("", false),
        ("{language: zh}", true),
        ("{outcomes: [], window: 10s}", true),
        ("{language: zh, webhook: {url: 'http://h'}}", false),
    ] {
        let warnings: Vec<_> = parse(section).warnings.iter().map(ToString::to_string).collect();
        let expected = is_warned.then(|| "notify (line 2): names no channel, so nobody is told".to_owned());
        assert_eq!(warnings, Vec::from_iter(expected), "{section}");
    }
}
