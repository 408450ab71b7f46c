//! What people are shown, and of it what is theirs to see.

use api::Problem;
use api::auth::{Caller, UserRole};
use kernel::clock::Timestamp;
use kernel::error::Kind;
use kernel::id::Id;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Route, Rules, Semester};
use crate::rights;
use crate::store::listing::{Entry, Filter};

/// A grade.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GradeView {
    #[schema(value_type = String)]
    pub(super) id: Id,
    carnet: i64,
    nombre: String,
    curso: String,
    nota: i64,
    semestre: Semester,
    year: i64,
    /// Whether the grade passes.
    passed: bool,
    /// The way it came in first.
    route: Route,
    /// Who entered it first.
    entered_by: String,
    #[schema(value_type = String, format = DateTime)]
    entered_at: Timestamp,
    /// When it was corrected last, or entered.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

impl GradeView {
    pub(super) fn of(entry: Entry, rules: &Rules) -> Self {
        let Entry { id, record, route, entered_by, entered_at, changed_at } = entry;
        Self {
            id,
            carnet: record.carnet,
            nombre: record.nombre,
            curso: record.curso,
            nota: record.nota,
            semestre: record.semestre,
            year: record.year,
            passed: rules.passes(record.nota),
            route,
            entered_by,
            entered_at,
            changed_at,
        }
    }
}

/// Of what is wanted, what the caller may see: students their own grades, professors those of their courses.
pub(super) fn visible(caller: &Caller, wanted: Filter) -> Result<Filter, Problem> {
    if caller.role != UserRole::Student {
        return Ok(Filter { courses: rights::readable_courses(caller)?, ..wanted });
    }
    caller.need_scope("grades:read")?;
    let Some(own) = caller.carnet else {
        return Err(Problem::new(Kind::NotFound, "This account has no carnet: ask an administrator to enter it."));
    };
    if wanted.carnet.is_some_and(|carnet| carnet != own) {
        return Err(Problem::not_found());
    }
    Ok(Filter { carnet: Some(own), ..wanted })
}
