//! Who may enter and who may read grades.

use api::Problem;
use api::auth::{Caller, UserRole};
use kernel::error::Kind;

/// Passes if the caller may enter grades at all: administrators, professors, and programs with a token for it that somebody
/// who works here made.
///
/// # Errors
/// 403, saying who may.
pub fn may_enter(caller: &Caller) -> Result<(), Problem> {
    caller.need_scope("grades:write")?;
    match caller.role {
        UserRole::Admin | UserRole::Professor => Ok(()),
        UserRole::Staff if caller.scopes.is_some() => Ok(()),
        UserRole::Staff | UserRole::Student => {
            let detail = "Only for: admin, professor, and tokens of staff with the scope grades:write.";
            Err(Problem::new(Kind::Forbidden, detail))
        }
    }
}

/// Passes if the caller, who [`may_enter`], may enter grades of this course: professors enter those of their own.
///
/// # Errors
/// 403, naming the course.
pub fn may_enter_course(caller: &Caller, curso: &str) -> Result<(), Problem> {
    if caller.role != UserRole::Professor || caller.courses.iter().any(|own| own == curso) {
        return Ok(());
    }
    let detail = format!("{curso} is another's course: professors enter grades of their own.");
    Err(Problem::new(Kind::Forbidden, detail).field("/curso", "forbidden", "not one of your courses"))
}

/// The courses whose grades the caller may read; `None` for all of them.
///
/// # Errors
/// 403 for students, who read their own grades elsewhere.
pub(crate) fn readable_courses(caller: &Caller) -> Result<Option<Vec<String>>, Problem> {
    caller.need_scope("grades:read")?;
    match caller.role {
        UserRole::Admin | UserRole::Staff => Ok(None),
        UserRole::Professor => Ok(Some(caller.courses.clone())),
        UserRole::Student => Err(Problem::new(Kind::Forbidden, "Students read their own grades only.")),
    }
}

/// Passes if the caller may see figures of the whole campus.
///
/// # Errors
/// 403.
pub(crate) fn may_see_figures(caller: &Caller) -> Result<(), Problem> {
    caller.need_scope("grades:read")?;
    caller.need_role(&[UserRole::Admin, UserRole::Staff, UserRole::Professor])
}
