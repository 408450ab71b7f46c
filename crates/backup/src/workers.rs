//! Work that takes long, on threads made for that, with tools that keep their memory from one piece of work to the next.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

/// The tools that nobody uses now. There are as many as were ever used at once.
pub(crate) struct Workers<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Workers<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Send + 'static> Workers<T> {
    /// Begins to work with a tool that is free, or a new one.
    pub(crate) fn begin<R: Send + 'static>(
        &self,
        make: impl FnOnce() -> T + Send + 'static,
        work: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let free = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            let taken = free.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut tool = taken.unwrap_or_else(make);
            let done = work(&mut tool);
            free.lock().unwrap_or_else(PoisonError::into_inner).push(tool);
            done
        })
    }
}
