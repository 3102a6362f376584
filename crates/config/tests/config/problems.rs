//! What an operator reads when something is wrong with the file.

use oar_config::Config;
use std::path::Path;

/// The printed problems of a text, without the first line, which counts them. Secrets in these files are canaries.
fn printed(text: &str) -> String {
    let Err(problems) = Config::parse(text, "config.yaml", &|_| None) else { return "none".to_owned() };
    let all = problems.to_string();
    assert!(!all.contains("canary") && !format!("{problems:?}").contains("canary"), "a secret got out: {problems:?}");
    let (head, rest) = all.split_once('\n').unwrap_or((&all, ""));
    let noun = if problems.iter().count() == 1 { "problem" } else { "problems" };
    assert_eq!(head, format!("config.yaml: {} {noun}", problems.iter().count()));
    rest.to_owned()
}

/// Problems of a text that has a good upstream after its own lines.
fn check(lines: &str, expected: &[&str]) {
    check_whole(&format!("{lines}\nupstreams:\n  - sk: canary-key\n"), expected);
}

/// Problems of the keys of the second of two upstreams; its first key is on line 3.
fn check_upstream(lines: &str, expected: &[&str]) {
    let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    check_whole(&format!("upstreams:\n  - sk: canary-key\n  - sk: canary-key\n{indented}"), expected);
}

fn check_whole(text: &str, expected: &[&str]) {
    assert_eq!(printed(text).lines().map(str::trim).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn problems_are_printed_together_in_the_order_of_their_lines() {
    let text = "timeout: soon
upstreams:
  - sk: key
    lb_policy: order
    timeout: -1
lb_policy: shuffel
adress: :80
";
    let problems = Config::parse(text, "etc/config.yaml", &|_| None).expect_err("problems");
    assert_eq!(
        problems.to_string(),
        "etc/config.yaml: 4 problems
  timeout (line 1): `soon` is not a span of time
    hint: write seconds (`30`), or a number with a unit (`500ms`, `30s`, `1m`, `2h`)
  upstreams[0].timeout (line 5): `-1` is no time at all
    hint: leave the key out for the default
  lb_policy (line 6): `shuffel` is none of: order, random
  adress (line 7): unknown key
    hint: did you mean `address`?"
    );
}

#[test]
fn top_level_values_are_checked() {
    for (lines, expected) in [
        (
            "address: localhost",
            &["address (line 1): `localhost` is not an address to listen on", "hint: add a port: `localhost:8888`"][..],
        ),
        (
            "address: [a]",
            &[
                "address (line 1): must be a single value, not a list",
                "hint: quote a value that begins with `[` or `{`",
            ],
        ),
        ("hostname: \"a\\nb\"", &["hostname (line 1): holds a control character"]),
        (
            "lb_policy: Random",
            &["lb_policy (line 1): `Random` is none of: order, random", "hint: did you mean `random`?"],
        ),
        (
            "dbtype: postgresql\ndbaddr: canary-dsn",
            &["dbtype (line 1): `postgresql` is none of: sqlite, postgres, none", "hint: did you mean `postgres`?"],
        ),
        (
            "dbtype: postgres",
            &[
                "dbaddr: `dbtype: postgres` needs to know where",
                "hint: write `postgres://USER:PASSWORD@HOST/NAME`, or `host=HOST user=USER dbname=NAME password=PASSWORD`",
            ],
        ),
        (
            "dbtype: postgres\ndbaddr: ./canary.sqlite",
            &[
                "dbaddr (line 2): is neither a postgres URL nor `key=value` pairs",
                "hint: write `postgres://USER:PASSWORD@HOST/NAME`, or `host=HOST user=USER dbname=NAME password=PASSWORD`",
            ],
        ),
        (
            "\ndbaddr: host=h password=canary2",
            &["dbaddr (line 2): is the address of a server, but `dbtype` is sqlite", "hint: write `dbtype: postgres`"],
        ),
        ("record: plain", &["record (line 1): must be a section of `key: value` lines, not a single value"]),
        ("record:\n  secrets: hash", &["record.secrets (line 2): `hash` is none of: fingerprint, plain"]),
        ("record:\n  secret: plain", &["record.secret (line 2): unknown key", "hint: did you mean `secrets`?"]),
        ("notify:\n  feishu:\n    secret: canary-secret", &["notify.feishu.webhook (line 2): is missing"]),
        (
            "notify:\n  webhook:\n    url: alerts.example.com/canary2",
            &["notify.webhook.url (line 3): is not an absolute http or https URL", "hint: begin it with `https://`"],
        ),
        (
            "trusted_proxies:\n  - 10.0.0.0/8\n  -",
            &["trusted_proxies[1] (line 3): is empty", "hint: write `10.0.0.0/8` or `127.0.0.1`"],
        ),
        ("api_key: canary-key", &["api_key (line 1): unknown key", HINT_TOP]),
        (
            "on_client_close: drian",
            &["on_client_close (line 1): `drian` is none of: cancel, drain", "hint: did you mean `drain`?"],
        ),
        ("token: canary-token", &["token (line 1): unknown key", "hint: did you mean `authorization`?"]),
    ] {
        check(lines, expected);
    }
}

#[test]
fn limits_are_checked() {
    for (lines, expected) in [
        ("timeout: 0", &["timeout (line 1): `0` is no time at all", "hint: leave the key out for the default"][..]),
        (
            "stream_timeout: 120000",
            &["stream_timeout (line 1): `120000` is longer than a day", "hint: a number without a unit means seconds"],
        ),
        (
            "idle_timeout: 0",
            &["idle_timeout (line 1): `0` is no time at all", "hint: leave the key out for the default"],
        ),
        ("idle_timeouts: 5", &["idle_timeouts (line 1): unknown key", "hint: did you mean `idle_timeout`?"]),
        (
            "max_body: 64M",
            &[
                "max_body (line 1): `64M` is not a size",
                "hint: write bytes (`1048576`), or a whole number with a unit (`64MiB`, `25MB`)",
            ],
        ),
        ("max_body: 0", &["max_body (line 1): `0` is not between 1 byte and 1 GiB"]),
    ] {
        check(lines, expected);
    }
}

const HINT_TOP: &str = "hint: known keys: address, hostname, authorization, timeout, stream_timeout, connect_timeout, \
                        idle_timeout, first_event_timeout, heartbeat, total_timeout, header_timeout, drain_timeout, \
                        body_timeout, max_body, failover_on, on_client_close, trusted_proxies, metrics_listen, \
                        metrics_auth, lb_policy, dbtype, dbaddr, db_required, record, notify, upstreams";

#[test]
fn tokens_are_checked_and_never_shown() {
    let spaced = "authorization (line 1): holds a token with a space, which is not supported";
    let invisible =
        "authorization (line 1): holds a token with characters other than visible ASCII, which is not supported";
    let other = "hint: give the clients a token of visible ASCII characters, without spaces";
    for (lines, expected) in [
        ("authorization: \"good,canary\\x07\"", &[invisible, other][..]),
        ("authorization: canary2 canary3", &[spaced, other]),
        ("authorization: 密码", &[invisible, other]),
        ("authorization: Bearer canary2", &[spaced, "hint: leave out the word `Bearer`"]),
        (
            "authorization:\n  - good\n  - canary2,canary3",
            &[
                "authorization[1] (line 3): a token of a list cannot hold a comma",
                "hint: give each token an item of its own",
            ],
        ),
        (
            "authorization: {canary2: canary3}",
            &[
                "authorization (line 1): must be a single value, not a section",
                "hint: quote a value that begins with `[` or `{`",
            ],
        ),
    ] {
        check(lines, expected);
    }
}

#[test]
fn an_upstreams_own_keys_are_checked() {
    for (lines, expected) in [
        ("noauth: maybe", &["upstreams[1].noauth (line 4): `maybe` is neither true nor false"][..]),
        (
            "allow: gpt-4",
            &[
                "upstreams[1].allow (line 4): must be a list, not a single value",
                "hint: begin each item with `- ` on a line of its own",
            ],
        ),
        (
            "deny:\n  - a\n  -\n  - [b]\n  - ''",
            &[
                "upstreams[1].deny[1] (line 6): is empty",
                "hint: write the name of a model, or a path such as `/v1/audio/speech`",
                "upstreams[1].deny[2] (line 7): must be a single value, not a list",
                "hint: quote a value that begins with `[` or `{`",
                "upstreams[1].deny[3] (line 8): is empty",
                "hint: write the name of a model, or a path such as `/v1/audio/speech`",
            ],
        ),
        ("name: a b", &["upstreams[1].name (line 4): `a b` may hold only visible ASCII characters, and no spaces"]),
        (
            "name: \"a\\nb\"",
            &[r"upstreams[1].name (line 4): `a\nb` may hold only visible ASCII characters, and no spaces"],
        ),
        ("name: openai-1", &["upstreams[1].name (line 4): `openai-1` is already the name of upstreams[0]"]),
        (
            "authorization: \" , \"",
            &[
                "upstreams[1].authorization (line 4): holds no token, so nobody could use this upstream",
                "hint: leave the key out to let the tokens of the whole file in",
            ],
        ),
        ("sk: canary-again", &["upstreams[1].sk (line 4): given twice; it already stands on line 3"]),
        (
            "stream_timeout: [5]",
            &[
                "upstreams[1].stream_timeout (line 4): must be a single value, not a list",
                "hint: quote a value that begins with `[` or `{`",
            ],
        ),
    ] {
        check_upstream(lines, expected);
    }
    let long = "x".repeat(65);
    check_upstream(&format!("name: {long}"), &["upstreams[1].name (line 4): is longer than 64 bytes"]);
}

#[test]
fn a_default_name_can_be_taken_as_well() {
    let text = "upstreams:\n  - name: openai-2\n  - sk: canary-b\n";
    check_whole(text, &["upstreams[1].name (line 3): `openai-2` is already the name of upstreams[0]"]);
}

#[test]
fn a_file_without_upstreams_cannot_work() {
    let none = |line: &'static str| [line, "hint: add one as in config.sample.yaml"];
    check_whole("timeout: 5", &none("upstreams: there is no upstream, so no request could be answered"));
    check_whole("upstreams: []", &none("upstreams (line 1): there is no upstream, so no request could be answered"));
    check_whole("\nupstreams:", &none("upstreams (line 2): there is no upstream, so no request could be answered"));
    check_whole(
        "upstreams:\n  sk: canary-key",
        &["upstreams (line 1): must be a list, not a section", "hint: begin each item with `- ` on a line of its own"],
    );
    check_whole(
        "upstreams:\n  - sk: canary-key\n\n  -\n  - canary-key\n  - - sk: canary-key\n",
        &[
            "upstreams[1] (line 4): is empty",
            "upstreams[2] (line 5): must be a section of `key: value` lines, not a single value",
            "upstreams[3] (line 6): must be a section of `key: value` lines, not a list",
        ],
    );
    for text in ["", "# only a comment\n", "---\n", "~", "x-a: 1\n"] {
        assert!(printed(text).contains("upstream") || printed(text).contains("the file is empty"), "{text:?}");
    }
    check_whole("canary-key", &["must be a section of `key: value` lines, not a single value"]);
}

#[test]
fn lines_are_right_below_values_of_every_style() {
    let text = "authorization: |
  canary-token
hostname: \"a
  b\\tc\"
x-list: &list
  - a
  -
timeout: >-
  soon
upstreams:
  - sk: |
      canary-key
    stream_timeout: 'so''on'
    allow: *list
  - &second
    timeout: x
  - <<: *second
    sk: y
";
    check_whole(
        text,
        &[
            "hostname (line 3): holds a control character",
            "upstreams[0].allow[1] (line 7): is empty",
            "hint: write the name of a model, or a path such as `/v1/audio/speech`",
            "timeout (line 8): `soon` is not a span of time",
            "hint: write seconds (`30`), or a number with a unit (`500ms`, `30s`, `1m`, `2h`)",
            "upstreams[0].stream_timeout (line 13): `so'on` is not a span of time",
            "hint: write seconds (`30`), or a number with a unit (`500ms`, `30s`, `1m`, `2h`)",
            "upstreams[1].timeout (line 16): `x` is not a span of time",
            "hint: write seconds (`30`), or a number with a unit (`500ms`, `30s`, `1m`, `2h`)",
            "upstreams[2].timeout (line 16): `x` is not a span of time",
            "hint: write seconds (`30`), or a number with a unit (`500ms`, `30s`, `1m`, `2h`)",
        ],
    );
}

#[test]
fn variables_that_are_not_set_are_named() {
    check(
        "authorization: ${TOKEN}\ntimeout: ${T}\nhostname: a${b",
        &[
            "authorization (line 1): the environment variable `TOKEN` is not set",
            "hint: set it, or give a default with `${TOKEN:-default}`",
            "timeout (line 2): the environment variable `T` is not set",
            "hint: set it, or give a default with `${T:-default}`",
            "hostname (line 3): holds a `${` that does not begin a `${VARIABLE}` or `${VARIABLE:-default}`",
            "hint: write `$${` for a literal `${`",
        ],
    );
    check_upstream(
        "allow:\n  - a\n  - ${MODEL}",
        &[
            "upstreams[1].allow[1] (line 6): the environment variable `MODEL` is not set",
            "hint: set it, or give a default with `${MODEL:-default}`",
        ],
    );
}

#[test]
fn merge_keys_need_a_section() {
    check_upstream("<<: 5", &["upstreams[1].<< (line 4): a merge key needs a section, or a list of sections"]);
}

#[test]
fn keys_that_are_not_text_are_unknown_ones() {
    check("{a: canary-key}: canary-value", &["{…} (line 1): unknown key", HINT_TOP]);
}

#[test]
fn a_bad_url_in_the_environment_is_a_problem_of_the_environment() {
    let env = |name: &str| (name == "FEISHU_WEBHOOK").then(|| "canary2".to_owned());
    let problems = Config::parse("upstreams: [{sk: canary-k}]", "config.yaml", &env).expect_err("a problem");
    assert_eq!(
        problems.to_string(),
        "config.yaml: 1 problem
  environment variable FEISHU_WEBHOOK: is not an absolute http or https URL
    hint: begin it with `https://`"
    );
}

#[test]
fn a_file_that_cannot_be_read_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let load = |path: &Path| {
        let problems = Config::load(path).expect_err("a problem").to_string();
        problems.replace(&folder.path().display().to_string(), "DIR")
    };
    assert_eq!(
        load(&folder.path().join("config.yaml")),
        "DIR/config.yaml: 1 problem
  there is no such file
    hint: `cp config.sample.yaml config.yaml` and edit it, or name another file with `-config FILE`"
    );
    assert_eq!(
        load(folder.path()),
        "DIR: 1 problem
  cannot be read: Is a directory (os error 21)
    hint: docker makes a directory of a mounted file that does not exist on the host"
    );
    let latin = folder.path().join("latin.yaml");
    std::fs::write(&latin, b"authorization: \xe4\n").expect("written");
    assert_eq!(
        load(&latin),
        "DIR/latin.yaml: 1 problem\n  is not UTF-8 text (from byte 15)\n    hint: save it as UTF-8"
    );
    let long = folder.path().join("long.yaml");
    std::fs::write(&long, " ".repeat(4 * 1024 * 1024 + 1)).expect("written");
    assert_eq!(load(&long), "DIR/long.yaml: 1 problem\n  is longer than 4194304 bytes");
}
