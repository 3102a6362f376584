//! The same requests and answers as bytes of HTTP/1.1.

use crate::cases::{Case, TOKEN};
use std::io;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// A request or an answer.
pub(crate) struct Message(Vec<u8>);

/// By so many bytes at its end it is known that a message is complete.
const END_BYTES: usize = 8;

impl Message {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn end(&self) -> &[u8] {
        self.0.last_chunk::<END_BYTES>().map_or(&self.0, |end| end)
    }
}

/// What the client sends.
pub(crate) fn request(case: Case) -> Message {
    let body = case.request().concat();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1:8888\r\nAccept: application/json\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: {}\r\nContent-Length: {}\r\nUser-Agent: OpenAI/Python 2.0.0\r\nX-Stainless-Lang: python\r\n\
         X-Stainless-OS: Linux\r\nX-Stainless-Retry-Count: 0\r\n\r\n",
        case.path(),
        case.request_type(),
        body.len(),
    );
    Message([head.into_bytes(), body].concat())
}

/// What the upstream sends.
pub(crate) fn answer(case: Case) -> Message {
    let pieces = case.answer();
    Message(match pieces.as_slice() {
        [whole] => [head(case, &format!("content-length: {}", whole.len())), whole.to_vec()].concat(),
        events => {
            let chunks: Vec<u8> = events.iter().flat_map(|event| chunk(event)).collect();
            [head(case, "transfer-encoding: chunked"), chunks, chunk(b"")].concat()
        }
    })
}

fn head(case: Case, framing: &str) -> Vec<u8> {
    let headers = case.answer_headers().map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    format!("HTTP/1.1 200 OK\r\n{headers}{framing}\r\n\r\n").into_bytes()
}

fn chunk(event: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", event.len()).as_bytes(), event, b"\r\n"].concat()
}

/// Reads until what was read ends as `message` does; false at the end of the connection.
pub(crate) async fn read(stream: &mut TcpStream, read: &mut Vec<u8>, message: &Message) -> io::Result<bool> {
    read.clear();
    while !read.ends_with(message.end()) {
        if stream.read_buf(read).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
