use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use oar_testkit::LoopbackServer;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// The texts of no more messages than this are kept.
const TEXTS_CAP: usize = 1000;

/// What Feishu says to a message that it takes:
/// <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>.
const TAKEN: &str = r#"{"code":0,"msg":"success","data":{}}"#;

/// What a bot does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes it.
    Answers,
    /// Reads it, and never says a word.
    Hangs,
    /// Its port is closed.
    Refuses,
}

/// A stand-in for a custom bot of Feishu, on a free loopback port. Dropping it closes that.
pub struct Bot {
    server: LoopbackServer,
    heard: Heard,
}

/// A message that arrived, or did so again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub at: Instant,
    /// What people would read.
    pub text: String,
}

impl Bot {
    /// Starts it, on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// There are not enough ports or files.
    pub async fn start(manner: Manner) -> io::Result<Self> {
        let heard = Heard::default();
        let server = match manner {
            Manner::Refuses => LoopbackServer::refusing()?,
            Manner::Answers | Manner::Hangs => {
                let heard = heard.clone();
                LoopbackServer::start(move |stream| serve(stream, manner, heard.clone())).await?
            }
        };
        Ok(Self { server, heard })
    }

    /// Where messages for it are posted to.
    pub fn webhook(&self) -> String {
        format!("{}/open-apis/bot/v2/hook/stand-in", self.server.origin())
    }

    /// The messages that arrived, the first thousand of them.
    pub fn messages(&self) -> Vec<Message> {
        self.heard.lock().first.clone()
    }

    /// How many arrived.
    pub fn count(&self) -> u64 {
        self.heard.lock().count
    }
}

/// What a bot has heard. Clones share it.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Messages>>);

#[derive(Default)]
struct Messages {
    count: u64,
    first: Vec<Message>,
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, Messages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, body: &[u8]) {
        let message = Message { at: Instant::now(), text: text(body) };
        let mut messages = self.lock();
        messages.count += 1;
        if messages.first.len() < TEXTS_CAP {
            messages.first.push(message);
        }
    }
}

/// The text of a text message; of anything else, all of it.
fn text(body: &[u8]) -> String {
    let message: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = message.pointer("/content/text").and_then(serde_json::Value::as_str);
    text.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned)
}

async fn serve(stream: TcpStream, manner: Manner, heard: Heard) {
    let service = service_fn(|request| answer(request, manner, heard.clone()));
    // A gateway that has waited long enough leaves, which is an error here and nowhere else.
    let _left = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, manner: Manner, heard: Heard) -> hyper::Result<Response<Full<Bytes>>> {
    heard.add(&request.into_body().collect().await?.to_bytes());
    match manner {
        Manner::Answers => Ok(Response::new(Full::from(TAKEN))),
        // Nobody gets so far with one that refuses.
        Manner::Hangs | Manner::Refuses => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oar_testkit::{RawClient, request_bytes};

    fn message(text: &str) -> Bytes {
        let body = serde_json::json!({ "msg_type": "text", "content": { "text": text } }).to_string();
        request_bytes("POST", "/hook", &[("content-type", "application/json")], body.as_bytes())
    }

    #[tokio::test]
    async fn what_it_takes_is_counted_and_kept_as_people_read_it() {
        let bot = Bot::start(Manner::Answers).await.unwrap();
        let mut client = RawClient::connect(bot.server.addr()).await.unwrap();
        for text in ["one\nline", "another"] {
            client.send(message(text)).await.unwrap();
            assert_eq!(client.read_response().await.unwrap().body, TAKEN);
        }
        let texts: Vec<_> = bot.messages().into_iter().map(|message| message.text).collect();
        assert_eq!((bot.count(), texts), (2, vec!["one\nline".to_owned(), "another".to_owned()]));
    }

    #[tokio::test]
    async fn one_that_hangs_counts_what_it_does_not_answer() {
        let bot = Bot::start(Manner::Hangs).await.unwrap();
        let mut client = RawClient::connect(bot.server.addr()).await.unwrap();
        client.send(message("one")).await.unwrap();
        tokio::select! {
            answer = client.read_head() => panic!("{answer:?}"),
            () = async { while bot.count() == 0 { tokio::task::yield_now().await } } => {}
        }
        assert_eq!(bot.messages().len(), 1);
    }

    #[tokio::test]
    async fn one_that_refuses_cannot_be_reached() {
        let bot = Bot::start(Manner::Refuses).await.unwrap();
        assert!(RawClient::connect(bot.server.addr()).await.is_err());
    }
}
