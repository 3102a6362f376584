//! What an operator reads when the file is not YAML, or YAML that goes too far.

use oar_config::Config;

/// The printed problem of a text that has one, without the first line, which counts.
fn printed(text: &str) -> String {
    let problems = Config::parse(text, "config.yaml", &|_| None).expect_err(text).to_string();
    problems.strip_prefix("config.yaml: 1 problem\n").map(str::to_owned).unwrap_or(problems)
}

#[test]
fn mistakes_of_syntax_are_placed_and_not_echoed() {
    for (text, expected) in [
        (
            "authorization: canary2\n\ttimeout: 5\n",
            "line 2: not valid YAML: found a tab character that violates indentation at line 2 column 1, while scanning a plain scalar at line 1 column 16
    hint: indent with spaces, not tabs",
        ),
        (
            "authorization: @canary2\n",
            "line 1: not valid YAML: found character that cannot start any token at line 1 column 16, while scanning for the next token
    hint: indent with spaces, not tabs, and quote a value that begins with `@`, `` ` `` or `%`",
        ),
        (
            "address: [::1]\n",
            "line 1: not valid YAML: did not find expected node content at line 1 column 11, while parsing a flow node
    hint: quote a value that begins with `[`, `{` or `,`",
        ),
        (
            "upstreams:\n  - sk: canary2: x\n",
            "line 2: not valid YAML: mapping values are not allowed in this context at line 2 column 16
    hint: quote a value that holds `: `, and check the indentation",
        ),
        (
            "authorization: *canary2\n",
            "line 1: not valid YAML: unknown anchor at line 1 column 16
    hint: quote a value that begins with `*`",
        ),
        (
            "authorization: !canary2 x\n",
            "line 1: a YAML tag (`!…`), or aliases or nesting without end, cannot be read here
    hint: quote a value that begins with `!`",
        ),
        (
            "authorization: !!int canary2\n",
            "line 1: a YAML tag (`!…`), or aliases or nesting without end, cannot be read here
    hint: quote a value that begins with `!`",
        ),
        (
            "timeout: 1\n---\ntimeout: 2\n",
            "not valid YAML: deserializing from YAML containing more than one document is not supported
    hint: keep what stands before the second `---`",
        ),
        ("authorization: [canary2\n", "line 2: not valid YAML: did not find expected ',' or ']' at line 2 column 1, while parsing a flow sequence at line 1 column 16"),
        ("authorization: \"canary2\n", "line 2: not valid YAML: found unexpected end of stream at line 2 column 1, while scanning a quoted scalar at line 1 column 16"),
    ] {
        assert_eq!(printed(text).trim(), expected, "{text}");
    }
}

#[test]
fn endless_aliases_and_nesting_are_refused() {
    let mut bomb = "x-a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, before) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip(["a", "b", "c", "d", "e", "f", "g"]) {
        bomb.push_str(&format!("x-{name}: &{name} [*{before},*{before},*{before},*{before},*{before},*{before}]\n"));
    }
    assert!(printed(&bomb).contains("aliases or nesting without end"));
    assert!(printed("x: &a [*a]").contains("aliases or nesting without end"));
    assert!(printed(&format!("x: {}{}", "[".repeat(200), "]".repeat(200))).contains("aliases or nesting without end"));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let text = "\u{feff}authorization: a\r\n\r\ntimeout: x\r\nupstreams:\r\n  - sk: k\r\n";
    assert!(printed(text).starts_with("  timeout (line 3): `x` is not a span of time"));
}
