//! How a process ends: softly, then hard.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The soft token asks everyone to finish what they began; the hard token ends what has not. Tasks that must finish
/// (a commit whose client left, an upgraded tunnel) run on the tracker, which the end waits for.
#[derive(Clone, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Lifecycle {
    /// A lifecycle in which nothing has been asked to end.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the process should take no new work and finish what it has.
    #[must_use]
    pub const fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when the process should drop what it has.
    #[must_use]
    pub const fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Runs a task that the end of the process waits for.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // Boxed, so that what runs a task is built once for each kind of result and not for each task.
        self.tracker.spawn(task.boxed())
    }

    /// Runs a task without which the process is of no use: if it ends before the soft token, or panics, the process
    /// ends with a failure, so that the orchestrator acts.
    pub fn spawn_essential<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_boxed(name, task.boxed());
    }

    fn spawn_boxed(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        let lifecycle = self.clone();
        let running = tokio::spawn(task);
        self.tracker.spawn(async move {
            let ended = running.await;
            if !lifecycle.soft.is_cancelled() {
                match ended {
                    Ok(()) => tracing::error!(task.name = name, "an essential task ended"),
                    Err(error) => tracing::error!(task.name = name, error = %error, "an essential task failed"),
                }
                lifecycle.failed.store(true, Ordering::SeqCst);
                lifecycle.soft.cancel();
            }
        });
    }

    /// Ends the process softly.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Waits for SIGTERM, SIGINT or the soft token, then up to `drain` for the tracked tasks, then for nothing: a second
    /// signal or the end of `drain` cancels the hard token. The code is a failure if an essential task died.
    pub async fn run_to_end(self, drain: Duration) -> ExitCode {
        let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            tracing::error!("signal handlers could not be installed");
            return ExitCode::FAILURE;
        };
        tokio::select! {
            _ = term.recv() => tracing::info!("SIGTERM: draining"),
            _ = interrupt.recv() => tracing::info!("interrupted: draining"),
            () = self.soft.cancelled() => tracing::info!("draining"),
        }
        self.soft.cancel();
        self.tracker.close();
        tokio::select! {
            () = self.tracker.wait() => {}
            _ = term.recv() => tracing::warn!("second signal: ending at once"),
            _ = interrupt.recv() => tracing::warn!("second signal: ending at once"),
            () = tokio::time::sleep(drain) => tracing::warn!(drain_ms = u64::try_from(drain.as_millis()).unwrap_or(u64::MAX), "drain time is over"),
        }
        self.hard.cancel();
        if tokio::time::timeout(Duration::from_millis(500), self.tracker.wait()).await.is_err() {
            tracing::warn!("tasks were still running at the end");
        }
        if self.failed.load(Ordering::SeqCst) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_essential_task_that_ends_early_fails_the_process() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn_essential("short", async {});
        let code = lifecycle.run_to_end(Duration::from_secs(5)).await;
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::FAILURE));
    }

    #[tokio::test]
    async fn the_end_waits_for_tracked_tasks() {
        let lifecycle = Lifecycle::new();
        let done = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&done);
        let soft = lifecycle.soft().clone();
        lifecycle.spawn(async move {
            soft.cancelled().await;
            tokio::task::yield_now().await;
            flag.store(true, Ordering::SeqCst);
        });
        lifecycle.stop();
        let code = lifecycle.run_to_end(Duration::from_secs(5)).await;
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
        assert!(done.load(Ordering::SeqCst));
    }
}
