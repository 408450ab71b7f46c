//! PROP, RES and `NOT_LEADER`: what a server says.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::fields::Fields;
use super::written;
use crate::model::{Answer, Invalid, Proposal, Reason, Resolution, RoomName, Status};

/// What a faculty or a programme is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// `PROP`.
    Proposed(Proposal),
    /// `RES`.
    Resolved(Resolution),
    /// `NOT_LEADER`.
    NotLeader {
        /// The highest epoch the server knows.
        epoch: u64,
        /// Where the active one is, if it knows.
        endpoint: Option<String>,
    },
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Proposed(proposal) => Self::Proposed(proposal),
            Answer::Resolved(resolution) | Answer::Waiting(resolution) => Self::Resolved(resolution),
            Answer::NotLeader { epoch, endpoint } => Self::NotLeader { epoch, endpoint },
        }
    }
}

/// An answer as it is written.
#[derive(Serialize)]
#[serde(tag = "type")]
enum Said<'a> {
    #[serde(rename = "PROP")]
    Proposed {
        request_id: &'a str,
        transaction_id: &'a str,
        epoch: u64,
        classrooms: &'a [RoomName],
        labs: &'a [RoomName],
        mobile_labs: &'a [RoomName],
        expires_in_ms: u64,
    },
    #[serde(rename = "RES")]
    Resolved {
        request_id: &'a str,
        transaction_id: Option<&'a str>,
        epoch: u64,
        status: Status,
        reason: Option<Reason>,
        detail: Option<&'a str>,
        classrooms: &'a [RoomName],
        labs: &'a [RoomName],
        mobile_labs: &'a [RoomName],
    },
    #[serde(rename = "NOT_LEADER")]
    NotLeader { epoch: u64, endpoint: Option<&'a str> },
}

/// The message of an answer.
#[must_use]
pub fn reply(said: &Reply) -> Bytes {
    written(&match said {
        Reply::Proposed(proposal) => Said::Proposed {
            request_id: &proposal.request_id,
            transaction_id: &proposal.transaction_id,
            epoch: proposal.epoch,
            classrooms: &proposal.classrooms,
            labs: &proposal.labs,
            mobile_labs: &proposal.mobile_labs,
            expires_in_ms: u64::try_from(proposal.expires_in.as_millis()).unwrap_or(u64::MAX),
        },
        Reply::Resolved(resolution) => Said::Resolved {
            request_id: &resolution.request_id,
            transaction_id: resolution.transaction_id.as_deref(),
            epoch: resolution.epoch,
            status: resolution.status,
            reason: resolution.reason,
            detail: resolution.detail.as_deref(),
            classrooms: &resolution.classrooms,
            labs: &resolution.labs,
            mobile_labs: &resolution.mobile_labs,
        },
        Reply::NotLeader { epoch, endpoint } => Said::NotLeader { epoch: *epoch, endpoint: endpoint.as_deref() },
    })
}

/// Reads what a server said.
///
/// # Errors
/// The first field that is missing or mistyped.
pub fn parse_reply(payload: &[u8]) -> Result<Reply, Invalid> {
    let fields = Fields::parse(payload)?;
    match fields.text("type")? {
        "PROP" => Ok(Reply::Proposed(Proposal {
            request_id: fields.text("request_id")?.to_owned(),
            transaction_id: fields.text("transaction_id")?.to_owned(),
            epoch: fields.number("epoch")?,
            classrooms: fields.rooms("classrooms")?,
            labs: fields.rooms("labs")?,
            mobile_labs: fields.rooms("mobile_labs")?,
            expires_in: Duration::from_millis(fields.number("expires_in_ms")?),
        })),
        "RES" => Ok(Reply::Resolved(Resolution {
            request_id: fields.text("request_id")?.to_owned(),
            transaction_id: fields.optional_text("transaction_id")?.map(str::to_owned),
            epoch: fields.number("epoch")?,
            status: fields.choice("status", "ACCEPTED, DENIED or CANCELED is expected")?,
            reason: fields.optional_choice("reason", "a known reason is expected")?,
            detail: fields.optional_text("detail")?.map(str::to_owned),
            classrooms: fields.rooms("classrooms")?,
            labs: fields.rooms("labs")?,
            mobile_labs: fields.rooms("mobile_labs")?,
        })),
        "NOT_LEADER" => Ok(Reply::NotLeader {
            epoch: fields.number("epoch")?,
            endpoint: fields.optional_text("endpoint")?.map(str::to_owned),
        }),
        _ => Err(Invalid::new("type", "PROP, RES or NOT_LEADER is expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Reason, Status};

    #[test]
    fn what_is_written_is_read() {
        let proposal = Proposal {
            request_id: "r".to_owned(),
            transaction_id: "t".to_owned(),
            epoch: 7,
            classrooms: ["S-001".into()].into(),
            labs: ["L-01".into(), "L-02".into()].into(),
            mobile_labs: [].into(),
            expires_in: Duration::from_millis(4_999),
        };
        let resolution = Resolution::refusal("r", 7, Status::Denied, Reason::InsufficientRooms, "no labs");
        let told = Reply::NotLeader { epoch: 8, endpoint: Some("tcp://127.0.0.1:5556".to_owned()) };
        for said in [Reply::Proposed(proposal), Reply::Resolved(resolution), told] {
            assert_eq!(parse_reply(&reply(&said)), Ok(said));
        }
    }

    #[test]
    fn reasons_are_written_as_documented() {
        let resolution = Resolution::refusal("r", 1, Status::Canceled, Reason::UnknownTransaction, "");
        let text = String::from_utf8(reply(&Reply::Resolved(resolution)).to_vec()).expect("text");
        assert!(
            text.contains(r#""status":"CANCELED""#) && text.contains(r#""reason":"UNKNOWN_TRANSACTION""#),
            "{text}"
        );
    }
}
