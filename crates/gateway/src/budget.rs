//! Memory for request bodies, shared by all requests: a crowd of large uploads waits instead of exhausting the machine.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a body waits for room before its request is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// Room is handed out in blocks, so that a body does not ask for every byte.
const BLOCK_BYTES: usize = 4 * 1024;

/// All the room there is.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    blocks: Arc<Semaphore>,
    total: usize,
}

/// What one body holds of it; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    held: Option<OwnedSemaphorePermit>,
}

/// There was no room in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let total = bytes.div_ceil(BLOCK_BYTES).clamp(1, Semaphore::MAX_PERMITS);
        Self { blocks: Arc::new(Semaphore::new(total)), total }
    }

    /// A share that holds nothing yet.
    pub(crate) fn share(&self) -> Share {
        Share { budget: self.clone(), held: None }
    }

    /// So many blocks, at once if they are free: while anybody waits, none are.
    async fn grant(&self, blocks: u32) -> Result<OwnedSemaphorePermit, NoRoom> {
        if let Ok(granted) = Arc::clone(&self.blocks).try_acquire_many_owned(blocks) {
            return Ok(granted);
        }
        let waiting = Arc::clone(&self.blocks).acquire_many_owned(blocks);
        timeout(PATIENCE, waiting).await.map_err(|_| NoRoom)?.map_err(|_| NoRoom)
    }

    /// How many bytes are handed out.
    pub(crate) fn held_bytes(&self) -> usize {
        (self.total - self.blocks.available_permits().min(self.total)) * BLOCK_BYTES
    }
}

impl Share {
    /// Makes room for a body of `bytes` in all, waiting for a while if there is none.
    pub(crate) async fn grow_to(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = bytes.div_ceil(BLOCK_BYTES);
        if wanted > self.budget.total {
            return Err(NoRoom);
        }
        let more = wanted.saturating_sub(held);
        if more == 0 {
            return Ok(());
        }
        let granted = self.budget.grant(u32::try_from(more).map_err(|_| NoRoom)?).await?;
        match &mut self.held {
            Some(held) => held.merge(granted),
            None => self.held = Some(granted),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_room_waits_for_it_and_not_for_ever() {
        let budget = Budget::new(64 * 1024);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert_eq!(first.grow_to(60 * 1024).await, Ok(()));
        assert_eq!((second.grow_to(8 * 1024).await, budget.held_bytes()), (Err(NoRoom), 60 * 1024));
        let (grown, ()) = tokio::join!(second.grow_to(8 * 1024), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(first);
        });
        assert_eq!((grown, budget.held_bytes()), (Ok(()), 8 * 1024));
    }

    #[tokio::test]
    async fn what_is_no_longer_than_all_the_room_fits_into_it() {
        for bytes in [1, 4096, 5000, 64 * 1024] {
            assert_eq!(Budget::new(bytes).share().grow_to(bytes).await, Ok(()), "{bytes}");
        }
    }

    #[tokio::test]
    async fn a_share_grows_by_what_it_lacks() {
        let budget = Budget::new(64 * 1024);
        let mut share = budget.share();
        for bytes in [1, 4096, 4097, 100] {
            assert_eq!(share.grow_to(bytes).await, Ok(()));
        }
        assert_eq!(budget.held_bytes(), 8 * 1024);
        assert_eq!(share.grow_to(1 << 40).await, Err(NoRoom));
    }
}
