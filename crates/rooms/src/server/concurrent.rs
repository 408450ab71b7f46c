//! Pattern `async`: every message is worked on as it comes.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Front;
use super::answers::{self, AT_ONCE, Question};
use crate::core::Core;

pub(super) async fn serve(front: &Arc<Front>, core: &Core, end: &CancellationToken) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    loop {
        let received = tokio::select! {
            biased;
            () = end.cancelled() => break,
            received = front.router.receive() => received,
        };
        let (Ok(received), Ok(permit)) = (received, Arc::clone(&room).acquire_owned().await) else { break };
        let (front, core) = (Arc::clone(front), core.clone());
        under_way.spawn(async move {
            let Question { request, asker } = answers::read(&front, received);
            let reply = answers::decide(&core, request, &asker).await;
            answers::send(&front.router, &asker, &reply).await;
            drop(permit);
        });
        while under_way.try_join_next().is_some() {}
    }
    under_way.join_all().await;
}
