//! The REP: what programmes ask and are answered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::transaction::Transactions;
use crate::message::{self, Malformed, Reply, Request};
use crate::model::{Invalid, Resolution, Solicitation};
use crate::wire::{Asked, Rep};

/// Transactions at the same time; beyond it programmes wait in their sockets.
const AT_ONCE: usize = 4_096;

/// Who waits for the answer to which request; a repeat joins the first.
type Waiting = Arc<Mutex<HashMap<String, (String, Vec<Asked>)>>>;

pub(super) async fn serve(rep: Rep, transactions: Arc<Transactions>, end: CancellationToken) {
    let waiting = Waiting::default();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    loop {
        let asked = tokio::select! {
            biased;
            () = end.cancelled() => break,
            asked = rep.receive() => asked,
        };
        let Ok(asked) = asked else { break };
        match read(&transactions.settings.name, &asked) {
            Err(malformed) => answer(asked, malformed.resolution(0)).await,
            Ok(solicitation) => match join(&waiting, &solicitation, asked) {
                Joined::First => {
                    let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
                    let (transactions, waiting) = (Arc::clone(&transactions), Arc::clone(&waiting));
                    under_way.spawn(async move {
                        let said = transactions.run(&solicitation).await;
                        for asked in leave(&waiting, &solicitation.request_id) {
                            answer(asked, said.clone()).await;
                        }
                        drop(permit);
                    });
                }
                Joined::Again => {}
                Joined::Refused(asked) => {
                    let invalid = Invalid::new("request_id", "is in use by another programme");
                    let request_id = solicitation.request_id;
                    answer(*asked, Malformed { request_id, transaction_id: None, invalid }.resolution(0)).await;
                }
            },
        }
        while under_way.try_join_next().is_some() {}
    }
    under_way.join_all().await;
    rep.close().await;
}

fn read(faculty: &str, asked: &Asked) -> Result<Solicitation, Malformed> {
    let payload = asked.payload.as_ref().map_err(|frames| {
        Malformed::unread("frames", format!("one is expected, after an empty one or not; {frames} came"))
    })?;
    let solicitation = match message::parse_request(payload)? {
        Request::Solicit(solicitation) => solicitation,
        Request::Acknowledge(given) => {
            let invalid = Invalid::new("type", "SOL is expected");
            return Err(Malformed {
                request_id: given.request_id,
                transaction_id: Some(given.transaction_id),
                invalid,
            });
        }
    };
    let wrong = |field, detail: &str| Malformed {
        request_id: solicitation.request_id.clone(),
        transaction_id: None,
        invalid: Invalid::new(field, detail),
    };
    if solicitation.faculty != faculty {
        let name = asked.name().unwrap_or("a programme");
        asked.refuse(format!("{name} asked {faculty} in the name of {}", solicitation.faculty));
        return Err(wrong("faculty", "is not the one that was asked"));
    }
    match asked.name() {
        Some(name) if name != solicitation.program => {
            asked.refuse(format!("{name} asked in the name of {}", solicitation.program));
            Err(wrong("program", "is not the one whose key the connection has"))
        }
        _ => Ok(solicitation),
    }
}

enum Joined {
    First,
    Again,
    Refused(Box<Asked>),
}

fn join(waiting: &Waiting, solicitation: &Solicitation, asked: Asked) -> Joined {
    match waiting.lock().unwrap_or_else(PoisonError::into_inner).entry(solicitation.request_id.clone()) {
        Entry::Vacant(place) => {
            place.insert((solicitation.program.clone(), vec![asked]));
            Joined::First
        }
        Entry::Occupied(mut place) if place.get().0 == solicitation.program => {
            place.get_mut().1.push(asked);
            Joined::Again
        }
        Entry::Occupied(_) => Joined::Refused(Box::new(asked)),
    }
}

fn leave(waiting: &Waiting, request_id: &str) -> Vec<Asked> {
    let gone = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(request_id);
    gone.map(|(_, asked)| asked).unwrap_or_default()
}

async fn answer(asked: Asked, said: Resolution) {
    if asked.answer(message::reply(&Reply::Resolved(said))).await.is_err() {
        // It will ask again and get the same answer.
        tracing::debug!("the programme has gone");
    }
}
