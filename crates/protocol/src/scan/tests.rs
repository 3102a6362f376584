use super::plain::is_special;
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::HashMap;

fn is_json(text: &[u8]) -> bool {
    let mut scan = Scan::new(text);
    scan.skip().is_ok() && scan.end().is_ok()
}

/// The names of an object, if it is one, and their values as they are written.
fn object(text: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut scan = Scan::new(text);
    let mut members = Vec::new();
    scan.object(|value, name| {
        members.push((name.text()?.into_owned(), value.raw()?.to_vec()));
        Ok::<(), Malformed>(())
    })
    .ok()?;
    scan.end().is_ok().then_some(members)
}

#[test]
fn a_value_is_passed_over_whole() {
    let mut scan = Scan::new(br#" [1, {"a": "b\"]"}] , x"#);
    assert_eq!(scan.raw(), Ok(&br#"[1, {"a": "b\"]"}]"#[..]));
    assert_eq!(scan.rest(), b" , x");
    for (text, rest) in [("-1.5e+3,", ","), ("0]", "]"), ("null}", "}"), (r#""\ud800","#, ",")] {
        let mut scan = Scan::new(text.as_bytes());
        assert_eq!((scan.skip(), scan.rest()), (Ok(()), rest.as_bytes()), "{text}");
    }
}

#[test]
fn what_is_no_json_is_found_out() {
    for text in
        ["", "01", "1.", ".5", "-", "1e", "+1", "nul", "nulll", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "{a:1}"]
            .into_iter()
            .chain(["\"", "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "[}", "{\"a\":]", "[1]]", "\u{c}1", "\u{feff}1"])
    {
        assert!(!is_json(text.as_bytes()), "{text}");
    }
}

#[test]
fn a_bracket_is_closed_by_its_like_at_any_depth() {
    for depth in [1, 63, 64, 65, 127, 128, 129, 1000] {
        let (open, close) = ("[{\"x\":".repeat(depth), "}]".repeat(depth));
        assert!(is_json(format!("{open}1{close}").as_bytes()), "{depth}");
        for at in [0, depth, 2 * depth - 1] {
            let mut wrong = close.clone().into_bytes();
            wrong[at] ^= b']' ^ b'}';
            assert!(!is_json(&[open.as_bytes(), b"1", &wrong].concat()), "{depth} {at}");
        }
    }
}

fn scalar() -> impl Strategy<Value = Vec<u8>> {
    let written = proptest::sample::select(vec![
        "null",
        "true",
        "false",
        "0",
        "-0.5",
        "12E-3",
        "1e999",
        "\"\"",
        "\"a\"",
        "\"long enough for words\"",
        "\"\\\"\\\\\\n\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "\"é世\"",
        " 1",
        "\t\"x\"\n",
    ]);
    prop_oneof![
        5 => written.prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..12).prop_map(|inside| [b"\"", &*inside, b"\""].concat()),
    ]
}

fn joined(brackets: [&[u8]; 2], items: &[Vec<u8>]) -> Vec<u8> {
    [brackets[0], &items.join(&b","[..]), brackets[1]].concat()
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        let member = (scalar(), inner.clone()).prop_map(|(name, value)| [&*name, b":", &*value].concat());
        prop_oneof![
            vec(inner, 0..4).prop_map(|items| joined([b"[", b"]"], &items)),
            vec(member, 0..4).prop_map(|members| joined([b"{", b"}"], &members)),
        ]
    })
}

/// Mostly JSON: often with one byte that is another, missing, or too many.
pub(crate) fn almost_json() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![proptest::sample::select(b"{}[],:\"\\0e.- \x0c\x1f\xff".to_vec()), any::<u8>()];
    (value(), 0..4_u8, any::<prop::sample::Index>(), byte).prop_map(|(mut text, change, at, byte)| {
        let at = at.index(text.len().max(1));
        match (change, at < text.len()) {
            (1, true) => text[at] = byte,
            (2, true) => _ = text.remove(at),
            (3, _) => text.insert(at, byte),
            _ => {}
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn it_passes_over_what_serde_json_does(text in almost_json()) {
        prop_assert_eq!(is_json(&text), serde_json::from_slice::<IgnoredAny>(&text).is_ok());
    }

    #[test]
    fn an_object_is_one_with_the_names_that_serde_json_finds(text in almost_json()) {
        let theirs = serde_json::from_slice::<HashMap<String, IgnoredAny>>(&text).ok();
        let ours = object(&text);
        let names = ours.as_ref().map(|members| members.iter().map(|(name, _)| (name.clone(), IgnoredAny)).collect());
        prop_assert_eq!(names, theirs);
        for (_, value) in ours.unwrap_or_default() {
            prop_assert!(is_json(&value));
        }
    }

    #[test]
    fn a_string_says_what_serde_json_reads(inside in vec(prop_oneof![3 => Just(b'x'), 1 => any::<u8>()], 0..12), before in 0..80_usize) {
        let inside = [vec![b'y'; before], inside].concat();
        let text = [b"\"", &*inside, b"\""].concat();
        let mut scan = Scan::new(&text);
        let ours = scan.string().and_then(Quoted::text).ok().filter(|_| scan.end().is_ok());
        prop_assert_eq!(ours.map(Cow::into_owned), serde_json::from_slice::<String>(&text).ok());
        let first = inside.iter().position(|&byte| is_special(byte));
        prop_assert_eq!(plain_bytes(&inside), first.unwrap_or(inside.len()));
    }
}
