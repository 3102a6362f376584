//! What must hold for any bytes at all: the entry points that `fuzz/` calls with bytes it finds, called here with bytes made
//! of the pieces that matter.
#![allow(clippy::panic, reason = "a property fails by panicking")]

#[allow(unreachable_pub, reason = "the fuzz targets include this file as a public module")]
mod entry;

use proptest::collection::vec;
use proptest::prelude::*;

/// Bytes made of these pieces and of any others between them.
fn made_of(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => proptest::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const EVENTS: &[&str] = &[
    "data:",
    "data: ",
    "event: error",
    "id",
    ":",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "[DONE]",
    "\u{feff}",
    "{\"error\":1}",
    "é",
];

const PATH: &[&str] =
    &["/", "/v1/", "v1", ".", "..", "%2e", "%2F", "%25", "2e", "%5c", "\\", "a", ";", "%", "%00", "é"];

const FORM: &[&str] = &[
    "--b",
    "--b--",
    "\r\n",
    "\n",
    "content-disposition: form-data",
    "; name=\"model\"",
    "; name=stream",
    "; filename=\"",
    "name*=",
    "\"",
    "\\",
    "m",
    "true",
    " ",
    ":",
    "content-transfer-encoding: base64",
    "\r\n\r\n",
];

const FACTS: &[&str] = &[
    "application/json",
    "multipart/form-data; boundary=b",
    "application/x-www-form-urlencoded",
    "\n",
    "{",
    "}",
    "\"model\"",
    "\"mod\\u0065l\"",
    "\"MODEL\"",
    "\"stream\"",
    ":",
    ",",
    "\"m\"",
    "true",
    "null",
    "[",
    "]",
    "model=",
    "&",
    ";",
    "%6d",
    "+",
    "; charset=",
    "utf-7",
    "\u{feff}",
    "\0",
    "1e999",
    "\"\\ud800\"",
];

const HEAD: &[&str] = &[
    "host:",
    "transfer-encoding:",
    "content-type:",
    "expect:",
    "\n",
    "a",
    ":80",
    "[::1]",
    "@",
    "/",
    "chunked",
    ", ",
    "gzip",
    "application/json",
    "; charset=\"",
    "100-continue",
    " ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// M02, M09.
    #[test]
    fn a_stream_is_split_the_same_however_it_is_cut(bytes in made_of(EVENTS)) {
        entry::sse(&bytes);
    }

    /// M02, M09.
    #[test]
    fn a_stream_is_aligned_without_losing_a_byte(bytes in made_of(EVENTS)) {
        entry::align(&bytes);
    }

    /// P01.
    #[test]
    fn a_path_that_is_accepted_stays_under_its_prefix(bytes in made_of(PATH)) {
        entry::path(&bytes);
        entry::path(&[b"/v1/", &*bytes].concat());
    }

    /// B08.
    #[test]
    fn a_form_is_read_or_refused(bytes in made_of(FORM)) {
        entry::multipart(&bytes);
        entry::multipart(&[b"--b\r\ncontent-disposition: form-data", &*bytes, b"\r\n--b--"].concat());
    }

    /// B01 to B08.
    #[test]
    fn a_body_has_the_facts_that_others_find_in_it(bytes in made_of(FACTS)) {
        entry::facts(&bytes);
        entry::facts(&[b"application/json\n{", &*bytes, b"}"].concat());
    }

    /// 1E.
    #[test]
    fn a_head_is_clear_or_not(bytes in made_of(HEAD)) {
        entry::head(&bytes);
    }
}
