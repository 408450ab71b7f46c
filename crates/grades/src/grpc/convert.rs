//! Between the messages and the model.

use api::{FieldError, Problem};
use kernel::error::Kind;
use store::StoreError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use super::messages::{self, Grade, Kept, Reason, Refusal};
use crate::failure::Failure;
use crate::model::{Fault, Outcome, Record, RepeatKey, Route, Stored};

/// The fields of a record, and the words for what is wrong with one: a fault that comes over the wire names these.
const FIELDS: [&str; 6] = ["carnet", "nombre", "curso", "nota", "semestre", "year"];
const CODES: [&str; 5] = ["missing", "range", "length", "choice", "value"];

impl From<Record> for Grade {
    fn from(record: Record) -> Self {
        Self {
            carnet: Some(record.carnet),
            nombre: Some(record.nombre),
            curso: Some(record.curso),
            nota: Some(record.nota),
            semestre: Some(record.semestre.name().to_owned()),
            year: Some(record.year),
        }
    }
}

impl TryFrom<Grade> for Record {
    type Error = Failure;

    fn try_from(grade: Grade) -> Result<Self, Failure> {
        let missing = [
            ("carnet", grade.carnet.is_none()),
            ("nombre", grade.nombre.is_none()),
            ("curso", grade.curso.is_none()),
            ("nota", grade.nota.is_none()),
            ("semestre", grade.semestre.is_none()),
            ("year", grade.year.is_none()),
        ];
        let mut faults: Vec<Fault> = missing
            .into_iter()
            .filter(|(_, missing)| *missing)
            .map(|(field, _)| Fault { field, code: "missing", detail: "this field is needed".to_owned() })
            .collect();
        let semestre = grade.semestre.map(|text| text.parse());
        if let Some(Err(error)) = &semestre {
            faults.push(Fault { field: "semestre", code: "choice", detail: format!("{error}") });
        }
        match (grade.carnet, grade.nombre, grade.curso, grade.nota, semestre, grade.year) {
            (Some(carnet), Some(nombre), Some(curso), Some(nota), Some(Ok(semestre)), Some(year)) => {
                Ok(Self { carnet, nombre, curso, nota, semestre, year })
            }
            _ => Err(Failure::Invalid(faults)),
        }
    }
}

impl From<Stored> for Kept {
    fn from(stored: Stored) -> Self {
        let outcome = match stored.outcome {
            Outcome::Created => messages::Outcome::Created,
            Outcome::Replayed => messages::Outcome::Replayed,
            Outcome::Corrected => messages::Outcome::Corrected,
        };
        Self {
            id: stored.id.to_string(),
            route: stored.route.name().to_owned(),
            outcome: outcome.into(),
            repeated: stored.repeated,
        }
    }
}

impl TryFrom<Kept> for Stored {
    type Error = Failure;

    fn try_from(kept: Kept) -> Result<Self, Failure> {
        let outcome = match kept.outcome() {
            messages::Outcome::Created => Outcome::Created,
            messages::Outcome::Replayed => Outcome::Replayed,
            messages::Outcome::Corrected => Outcome::Corrected,
            messages::Outcome::Unspecified => return Err(nonsense("without an outcome")),
        };
        let id = kept.id.parse().map_err(|_| nonsense("without an id"))?;
        let route = Route::ALL.into_iter().find(|route| route.name() == kept.route);
        let route = route.ok_or_else(|| nonsense("without a route"))?;
        Ok(Self { id, outcome, route, repeated: kept.repeated })
    }
}

impl From<messages::RepeatKey> for RepeatKey {
    fn from(key: messages::RepeatKey) -> Self {
        let mut digest = [0; 32];
        let bytes = key.digest.len().min(digest.len());
        digest[..bytes].copy_from_slice(&key.digest[..bytes]);
        Self { scope: key.scope, key: key.key, digest }
    }
}

impl From<RepeatKey> for messages::RepeatKey {
    fn from(key: RepeatKey) -> Self {
        Self { scope: key.scope, key: key.key, digest: key.digest.to_vec() }
    }
}

/// An answer that no server of ours gives.
pub(super) fn nonsense(what: &'static str) -> Failure {
    Failure::Store(StoreError::new(Kind::Internal, "grades: the gRPC server's answer", what))
}

/// Why a record was not kept, as callers outside and within a batch are told.
#[derive(Debug)]
pub(super) struct Denial {
    pub(super) reason: Reason,
    pub(super) problem: Problem,
}

impl From<Failure> for Denial {
    fn from(failure: Failure) -> Self {
        Self { reason: reason(&failure), problem: failure.into() }
    }
}

impl Denial {
    /// The caller may not.
    pub(super) const fn forbidden(problem: Problem) -> Self {
        Self { reason: Reason::Forbidden, problem }
    }

    /// The record itself is to blame: the next one may be kept.
    pub(super) const fn is_of_record(&self) -> bool {
        matches!(self.reason, Reason::Invalid | Reason::Forbidden | Reason::KeyReused)
    }

    /// What is told of the record at `place`.
    pub(super) fn refusal(self, place: u64) -> Refusal {
        let body = self.problem.body(None);
        let faults = body.errors.into_iter().map(|FieldError { field, code, message }| messages::Fault {
            field: field.trim_start_matches('/').to_owned(),
            code,
            detail: message,
        });
        Refusal { place, reason: self.reason.into(), faults: faults.collect(), detail: body.detail }
    }

    /// What ends a call. Fields are named in the message, for people, and in the details.
    pub(super) fn status(&self) -> Status {
        let code = match self.problem.status().as_u16() {
            400 | 422 => Code::InvalidArgument,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::NotFound,
            409 => Code::Aborted,
            413 | 429 | 507 => Code::ResourceExhausted,
            503 => Code::Unavailable,
            _ => Code::Internal,
        };
        let body = self.problem.body(None);
        if body.errors.is_empty() {
            return Status::new(code, body.detail);
        }
        let named: Vec<FieldViolation> = body
            .errors
            .iter()
            .map(|error| FieldViolation::new(error.field.trim_start_matches('/'), error.message.as_str()))
            .collect();
        let message: Vec<String> = named.iter().map(|one| format!("{}: {}", one.field, one.description)).collect();
        Status::with_error_details(code, message.join("; "), ErrorDetails::with_bad_request(named))
    }
}

fn reason(failure: &Failure) -> Reason {
    match failure {
        Failure::Invalid(_) => Reason::Invalid,
        Failure::Forbidden(_) => Reason::Forbidden,
        Failure::KeyReused => Reason::KeyReused,
        Failure::Busy => Reason::Busy,
        Failure::Away(_) => Reason::Unavailable,
        Failure::Store(error) => match error.kind {
            Kind::Unavailable => Reason::Unavailable,
            Kind::NoSpace => Reason::NoSpace,
            _ => Reason::Internal,
        },
        Failure::NotFound => Reason::Internal,
    }
}

/// What the other side of a batch was told, as it would have been told here.
pub(super) fn failure(refusal: Refusal) -> Failure {
    match refusal.reason() {
        Reason::Invalid => Failure::Invalid(refusal.faults.into_iter().map(fault).collect()),
        Reason::Unauthenticated | Reason::Forbidden => Failure::Forbidden(refusal.detail),
        Reason::KeyReused => Failure::KeyReused,
        Reason::Busy => Failure::Busy,
        Reason::Unavailable => Failure::Away("The database of the grades is away: try again."),
        Reason::NoSpace => Failure::Store(StoreError::bare(Kind::NoSpace, "grades: the gRPC server's database")),
        Reason::Internal | Reason::Unspecified => nonsense("a fault, which it has logged"),
    }
}

fn fault(fault: messages::Fault) -> Fault {
    let known =
        |names: &[&'static str], name: &str, other| names.iter().copied().find(|one| *one == name).unwrap_or(other);
    Fault {
        field: known(&FIELDS, &fault.field, "record"),
        code: known(&CODES, &fault.code, "value"),
        detail: fault.detail,
    }
}

#[cfg(test)]
mod tests {
    use kernel::id::Id;

    use super::*;
    use crate::model::tests::record;

    #[test]
    fn a_record_travels_unchanged() {
        assert_eq!(Record::try_from(Grade::from(record())).expect("is whole"), record());
    }

    #[test]
    fn every_missing_field_and_an_unknown_semester_are_named() {
        let Err(Failure::Invalid(faults)) = Record::try_from(Grade::default()) else { panic!("is not whole") };
        assert_eq!(faults.iter().map(|fault| fault.field).collect::<Vec<_>>(), FIELDS);
        let summer = Grade { semestre: Some("3S".to_owned()), ..Grade::from(record()) };
        let Err(failure) = Record::try_from(summer) else { panic!("there is no third") };
        let told = Denial::from(failure).status();
        assert_eq!(told.code(), Code::InvalidArgument);
        assert!(told.message().starts_with("semestre: "), "{}", told.message());
        let details = told.get_error_details();
        let named = details.bad_request().map(|bad| bad.field_violations[0].field.clone());
        assert_eq!(named.as_deref(), Some("semestre"));
    }

    #[test]
    fn an_answer_travels_unchanged() {
        for outcome in [Outcome::Created, Outcome::Replayed, Outcome::Corrected] {
            let stored = Stored {
                id: "00000000000000000000000001".parse::<Id>().expect("an id"),
                outcome,
                route: Route::Redis,
                repeated: outcome == Outcome::Replayed,
            };
            assert_eq!(Stored::try_from(Kept::from(stored)).expect("is one"), stored);
        }
        assert!(Stored::try_from(Kept::default()).is_err());
    }

    #[test]
    fn a_refusal_means_the_same_on_both_sides() {
        let faults = vec![Fault { field: "nota", code: "range", detail: "0 to 100 is expected".to_owned() }];
        let store = |kind| Failure::Store(StoreError::bare(kind, "test"));
        let cases = [
            (Failure::Invalid(faults), 422),
            (Failure::Forbidden("no".to_owned()), 403),
            (Failure::KeyReused, 422),
            (Failure::Busy, 503),
            (Failure::Away("away"), 503),
            (store(Kind::Unavailable), 503),
            (store(Kind::NoSpace), 507),
            (store(Kind::Internal), 500),
        ];
        for (told, expected) in cases {
            let heard = failure(Denial::from(told.clone()).refusal(0));
            assert_eq!(Problem::from(heard.clone()).status().as_u16(), expected, "{told:?}");
            if let Failure::Invalid(faults) = &told {
                assert!(matches!(&heard, Failure::Invalid(same) if same == faults), "{heard:?}");
            }
        }
    }
}
