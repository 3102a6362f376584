//! What is asked and answered: the same bytes on every machine.

use bytes::Bytes;

/// What [`upload`] is.
pub(crate) const UPLOAD_TYPE: &str = "multipart/form-data; boundary=cut-here-0123456789";

const BOUNDARY: &str = "cut-here-0123456789";
const MODEL: &str = "gpt-4o-mini";
const EVENTS: usize = 50;
const FILE_BYTES: usize = 100 * 1024;
/// As hyper hands on what it has read of a connection.
const PIECE_BYTES: usize = 16 * 1024;

/// A conversation of 1 KiB, to be answered whole.
pub(crate) fn question() -> Bytes {
    asking(r#""n":1"#)
}

/// The same, to be answered as a stream.
pub(crate) fn question_for_a_stream() -> Bytes {
    asking(r#""stream":true,"stream_options":{"include_usage":true}"#)
}

fn asking(options: &str) -> Bytes {
    let text = prose(900);
    format!(r#"{{"model":"{MODEL}",{options},"messages":[{{"role":"user","content":"{text}"}}]}}"#).into()
}

/// A form with a file of 100 KiB, in the pieces in which it arrives.
pub(crate) fn upload() -> Vec<Bytes> {
    let field = |name: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
    let file = "0123456789abcdef".repeat(FILE_BYTES / 16);
    let form = Bytes::from(format!(
        "{}\r\n\r\n{MODEL}\r\n{}; filename=\"speech.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n{file}\r\n--{BOUNDARY}--\r\n",
        field("model"),
        field("file"),
    ));
    let starts = (0..form.len()).step_by(PIECE_BYTES);
    starts.map(|start| form.slice(start..form.len().min(start + PIECE_BYTES))).collect()
}

/// A chat completion of 1 KiB.
pub(crate) fn answer() -> Bytes {
    let text = prose(700);
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1772600767,"model":"{MODEL}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":200,"completion_tokens":160,"total_tokens":360}}}}"#
    )
    .into()
}

/// The same as fifty events, each in a piece of its own: words, why it ended, what it took, and that it is done.
pub(crate) fn events() -> Vec<Bytes> {
    let words = (0..EVENTS - 3).map(|number| delta(&format!(r#"{{"content":"word {number} "}}"#), "null"));
    let stop = delta("{}", r#""stop""#);
    let usage = chunk("", r#"{"prompt_tokens":200,"completion_tokens":47,"total_tokens":247}"#);
    words.chain([stop, usage, "data: [DONE]\n\n".to_owned()]).map(Bytes::from).collect()
}

fn delta(delta: &str, finish_reason: &str) -> String {
    let choice = format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish_reason}}}"#);
    chunk(&choice, "null")
}

fn chunk(choices: &str, usage: &str) -> String {
    let head = format!(
        r#""id":"chatcmpl-1","object":"chat.completion.chunk","created":1772600767,"model":"{MODEL}","system_fingerprint":"fp_1""#
    );
    format!("data: {{{head},\"choices\":[{choices}],\"usage\":{usage}}}\n\n")
}

/// So many bytes of a text with what JSON escapes in it.
fn prose(bytes: usize) -> String {
    const LINE: &str = r#"He said \"it depends\",\nand they went on. "#;
    LINE.repeat(bytes.div_ceil(LINE.len()))
}
