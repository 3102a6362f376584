use super::cases::{Ask, Case};
use crate::client::Call;
use crate::upstream::{Ticket, digest};
use bytes::Bytes;

/// What clients of this gateway present. It opens nothing else.
pub(super) const TOKEN: &str = "token-of-the-soak-test";
const STRANGE_TOKEN: &str = "token-of-nobody";

const UPLOAD_BYTES: usize = 1024 * 1024;

/// One request of a case.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) case: &'static Case,
    pub(super) call: Call,
    /// Of the request's body, as the upstreams must see it.
    pub(super) digest: u64,
}

impl Errand {
    pub(super) fn new(case: &'static Case, number: u64) -> Self {
        let ticket = Ticket { number, kind: case.ask.kind() };
        let body = body(case, ticket);
        let digest = digest(&body);
        let (path, content_type) = match case.ask {
            Ask::Chat(_) | Ask::ChatOfStranger => ("/v1/chat/completions", "application/json"),
            Ask::Upload => ("/v1/audio/transcriptions", FORM),
            Ask::File => ("/v1/files", FORM),
        };
        let token = if case.ask == Ask::ChatOfStranger { STRANGE_TOKEN } else { TOKEN };
        Self { case, call: Call { path, token, ticket, content_type, body }, digest }
    }
}

fn body(case: &Case, ticket: Ticket) -> Bytes {
    match case.ask {
        Ask::Chat(_) | Ask::ChatOfStranger => chat(case.name, ticket),
        Ask::Upload | Ask::File => form(case.name, ticket),
    }
}

fn chat(model: &str, ticket: Ticket) -> Bytes {
    let stream = ticket.kind.is_stream();
    format!(
        "{{\"model\":\"{model}\",\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"{ticket}\"}}]}}"
    )
    .into()
}

const FORM: &str = "multipart/form-data; boundary=soak-boundary";

fn form(model: &str, ticket: Ticket) -> Bytes {
    let line = format!("{ticket}\n");
    let file = line.repeat(UPLOAD_BYTES / line.len());
    format!(
        "--soak-boundary\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n\
         --soak-boundary\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
         content-type: audio/wav\r\n\r\n{file}\r\n--soak-boundary--\r\n"
    )
    .into()
}
