//! Pattern `broker`: a load balancer in front of workers; the worker that proposed settles.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Front;
use super::answers::{self, AT_ONCE, Question};
use crate::core::Core;
use crate::message::Reply;

/// Proposals whose worker is remembered; an older one is settled by whoever has least to do.
const REMEMBERED: usize = 65_536;

pub(super) async fn serve(front: &Arc<Front>, core: &Core, workers: u32, end: &CancellationToken) {
    let proposers = Arc::new(Proposers::default());
    let mut tasks = JoinSet::new();
    let workers: Vec<Worker> = (0..workers.max(1) as usize)
        .map(|place| {
            let (queue, questions) = mpsc::channel(AT_ONCE);
            let busy = Arc::new(AtomicUsize::new(0));
            let desk = Desk {
                place,
                front: Arc::clone(front),
                core: core.clone(),
                busy: Arc::clone(&busy),
                proposers: Arc::clone(&proposers),
            };
            tasks.spawn(desk.work(questions));
            Worker { queue, busy }
        })
        .collect();
    loop {
        let received = tokio::select! {
            biased;
            () = end.cancelled() => break,
            received = front.router.receive() => received,
        };
        let Ok(received) = received else { break };
        let question = answers::read(front, received);
        let place = answers::transaction(&question)
            .and_then(|transaction| proposers.find(transaction))
            .unwrap_or_else(|| least_busy(&workers));
        workers[place].busy.fetch_add(1, Ordering::Relaxed);
        if workers[place].queue.send(question).await.is_err() {
            break;
        }
    }
    drop(workers);
    tasks.join_all().await;
}

fn least_busy(workers: &[Worker]) -> usize {
    let busy = |place: &usize| workers[*place].busy.load(Ordering::Relaxed);
    (0..workers.len()).min_by_key(busy).unwrap_or(0)
}

/// A worker as the broker sees it.
struct Worker {
    queue: mpsc::Sender<Question>,
    busy: Arc<AtomicUsize>,
}

/// A worker as it sees itself.
struct Desk {
    place: usize,
    front: Arc<Front>,
    core: Core,
    busy: Arc<AtomicUsize>,
    proposers: Arc<Proposers>,
}

impl Desk {
    /// Asks the core everything that waits at once, so that it is committed together.
    async fn work(self, mut questions: mpsc::Receiver<Question>) {
        let desk = Arc::new(self);
        let mut under_way = JoinSet::new();
        while let Some(Question { request, asker }) = questions.recv().await {
            let desk = Arc::clone(&desk);
            under_way.spawn(async move {
                let reply = answers::decide(&desk.core, request, &asker).await;
                if let Reply::Proposed(proposal) = &reply {
                    desk.proposers.remember(&proposal.transaction_id, desk.place);
                }
                answers::send(&desk.front.router, &asker, &reply).await;
                desk.busy.fetch_sub(1, Ordering::Relaxed);
            });
            while under_way.try_join_next().is_some() {}
        }
        under_way.join_all().await;
    }
}

/// Which worker made which proposal.
#[derive(Default)]
struct Proposers(Mutex<(HashMap<String, usize>, VecDeque<String>)>);

impl Proposers {
    fn remember(&self, transaction: &str, worker: usize) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (places, order) = &mut *known;
        if places.insert(transaction.to_owned(), worker).is_none() {
            order.push_back(transaction.to_owned());
        }
        while order.len() > REMEMBERED {
            if let Some(oldest) = order.pop_front() {
                places.remove(&oldest);
            }
        }
    }

    fn find(&self, transaction: &str) -> Option<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.get(transaction).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_that_proposed_is_found_and_old_proposals_are_forgotten() {
        let proposers = Proposers::default();
        for number in 0..=REMEMBERED {
            proposers.remember(&format!("t-{number}"), number % 4);
        }
        assert_eq!(proposers.find("t-0"), None);
        assert_eq!(proposers.find("t-1"), Some(1));
        assert_eq!(proposers.find(&format!("t-{REMEMBERED}")), Some(REMEMBERED % 4));
    }

    #[test]
    fn the_least_busy_worker_is_chosen() {
        let workers: Vec<Worker> =
            [3, 1, 2].map(|busy| Worker { queue: mpsc::channel(1).0, busy: Arc::new(AtomicUsize::new(busy)) }).into();
        assert_eq!(least_busy(&workers), 1);
    }
}
