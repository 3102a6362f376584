//! A whole body, if it is not too long.

use crate::budget::{Budget, NoRoom, Share};
use crate::idle::Idle;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use oar_upstream::BodyError;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::Duration;

/// Why a body was not collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Uncollected {
    /// It is longer than it may be.
    TooLong,
    /// Its framing is broken.
    Broken,
    /// The connection ended before it did.
    CutOff,
    /// Nothing more of it came in time.
    Stalled,
    /// There was no memory for it.
    NoRoom,
}

impl Uncollected {
    /// HTTP/1 says of framing that it is invalid; every other failure is that of a connection, or of a cancelled stream.
    fn from_error(error: &BodyError) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&**error);
        let mut failure = None;
        while let Some(current) = cause {
            failure = failure.or_else(|| current.downcast_ref::<io::Error>());
            cause = current.source();
        }
        match failure.map(io::Error::kind) {
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => Self::Broken,
            Some(_) | None => Self::CutOff,
        }
    }
}

/// Collects at most `cap` bytes, each piece of them within `idle`. A body that comes in one piece is not copied.
pub(crate) async fn collect<B>(body: B, cap: usize, idle: Duration) -> Result<Bytes, Uncollected>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    collect_into(body, cap, idle, &mut Budget::new(cap).share()).await
}

/// The same, on a share of a budget.
pub(crate) async fn collect_into<B>(
    body: B,
    cap: usize,
    idle: Duration,
    share: &mut Share,
) -> Result<Bytes, Uncollected>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    let (mut body, mut idle) = (pin!(body), Idle::new(idle));
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    loop {
        let Some(frame) = next(body.as_mut(), &mut idle).await? else { break };
        let Ok(piece) = frame.into_data() else { continue };
        let so_far = first.len() + all.len() + piece.len();
        if so_far > cap {
            return Err(Uncollected::TooLong);
        }
        share.grow_to(so_far).await.map_err(|NoRoom| Uncollected::NoRoom)?;
        if all.is_empty() && first.is_empty() {
            first = piece;
            continue;
        }
        if all.is_empty() {
            // All at once: what grows step by step leaves holes behind, and a crowd of bodies so many that memory is held
            // which nobody uses. What is promised and never comes is never touched.
            let promised = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
            all.reserve(so_far + promised.min(cap - so_far));
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The next frame, unless it keeps us waiting for too long.
async fn next<B>(mut body: Pin<&mut B>, idle: &mut Idle) -> Result<Option<Frame<Bytes>>, Uncollected>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    let frame = poll_fn(|cx| match body.as_mut().poll_frame(cx) {
        Poll::Ready(frame) => Poll::Ready(Ok(frame)),
        Poll::Pending => {
            ready!(idle.poll_ring(cx));
            Poll::Ready(Err(Uncollected::Stalled))
        }
    });
    let frame = frame.await?;
    idle.something_came();
    frame.transpose().map_err(|error| Uncollected::from_error(&error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body_util::StreamBody;

    async fn collected(pieces: &[&'static str], cap: usize) -> Result<Bytes, Uncollected> {
        let frames = pieces.iter().map(|piece| Ok::<_, io::Error>(Frame::data(Bytes::from_static(piece.as_bytes()))));
        collect(StreamBody::new(stream::iter(frames.collect::<Vec<_>>())), cap, Duration::from_secs(1)).await
    }

    #[tokio::test]
    async fn pieces_are_put_together_up_to_the_cap() {
        assert_eq!(collected(&[], 0).await, Ok(Bytes::new()));
        assert_eq!(collected(&["abc", "def", "", "g"], 7).await, Ok("abcdefg".into()));
        assert_eq!(collected(&["abc", "def", "g"], 6).await, Err(Uncollected::TooLong));
        assert_eq!(collected(&["abc"], 2).await, Err(Uncollected::TooLong));
    }

    #[tokio::test]
    async fn one_piece_is_not_copied() {
        let piece = "the only piece";
        assert_eq!(collected(&[piece], 100).await.map(|all| all.as_ptr()), Ok(piece.as_ptr()));
    }
}
