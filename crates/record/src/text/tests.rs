use super::*;
use oar_exchange::{Transcript, Whole};

fn request(media_type: Option<&str>, body: &Bytes, bytes: u64) -> Field {
    super::request(media_type, body, bytes, FIELD_CAP_BYTES)
}

fn answer(answer: &Answer) -> Field {
    super::answer(answer, FIELD_CAP_BYTES)
}

fn whole(media_type: Option<&str>, body: &Bytes) -> Field {
    request(media_type, body, body.len() as u64)
}

fn kept(media_type: &str, body: impl Into<Bytes>) -> String {
    whole(Some(media_type), &body.into()).text
}

fn answered(media_type: &str, body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    let mut transcript = Transcript::default();
    transcript.keep(&body, usize::MAX);
    Answer { content_type: Some(media_type.into()), body: transcript, bytes: body.len() as u64, ..Answer::default() }
}

#[test]
fn text_is_kept_as_text() {
    for media_type in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "text/plain",
        "application/problem+json",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(kept(media_type, "{\"a\": 1}"), "{\"a\": 1}", "{media_type}");
    }
}

#[test]
fn what_is_not_text_becomes_a_note() {
    assert_eq!(kept("audio/mpeg", vec![0; 12345]), "[12345 bytes of audio/mpeg]");
    assert_eq!(kept("multipart/form-data; boundary=x", "--x"), "[3 bytes of multipart/form-data]");
    assert_eq!(kept("application/json", b"\x1f\x8b\x08zipped".as_slice()), "[9 bytes of application/json]");
    assert_eq!(answer(&answered("image/png", vec![1; 7])).text, "[7 bytes of image/png]");
}

#[test]
fn without_a_media_type_what_can_be_read_is_text() {
    assert_eq!(whole(None, &Bytes::from("plain")).text, "plain");
    assert_eq!(whole(None, &Bytes::from_static(b"\xff\x00\x01")).text, "[3 bytes]");
}

#[test]
fn nul_and_invalid_utf8_become_replacement_characters() {
    assert_eq!(kept("text/plain", b"a\0b\xffc".as_slice()), "a\u{fffd}b\u{fffd}c");
}

#[test]
fn a_field_is_cut_at_its_cap_between_characters_and_marked() {
    let body = Bytes::from("é".repeat(FIELD_CAP_BYTES));
    let field = whole(Some("text/plain"), &Bytes::from([b"x", body.as_ref()].concat()));
    assert_eq!((field.text.len(), field.truncated), (FIELD_CAP_BYTES - 1, true));
    assert!(field.text.ends_with('é'));

    let exact = whole(Some("text/plain"), &body.slice(..FIELD_CAP_BYTES));
    assert_eq!((exact.text.len(), exact.truncated), (FIELD_CAP_BYTES, false));
}

#[test]
fn a_field_of_rubbish_stays_within_its_cap() {
    let field = whole(Some("text/plain"), &Bytes::from(vec![0xff; FIELD_CAP_BYTES]));
    assert!(field.text.len() <= FIELD_CAP_BYTES && field.truncated);
}

#[test]
fn an_answer_that_was_copied_in_part_is_marked() {
    let mut answer_in_part = Answer { content_type: Some("text/plain".into()), ..Answer::default() };
    answer_in_part.body.keep(&Bytes::from("abcdef"), 3);
    assert_eq!(answer(&answer_in_part), Field { text: "abc".into(), truncated: true });
}

#[test]
fn a_stream_of_unknown_shape_is_kept_as_it_came() {
    let stream = "event: ping\ndata: {\"hello\": 1}\n\n";
    assert_eq!(answer(&answered("text/event-stream", stream)).text, stream);
}

#[test]
fn a_stream_of_known_shape_is_put_together() {
    let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n";
    assert_eq!(answer(&answered("text/event-stream; charset=utf-8", stream)).text, "Hi");
}

#[test]
fn a_stream_that_carries_no_text_becomes_a_note() {
    let stream = "data: {\"type\":\"speech.audio.delta\",\"audio\":\"UklGRg==\"}\n\n";
    assert_eq!(answer(&answered("text/event-stream", stream)).text, "[56 bytes of text/event-stream]");
}

#[test]
fn a_body_that_the_gateway_did_not_keep_becomes_a_note() {
    assert_eq!(
        request(Some("text/csv"), &Bytes::new(), 7),
        Field { text: "[7 bytes of text/csv]".into(), truncated: false }
    );
    assert_eq!(request(None, &Bytes::new(), 0), Field::default());
}

#[test]
fn an_answer_that_the_gateway_did_not_keep_becomes_a_note() {
    for (media_type, expected) in [
        (Some("application/json"), "[7 bytes of application/json]"),
        (Some("application/xml"), "[7 bytes of application/xml]"),
        (Some("text/event-stream"), "[7 bytes of text/event-stream]"),
        (None, "[7 bytes]"),
    ] {
        let unkept = Answer { content_type: media_type.map(Into::into), bytes: 7, ..Answer::default() };
        assert_eq!(answer(&unkept), Field { text: expected.into(), truncated: false });
    }
    assert_eq!(answer(&Answer::default()), Field::default());
}

#[test]
fn a_short_field_is_cut_at_its_cap_and_marked() {
    let field = short(&"/".repeat(SHORT_FIELD_CAP_BYTES + 1));
    assert_eq!((field.text.len(), field.truncated), (SHORT_FIELD_CAP_BYTES, true));
    assert_eq!(short("a\0"), Field { text: "a\u{fffd}".into(), truncated: false });
}

#[test]
fn a_body_that_the_gateway_kept_in_part_is_marked() {
    assert_eq!(request(None, &Bytes::from("abc"), 4), Field { text: "abc".into(), truncated: true });
}

#[test]
fn the_cap_is_the_policys() {
    let body = Bytes::from("abcdef");
    assert_eq!(super::request(Some("text/plain"), &body, 6, 5), Field { text: "abcde".into(), truncated: true });
    assert_eq!(super::answer(&answered("text/plain", "abcdef"), 6), Field { text: "abcdef".into(), truncated: false });
    let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"abcdef\"}}]}\n\n";
    assert_eq!(super::answer(&answered("text/event-stream", stream), 3), Field { text: "abc".into(), truncated: true });
}

#[test]
fn a_stream_that_was_put_together_on_its_way_is_kept_as_it_is() {
    for (text, expected, whole) in [("Hi", "Hi", Whole::All), ("data: x", "data: x", Whole::Cut)] {
        let stream = Answer { body: Transcript::assembled(text.into(), whole), ..answered("text/event-stream", "raw") };
        assert_eq!(answer(&stream), Field { text: expected.into(), truncated: whole == Whole::Cut });
    }
    let sound =
        Answer { body: Transcript::assembled(String::new(), Whole::All), ..answered("text/event-stream", "raw") };
    assert_eq!(answer(&sound).text, "[3 bytes of text/event-stream]");
}

#[test]
fn an_outline_of_a_form_follows_its_note_and_a_form_itself_does_not() {
    let media_type = Some("multipart/form-data; boundary=x");
    let outlined = request(media_type, &Bytes::from("model: \"m\""), 12345);
    let text = "[12345 bytes of multipart/form-data]\nmodel: \"m\"".into();
    assert_eq!(outlined, Field { text, truncated: false });
    let cut = super::request(media_type, &Bytes::from("model: \"m\""), 12345, 5);
    assert_eq!((cut.text.ends_with("\nmodel"), cut.truncated), (true, true));
}
