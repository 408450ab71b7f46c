//! Bad input: the documented RES, nothing reserved, and the server goes on.

use std::time::Duration;

use bytes::Bytes;
use rooms::message::{self, Reply};
use rooms::model::{Acknowledgement, Proposal, Reason, Resolution, Status};
use rooms::wire::{Dealer, Frames};
use serde_json::{Value, json};

use crate::campus::{Campus, Plan, asked};
use crate::child;

struct Line(Dealer);

impl Line {
    async fn open(campus: &Campus, faculty: &str) -> Self {
        let key = child::key(&campus.keys, faculty, "server");
        Self(Dealer::connect(&campus.server(), &key).await.expect("connects"))
    }

    async fn say(&self, frames: Frames) -> Reply {
        self.0.send(frames).await.expect("sends");
        let answer = tokio::time::timeout(Duration::from_secs(5), self.0.receive()).await.expect("in time");
        message::parse_reply(answer.expect("an answer").last().expect("a frame")).expect("a reply")
    }

    async fn resolved(&self, frames: Frames) -> Resolution {
        match self.say(frames).await {
            Reply::Resolved(said) => said,
            other => panic!("no RES: {other:?}"),
        }
    }

    async fn proposed(&self, request_id: &str) -> Proposal {
        match self.say(vec![message::solicitation(&asked("program-01-1", request_id, 7, 2))]).await {
            Reply::Proposed(proposal) => proposal,
            other => panic!("no PROP: {other:?}"),
        }
    }
}

fn changed(field: &str, value: Option<Value>) -> Bytes {
    let mut message: Value =
        serde_json::from_slice(&message::solicitation(&asked("program-01-1", "bad", 7, 2))).expect("JSON");
    let fields = message.as_object_mut().expect("an object");
    match value {
        Some(value) => fields.insert(field.to_owned(), value),
        None => fields.remove(field),
    };
    message.to_string().into()
}

#[tokio::test]
async fn whatever_is_malformed_is_denied_by_name() {
    let campus = Campus::start(Plan::default()).await;
    let line = Line::open(&campus, "faculty-01").await;
    let mut wrong: Vec<(&str, Frames)> = Vec::new();
    for field in ["type", "request_id", "faculty", "program", "semester", "classrooms", "labs"] {
        for value in [None, Some(json!(null)), Some(json!({})), Some(json!(-7))] {
            wrong.push((field, vec![changed(field, value)]));
        }
    }
    wrong.push(("semester", vec![changed("semester", Some(json!("2025-40")))]));
    wrong.push(("classrooms", vec![changed("classrooms", Some(json!(1e30)))]));
    wrong.push(("message", vec![Bytes::new()]));
    wrong.push(("message", vec!["[1, 2".into()]));
    wrong.push(("message", vec![vec![b' '; message::LARGEST + 1].into()]));
    let good = message::solicitation(&asked("program-01-1", "frames", 7, 2));
    wrong.push(("frames", vec![good.clone(), good.clone()]));
    wrong.push(("frames", vec![Bytes::new(), good.clone(), good]));
    for (field, frames) in wrong {
        let said = line.resolved(frames.clone()).await;
        assert_eq!((said.status, said.reason), (Status::Denied, Some(Reason::Invalid)), "{field} {frames:?}");
        assert!(said.detail.as_deref().is_some_and(|detail| detail.starts_with(field)), "{field}: {said:?}");
    }
    let everything = campus.ask(&asked("program-01-1", "all", 380, 60)).await;
    assert_eq!(everything.status, Status::Accepted, "nothing was reserved");
}

#[tokio::test]
async fn an_acknowledgement_counts_once_and_only_from_its_own_faculty() {
    let campus = Campus::start(Plan::default()).await;
    let (own, other) = (Line::open(&campus, "faculty-01").await, Line::open(&campus, "faculty-02").await);
    let Proposal { request_id, transaction_id, classrooms, .. } = own.proposed("r-1").await;
    let ack = |accept| {
        let (request_id, transaction_id) = (request_id.clone(), transaction_id.clone());
        vec![message::acknowledgement(&Acknowledgement { request_id, transaction_id, accept })]
    };
    let foreign = other.resolved(ack(false)).await;
    assert_eq!((foreign.status, foreign.reason), (Status::Canceled, Some(Reason::UnknownTransaction)));
    let first = own.resolved(ack(true)).await;
    assert_eq!((first.status, &first.classrooms), (Status::Accepted, &classrooms));
    assert_eq!(own.resolved(ack(true)).await, first);
    assert_eq!(own.resolved(ack(false)).await, first, "what is final stays");
}

#[tokio::test]
async fn a_frame_beyond_the_limit_costs_its_sender_the_connection_and_nobody_else() {
    let campus = Campus::start(Plan::default()).await;
    let (greedy, other) = (Line::open(&campus, "faculty-01").await, Line::open(&campus, "faculty-02").await);
    greedy.0.send(vec![vec![0; rooms::wire::LARGEST_FRAME + 1].into()]).await.expect("sends");
    assert!(tokio::time::timeout(Duration::from_millis(500), greedy.0.receive()).await.is_err(), "it is not answered");
    other.resolved(vec!["{}".into()]).await;
    greedy.resolved(vec!["{}".into()]).await;
}
