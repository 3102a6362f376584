//! An answer that is passed on while it is made.

use super::answer::{Answer, Ending};
use super::prediction::{self, Tokens};
use super::refusal::Failure;
use super::running::{self, Running};
use super::sse::{Events, Heard};
use super::stops::{Cut, Stops};
use super::trail::{self, Trail};
use crate::{BodyError, ResponseBody, UpstreamResponse};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use std::time::Duration;

/// How long the end of a stream may wait for the counts of tokens.
const TOKENS_WITHIN: Duration = Duration::from_secs(5);
/// Replicate closes a stream that was silent for 30 s, as it is while a model is loaded. It is opened again this often;
/// then, or where nobody could tell what it leaves out or repeats, the prediction itself is read instead.
const REOPENINGS: u32 = 20;
const REOPEN_AFTER: Duration = Duration::from_millis(250);
/// How much text is remembered to tell, when a stream is lost, how much of the whole is still to be said.
const SAID_CAP_BYTES: usize = 4 * 1024 * 1024;

/// A prediction whose text is read piece by piece.
pub(super) struct Live {
    running: Running,
    source: Source,
    stops: Stops,
    /// The text so far, before it was cut; `None` when it is too long to remember.
    said: Option<String>,
    trail: Trail,
    reopenings: u32,
    wants_tokens: bool,
}

enum Source {
    Events(Box<Events>),
    /// The prediction itself, once it has ended.
    Whole,
    Ended(Ending),
}

/// What comes next.
enum Step {
    Text(String),
    End(Ending),
}

impl Live {
    /// Opens the prediction's stream.
    ///
    /// # Errors
    ///
    /// A 502 if the stream is on a host that is not configured; nothing is sent there.
    pub(super) async fn open(running: Running, stops: Stops, answer: &Answer) -> Result<Self, Failure> {
        let said = Some(String::new());
        let wants_tokens = answer.wants_tokens();
        let (source, trail) = (Source::Whole, Trail::new());
        let mut live = Self { running, source, stops, said, trail, reopenings: REOPENINGS, wants_tokens };
        if !live.running.prediction.status.is_terminal() {
            live.open_source().await?;
        }
        Ok(live)
    }

    /// Answers as soon as there is something to say.
    ///
    /// # Errors
    ///
    /// Whatever goes wrong before the first text, so that another upstream can be tried.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or later the response's body, cancels the prediction.
    pub(super) async fn respond(mut self, answer: Answer) -> Result<UpstreamResponse, Failure> {
        let first = self.step().await?;
        let opening = answer.opening();
        let mut body = Body { answer, phase: Phase::Open(Box::new(self)) };
        let first = [opening, body.render(first)].concat();
        let frames = stream::unfold((Some(Bytes::from(first)), body), |(first, mut body)| async {
            let frame = match first {
                Some(first) => Some(Ok(Frame::data(first))),
                None => body.next_frame().await,
            };
            frame.map(|frame| (frame, (None, body)))
        });
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ]);
        Ok(UpstreamResponse {
            status: http::StatusCode::OK,
            headers,
            body: ResponseBody::stream(StreamBody::new(frames)),
        })
    }

    async fn step(&mut self) -> Result<Step, Failure> {
        loop {
            let piece = match &mut self.source {
                &mut Source::Ended(ending) => return Ok(self.end(ending)),
                Source::Whole => self.read_whole().await?,
                Source::Events(events) => {
                    let (heard, id) = events.next().await;
                    self.hear(heard, id.as_deref()).await?
                }
            };
            if let Some(text) = self.cut(&piece) {
                return Ok(Step::Text(text));
            }
        }
    }

    /// More text, if that is what was heard.
    async fn hear(&mut self, heard: Heard, id: Option<&str>) -> Result<String, Failure> {
        match heard {
            Heard::Text(text) => match self.trail.step(id, &text) {
                trail::Step::New => return Ok(self.remember(text)),
                trail::Step::Repeated => {}
                trail::Step::Unclear => self.source = Source::Whole,
            },
            Heard::Error(why) => return Err(prediction::failed(&self.running.account.redacted(&why)).into()),
            Heard::Done if self.trail.may_end() => return self.all_was_said().await,
            Heard::Done | Heard::Ended => self.source = Source::Whole,
            Heard::Lost => self.find_another_source().await?,
        }
        Ok(String::new())
    }

    /// What was held back could have been the beginning of a stop sequence, but nothing follows.
    fn end(&mut self, ending: Ending) -> Step {
        let held = self.stops.finish();
        if held.is_empty() { Step::End(ending) } else { Step::Text(held) }
    }

    /// What of a piece may be said. Where a stop sequence cuts the answer, the prediction is left to be cancelled.
    fn cut(&mut self, piece: &str) -> Option<String> {
        let text = match self.stops.push(piece) {
            Cut::Open(text) => text,
            Cut::Closed(text) => {
                self.source = Source::Ended(Ending::Stop);
                text
            }
        };
        (!text.is_empty()).then_some(text)
    }

    fn remember(&mut self, text: String) -> String {
        self.said = self.said.take().filter(|said| said.len() + text.len() <= SAID_CAP_BYTES);
        if let Some(said) = &mut self.said {
            said.push_str(&text);
        }
        text
    }

    /// The stream said that it is complete. The tokens are told by the prediction alone, and not always at once; so is
    /// whether one that was lost meanwhile left nothing out.
    async fn all_was_said(&mut self) -> Result<String, Failure> {
        self.running.rest();
        let doubtful = self.trail.was_reopened() && self.said.is_some();
        let wanted = doubtful || self.wants_tokens;
        let told = wanted && tokio::time::timeout(TOKENS_WITHIN, self.read_to_end()).await.is_ok_and(|end| end.is_ok());
        if told && doubtful {
            return self.read_whole().await;
        }
        let tokens = if told { self.running.prediction.tokens() } else { Tokens::default() };
        self.source = Source::Ended(Ending::Model(tokens));
        Ok(String::new())
    }

    async fn read_to_end(&mut self) -> Result<(), Failure> {
        self.running.refresh().await?;
        self.running.end().await.map(drop)
    }

    /// What the whole text has more than was said.
    async fn read_whole(&mut self) -> Result<String, Failure> {
        let prediction = self.running.end().await?;
        let (text, tokens) = (prediction.text()?, prediction.tokens());
        let rest = self.said.as_deref().and_then(|said| text.strip_prefix(said));
        let rest = rest.ok_or_else(|| Failure::lost("stream was lost and its text is not the prediction's"))?;
        self.source = Source::Ended(Ending::Model(tokens));
        Ok(rest.to_owned())
    }

    /// The stream once more, from where it was lost, as long as the prediction goes on; else the prediction.
    async fn find_another_source(&mut self) -> Result<(), Failure> {
        self.source = Source::Whole;
        let known = self.reopenings > 0 && self.running.refresh().await.is_ok();
        let prediction = &self.running.prediction;
        if !known || prediction.status.is_terminal() {
            return Ok(());
        }
        if self.trail.reopen(self.said.as_deref(), prediction.text_so_far().as_deref()) {
            self.reopenings -= 1;
            tokio::time::sleep(REOPEN_AFTER).await;
            self.open_source().await?;
        }
        Ok(())
    }

    /// The stream, or the prediction itself where there is none.
    async fn open_source(&mut self) -> Result<(), Failure> {
        let Some(link) = self.running.prediction.urls.stream.as_deref() else { return Ok(()) };
        let (url, trust) = self.running.account.origins().stream_link(link).ok_or_else(running::foreign)?;
        if let Ok(response) = self.running.account.open_stream(url, trust, self.trail.last()).await {
            self.source = Source::Events(Box::new(Events::new(response)));
        }
        Ok(())
    }
}

/// A streaming answer's body.
struct Body {
    answer: Answer,
    phase: Phase,
}

enum Phase {
    Open(Box<Live>),
    /// The client has been told; now whoever relays the body is.
    Broken(Failure),
    Closed,
}

impl Body {
    async fn next_frame(&mut self) -> Option<Result<Frame<Bytes>, BodyError>> {
        let step = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Closed => return None,
            Phase::Broken(failure) => return Some(Err(failure.into_body_error())),
            Phase::Open(mut live) => {
                let step = live.step().await;
                self.phase = Phase::Open(live);
                step
            }
        };
        Some(Ok(Frame::data(match step {
            Ok(step) => self.render(step),
            Err(failure) => self.broken(failure),
        })))
    }

    /// The bytes of a step. With the end, the prediction is let go.
    fn render(&mut self, step: Step) -> Bytes {
        match step {
            Step::Text(text) => self.answer.text(&text),
            Step::End(ending) => {
                self.phase = Phase::Closed;
                self.answer.ending(ending)
            }
        }
    }

    fn broken(&mut self, failure: Failure) -> Bytes {
        let bytes = Answer::broken(&failure);
        self.phase = Phase::Broken(failure);
        bytes
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
