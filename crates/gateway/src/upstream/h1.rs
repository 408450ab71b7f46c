//! HTTP/1.1 exchanges, driven by the task that wants the answer.
//!
//! A connection has neither a task nor channels: the request's future writes the head straight from the client's fields and
//! reads the answer's, then the answer's body reads the rest. With a body of 1 KiB an exchange takes 11,000 instructions;
//! through hyper's client, polled the same way, it took 23,000 (`bench/gateway/instructions`).

mod answer;
mod chunked;
mod framing;
mod head;
mod link;
mod outbox;
mod sending;

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use tokio::time::Instant;

pub(crate) use answer::{AnswerBody, Broken};
pub(crate) use link::Link;

use super::connect::connect;
use super::{Failure, Stage};
use crate::balance::replica::{Pending, Replica};
use crate::proxy::head::Head;
use crate::proxy::request_body::RequestBody;
use link::{Asked, NoAnswer, Sent};
use sending::Sending;

/// Buffers of this size instead of hyper's 400 KiB keep 100 slow transfers at a third of the memory.
pub(crate) const BUFFER: usize = 64 * 1024;
/// Answers up to this size that arrived with their head free their connection at once.
const SMALL: u64 = 16 * 1024;

/// The body of an answer whose head is here.
pub(crate) enum Content {
    /// All of it; its connection is free again.
    Whole(Bytes),
    /// It is still arriving.
    Rest(Box<AnswerBody>),
}

/// Sends a request on an idle connection, or on a new one, and waits for the head of the answer.
pub(crate) async fn exchange(
    pending: &mut Pending,
    head: &Head,
    body: RequestBody,
) -> Result<Response<Content>, Failure> {
    let replica = Arc::clone(pending.replica());
    let mut sending = Sending::new(head, body);
    loop {
        let (mut link, reused) = match replica.pool.take() {
            Some(link) => (link, true),
            // Boxed, because connecting takes more room than everything else here and is rare.
            None => match Box::pin(connect(replica.address)).await {
                Ok(stream) => (Link::new(stream), false),
                Err(error) => {
                    let unsent = Some(sending.into_body());
                    return Err(Failure { stage: Stage::Connect, unsent, detail: error.to_string() });
                }
            },
        };
        match link.ask(head, &mut sending, reused, pending).await {
            Ok(asked) => return Ok(answer(asked, link, sending, replica)),
            Err(NoAnswer::Stale) if reused => {}
            Err(error) => {
                let detail = error.to_string();
                return Err(match error {
                    NoAnswer::Stale => Failure { stage: Stage::Unsent, unsent: Some(sending.into_body()), detail },
                    _ => Failure { stage: Stage::Sent, unsent: None, detail },
                });
            }
        }
    }
}

fn answer(asked: Asked, mut link: Link, sending: Sending, replica: Arc<Replica>) -> Response<Content> {
    let Asked { head, sent } = asked;
    let mut framing = head.framing;
    let keeps = head.keeps && sent == Sent::All;
    let content = match framing.take_whole(&mut link.inbox.bytes, SMALL) {
        Some(data) => {
            if keeps {
                link.give(&replica);
            }
            Content::Whole(data)
        }
        // A client that waits for `100 Continue` sends nothing once it has its answer.
        None if sent == Sent::Partly && !sending.body().is_held() => {
            Content::Rest(Box::new(AnswerBody::early(framing, link, sending, replica)))
        }
        None => Content::Rest(Box::new(AnswerBody::new(framing, link, keeps, replica))),
    };
    let mut response = Response::new(content);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    *response.extensions_mut() = head.extensions;
    response
}

impl Link {
    /// Gives the connection back for another request, if nothing is left on it.
    fn give(mut self, replica: &Replica) {
        if self.inbox.bytes.is_empty() {
            self.inbox.rest();
            self.outbox.rest();
            replica.pool.give(self, Instant::now());
        }
    }
}
