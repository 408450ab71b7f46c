//! SOL and ACK: what is asked of a server.

use bytes::Bytes;
use serde::Serialize;

use super::fields::Fields;
use super::written;
use crate::model::{Acknowledgement, Equipment, Invalid, Reason, Resolution, Solicitation, Status};

/// A message that a faculty or a server takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `SOL`.
    Solicit(Solicitation),
    /// `ACK`.
    Acknowledge(Acknowledgement),
}

/// A message that is wrong, and as much of it as its sender needs to recognise it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The first 64 characters of what it called its request, empty if it did not.
    pub request_id: String,
    /// The same of its transaction.
    pub transaction_id: Option<String>,
    /// What is wrong.
    pub invalid: Invalid,
}

impl Malformed {
    /// One that could not be read at all.
    #[must_use]
    pub fn unread(field: &'static str, detail: impl Into<String>) -> Self {
        Self { request_id: String::new(), transaction_id: None, invalid: Invalid::new(field, detail) }
    }

    /// `DENIED`, `INVALID`, with the field in the detail.
    #[must_use]
    pub fn resolution(self, epoch: u64) -> Resolution {
        let detail = self.invalid.to_string();
        Resolution {
            transaction_id: self.transaction_id,
            ..Resolution::refusal(self.request_id, epoch, Status::Denied, Reason::Invalid, detail)
        }
    }
}

/// Reads a `SOL` or an `ACK`.
///
/// # Errors
/// The first field that is missing, mistyped or out of range.
pub fn parse_request(payload: &[u8]) -> Result<Request, Malformed> {
    let fields = Fields::parse(payload).map_err(|invalid| Malformed::unread(invalid.field, invalid.detail))?;
    read(&fields).map_err(|invalid| Malformed {
        request_id: fields.excerpt("request_id").unwrap_or_default(),
        transaction_id: fields.excerpt("transaction_id"),
        invalid,
    })
}

fn read(fields: &Fields<'_>) -> Result<Request, Invalid> {
    match fields.text("type")? {
        "SOL" => read_solicitation(fields).map(Request::Solicit),
        "ACK" => read_acknowledgement(fields).map(Request::Acknowledge),
        _ => Err(Invalid::new("type", "SOL or ACK is expected")),
    }
}

fn read_solicitation(fields: &Fields<'_>) -> Result<Solicitation, Invalid> {
    let solicitation = Solicitation {
        request_id: fields.text("request_id")?.to_owned(),
        faculty: fields.text("faculty")?.to_owned(),
        program: fields.text("program")?.to_owned(),
        semester: fields.text("semester")?.to_owned(),
        classrooms: fields.count("classrooms")?,
        labs: fields.count("labs")?,
        minimum_capacity: fields.optional_count("minimum_capacity")?,
        equipment: fields.choices("equipment", "a list of known equipment is expected")?,
        wait: false,
        hold: None,
    };
    solicitation.check()?;
    Ok(solicitation)
}

fn read_acknowledgement(fields: &Fields<'_>) -> Result<Acknowledgement, Invalid> {
    let id = |field| match fields.text(field)? {
        text if (1..=64).contains(&text.len()) => Ok(text.to_owned()),
        _ => Err(Invalid::new(field, "1 to 64 characters are expected")),
    };
    Ok(Acknowledgement {
        request_id: id("request_id")?,
        transaction_id: id("transaction_id")?,
        accept: fields.boolean("accept")?,
    })
}

/// A question as it is written.
#[derive(Serialize)]
#[serde(tag = "type")]
enum Said<'a> {
    #[serde(rename = "SOL")]
    Solicit {
        request_id: &'a str,
        faculty: &'a str,
        program: &'a str,
        semester: &'a str,
        classrooms: u32,
        labs: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        minimum_capacity: Option<u32>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        equipment: &'a [Equipment],
    },
    #[serde(rename = "ACK")]
    Acknowledge { request_id: &'a str, transaction_id: &'a str, accept: bool },
}

/// The `SOL` of a request.
#[must_use]
pub fn solicitation(asked: &Solicitation) -> Bytes {
    written(&Said::Solicit {
        request_id: &asked.request_id,
        faculty: &asked.faculty,
        program: &asked.program,
        semester: &asked.semester,
        classrooms: asked.classrooms,
        labs: asked.labs,
        minimum_capacity: asked.minimum_capacity,
        equipment: &asked.equipment,
    })
}

/// The `ACK` of a proposal.
#[must_use]
pub fn acknowledgement(given: &Acknowledgement) -> Bytes {
    let Acknowledgement { request_id, transaction_id, accept } = given;
    written(&Said::Acknowledge { request_id, transaction_id, accept: *accept })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked() -> Solicitation {
        Solicitation {
            request_id: "r-1".to_owned(),
            faculty: "faculty-01".to_owned(),
            program: "program-01-1".to_owned(),
            semester: "2025-10".to_owned(),
            classrooms: 7,
            labs: 2,
            minimum_capacity: Some(30),
            equipment: vec![Equipment::Projector],
            wait: false,
            hold: None,
        }
    }

    /// The `SOL` of `asked` with `field` replaced, or taken out.
    fn with(field: &str, value: Option<Value>) -> Vec<u8> {
        let mut message: Value = serde_json::from_slice(&solicitation(&asked())).expect("JSON");
        let fields = message.as_object_mut().expect("an object");
        match value {
            Some(value) => fields.insert(field.to_owned(), value),
            None => fields.remove(field),
        };
        message.to_string().into_bytes()
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(parse_request(&solicitation(&asked())), Ok(Request::Solicit(asked())));
        let given = Acknowledgement { request_id: "r-1".to_owned(), transaction_id: "t-1".to_owned(), accept: false };
        assert_eq!(parse_request(&acknowledgement(&given)), Ok(Request::Acknowledge(given)));
    }

    #[test]
    fn every_field_that_is_missing_or_wrong_is_named() {
        for field in ["type", "request_id", "faculty", "program", "semester", "classrooms", "labs"] {
            for value in [None, Some(json!(null)), Some(json!([])), Some(json!(-1)), Some(json!(1.5)), Some(json!(""))]
            {
                let malformed = parse_request(&with(field, value.clone())).expect_err("wrong");
                assert_eq!(malformed.invalid.field, field, "{value:?}");
                assert_eq!(malformed.request_id.is_empty(), field == "request_id", "{field}: {value:?}");
            }
        }
        let wrong = [
            ("semester", json!("2025-11")),
            ("classrooms", json!(u64::MAX)),
            ("classrooms", json!(10_001)),
            ("minimum_capacity", json!(-3)),
            ("equipment", json!(["a fountain"])),
            ("request_id", json!("a/b")),
            ("request_id", json!("x".repeat(65))),
            ("type", json!("RES")),
        ];
        for (field, value) in wrong {
            let malformed = parse_request(&with(field, Some(value.clone()))).expect_err("wrong");
            assert_eq!(malformed.invalid.field, field, "{value}");
            assert!(malformed.request_id.len() <= 64);
        }
    }

    #[test]
    fn bytes_that_are_no_message_are_refused() {
        let deep = "[".repeat(60_000);
        for payload in
            [&b""[..], b"{", b"[]", b"7", &[0xff, 0xfe], deep.as_bytes(), &vec![b' '; crate::message::LARGEST + 1]]
        {
            let malformed = parse_request(payload).expect_err("wrong");
            assert_eq!(malformed.invalid.field, "message");
        }
    }
}
