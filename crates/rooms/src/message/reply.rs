//! PROP, RES and `NOT_LEADER`: what a server says.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::fields::Fields;
use crate::model::{Answer, Invalid, Proposal, Resolution};

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

/// The message of an answer.
#[must_use]
pub fn reply(said: &Reply) -> Bytes {
    let message = match said {
        Reply::Proposed(proposal) => json!({
            "type": "PROP",
            "request_id": proposal.request_id,
            "transaction_id": proposal.transaction_id,
            "epoch": proposal.epoch,
            "classrooms": names(&proposal.classrooms),
            "labs": names(&proposal.labs),
            "mobile_labs": names(&proposal.mobile_labs),
            "expires_in_ms": u64::try_from(proposal.expires_in.as_millis()).unwrap_or(u64::MAX),
        }),
        Reply::Resolved(resolution) => json!({
            "type": "RES",
            "request_id": resolution.request_id,
            "transaction_id": resolution.transaction_id,
            "epoch": resolution.epoch,
            "status": resolution.status,
            "reason": resolution.reason,
            "detail": resolution.detail,
            "classrooms": names(&resolution.classrooms),
            "labs": names(&resolution.labs),
            "mobile_labs": names(&resolution.mobile_labs),
        }),
        Reply::NotLeader { epoch, endpoint } => json!({"type": "NOT_LEADER", "epoch": epoch, "endpoint": endpoint}),
    };
    message.to_string().into()
}

fn names(rooms: &[crate::model::RoomName]) -> Vec<&str> {
    rooms.iter().map(AsRef::as_ref).collect()
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
            classrooms: vec!["S-001".into()],
            labs: vec!["L-01".into(), "L-02".into()],
            mobile_labs: vec![],
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
