//! One message of a faculty and its answer.

use super::Front;
use crate::core::Core;
use crate::message::{self, Malformed, Reply, Request};
use crate::model::{Invalid, Origin};
use crate::wire::{Frames, Peer, Received, Router, open, seal};

/// A message that was read, or what is wrong with it, and who is to be answered.
pub(super) struct Question {
    pub(super) request: Result<Request, Malformed>,
    pub(super) asker: Asker,
}

/// Who sent a message, and how its answer is to be framed.
pub(super) struct Asker {
    enveloped: bool,
    peer: Peer,
}

/// Reads a message, and checks that the faculty it speaks for is the one whose key it came with, and the programme one of
/// that faculty's.
pub(super) fn read(front: &Front, received: Received) -> Question {
    let Received { from: peer, frames } = received;
    let (enveloped, payload) = open(frames);
    let request = payload
        .map_err(|frames| {
            Malformed::unread("frames", format!("one is expected, after an empty one or not; {frames} came"))
        })
        .and_then(|payload| message::parse_request(&payload))
        .and_then(|request| check_sender(front, &peer, request));
    Question { request, asker: Asker { enveloped, peer } }
}

fn check_sender(front: &Front, peer: &Peer, request: Request) -> Result<Request, Malformed> {
    let (Request::Solicit(asked), Some(name)) = (&request, peer.name.as_deref()) else { return Ok(request) };
    let (spoke_for, invalid) = if asked.faculty != name {
        (&asked.faculty, Invalid::new("faculty", "is not the one whose key the connection has"))
    } else if front.roll.as_ref().is_some_and(|roll| !roll.lists(name, &asked.program)) {
        (&asked.program, Invalid::new("program", format!("{name} has no such programme")))
    } else {
        return Ok(request);
    };
    front.router.refuse(peer, format!("{name} spoke for {spoke_for}"));
    Err(Malformed { request_id: asked.request_id.clone(), transaction_id: None, invalid })
}

/// What the core says to it.
pub(super) async fn decide(core: &Core, request: Result<Request, Malformed>, asker: &Asker) -> Reply {
    let from = Origin { faculty: asker.peer.name.clone() };
    match request {
        Ok(Request::Solicit(asked)) => core.solicit(asked, from).await.into(),
        Ok(Request::Acknowledge(given)) => core.acknowledge(given, from).await.into(),
        Err(malformed) => {
            let epoch = core.standing().borrow().epoch;
            Reply::Resolved(malformed.resolution(epoch))
        }
    }
}

/// Sends it, in the kind of the question.
pub(super) async fn send(router: &Router, asker: &Asker, reply: &Reply) {
    let frames: Frames = seal(asker.enveloped, message::reply(reply));
    if router.send(&asker.peer, frames).await.is_err() {
        // It will ask again, perhaps another server, and get the same answer.
        tracing::debug!(peer.address = asker.peer.address(), "who asked has gone");
    }
}

/// The limit of what is worked on at the same time: beyond it, senders wait in their sockets.
pub(super) const AT_ONCE: usize = 4_096;

/// The transaction an acknowledgement names.
pub(super) fn transaction(question: &Question) -> Option<&str> {
    match &question.request {
        Ok(Request::Acknowledge(given)) => Some(&given.transaction_id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn both_kinds_of_frames_are_opened_and_answered_in_kind() {
        let payload = Bytes::from_static(b"{}");
        for (frames, enveloped) in [(vec![payload.clone()], false), (vec![Bytes::new(), payload.clone()], true)] {
            let (kind, opened) = open(frames.clone());
            assert_eq!((kind, opened), (enveloped, Ok(payload.clone())));
            assert_eq!(seal(kind, payload.clone()), frames);
        }
        let three = vec![Bytes::new(), payload.clone(), payload.clone()];
        assert_eq!(open(three), (true, Err(2)));
        assert_eq!(open(vec![payload.clone(), payload]), (false, Err(2)));
        assert_eq!(open(vec![]), (false, Err(0)));
    }
}
