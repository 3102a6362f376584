//! How the body of an answer ends, and what the client hears of it.

use bytes::Bytes;
use http_body::Frame;
use oar_exchange::Outcome;
use oar_protocol::{ErrorBody, ErrorKind, sse};
use oar_upstream::BodyError;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Why an answer is cut.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cut {
    #[error("upstream's body ended early: {0}")]
    Failed(BodyError),
    #[error("upstream's stream stopped without saying that it was complete")]
    JustStopped,
    #[error("upstream sent nothing for {0:?}")]
    Silent(Duration),
    #[error("the gateway stopped before the answer was complete")]
    Stopped,
}

impl Cut {
    /// The event from which the client of a stream learns it.
    pub(crate) fn news(&self) -> Bytes {
        let message = match self {
            Self::Failed(_) | Self::JustStopped | Self::Silent(_) => {
                "The upstream broke off before the answer was complete."
            }
            Self::Stopped => "The gateway stopped before the answer was complete.",
        };
        sse::error_event(&ErrorBody::new(ErrorKind::UpstreamError, "stream_interrupted", message))
    }

    /// How the story ends.
    pub(crate) const fn outcome(&self) -> Outcome {
        match self {
            Self::Failed(_) | Self::JustStopped | Self::Silent(_) => Outcome::StreamBroken,
            Self::Stopped => Outcome::Drained,
        }
    }
}

/// How long a client has to read what came before an abnormal end.
const FAREWELL: Duration = Duration::from_millis(100);

/// What is still to be said once the upstream's body has ended.
pub(crate) enum LastWords {
    /// It has not ended.
    NotYet,
    /// The rest of a complete stream; then the end.
    Rest(Option<Bytes>),
    /// The news that the stream broke off; then an abnormal end.
    News(Bytes, BodyError),
    /// What there was to say has been handed over, and may not have been read: a server drops what it holds at an
    /// abnormal end, and some clients (Node's) drop what they have received and not read yet.
    Told(Pin<Box<Sleep>>, BodyError),
}

impl LastWords {
    /// Of an answer that is cut; with the news of it, if the client can be told.
    pub(crate) fn of_cut(news: Option<Bytes>, why: Cut) -> Self {
        match news {
            Some(news) => Self::News(news, why.into()),
            None => Self::told(why.into()),
        }
    }

    fn told(why: BodyError) -> Self {
        Self::Told(Box::pin(sleep(FAREWELL)), why)
    }

    /// Says the next of them.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match std::mem::replace(self, Self::Rest(None)) {
            Self::NotYet | Self::Rest(None) => Poll::Ready(None),
            Self::Rest(Some(rest)) => Poll::Ready(Some(Ok(Frame::data(rest)))),
            Self::News(news, why) => {
                *self = Self::told(why);
                Poll::Ready(Some(Ok(Frame::data(news))))
            }
            Self::Told(mut pause, why) => {
                if pause.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Some(Err(why)));
                }
                *self = Self::Told(pause, why);
                Poll::Pending
            }
        }
    }
}
