//! Turns of tasks that are always ready to go on.

use std::future::Future;
use std::pin::pin;
use std::task::Context;

/// Ends the turn of the task that is being polled, which then returns `Pending`. It is woken only after the runtime has
/// looked for what arrived, and stands behind that.
///
/// A task that wakes itself instead stands in line at once: while there are some of them the line never is empty, and the
/// runtime looks only after a number of turns (`event_interval`). Downloads between fast links are such tasks, and whoever
/// asked for a little waited for many of their turns.
pub fn pass(context: &mut Context<'_>) {
    // tokio's only door to its list of those that wait for the next look.
    let _pending = pin!(tokio::task::yield_now()).poll(context);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Poll;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const MOST: u32 = 10_000;

    /// How many turns a task has that is always ready, before another is told what arrived meanwhile.
    async fn turns_before_an_arrival(end_turn: fn(&mut Context<'_>)) -> u32 {
        let (mut near, mut far) = tokio::net::UnixStream::pair().expect("a pair");
        let told = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&told);
        let waiting = tokio::spawn(async move {
            near.read_u8().await.expect("a byte");
            tell.store(true, Ordering::Relaxed);
        });
        let working = tokio::spawn(async move {
            // The reader waits by now, so that the byte is news.
            tokio::task::yield_now().await;
            far.write_u8(1).await.expect("sends");
            let mut turns = 0;
            std::future::poll_fn(|context| {
                if told.load(Ordering::Relaxed) || turns == MOST {
                    return Poll::Ready(());
                }
                turns += 1;
                end_turn(context);
                Poll::Pending
            })
            .await;
            turns
        });
        waiting.await.expect("is told");
        working.await.expect("ends")
    }

    #[test]
    fn what_arrived_stands_before_whoever_passes_the_turn() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().event_interval(2 * MOST).build().expect("a runtime");
        assert!(runtime.block_on(turns_before_an_arrival(pass)) <= 2);
        let awake = |context: &mut Context<'_>| context.waker().wake_by_ref();
        assert_eq!(runtime.block_on(turns_before_an_arrival(awake)), MOST, "as it would be without");
    }
}
