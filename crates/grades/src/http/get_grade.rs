//! `GET /api/v1/grades/{id}`

use api::auth::Caller;
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::Serialize;
use store::Sql;
use utoipa::ToSchema;

use super::views::{GradeView, visible};
use crate::failure::Failure;
use crate::model::Rules;
use crate::store::listing::{self, Filter};

/// A grade and what it was before.
#[derive(Serialize, ToSchema)]
pub(super) struct GradeWithHistory {
    #[serde(flatten)]
    grade: GradeView,
    /// What it was until it was corrected, the newest first.
    history: Vec<FormerView>,
}

/// What a grade was until somebody corrected it.
#[derive(Serialize, ToSchema)]
struct FormerView {
    nota: i64,
    changed_by: String,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

/// A grade, with who corrected it and when.
#[utoipa::path(
    get, path = "/api/v1/grades/{id}", tag = "grades", params(("id" = String, Path)),
    responses(
        (status = 200, body = GradeWithHistory),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn get_grade(
    State(sql): State<Sql>,
    State(rules): State<Rules>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<GradeWithHistory>, Problem> {
    let theirs = visible(&caller, Filter::default())?;
    let found = listing::by_id(sql.reader(), id).await.map_err(Failure::from)?;
    let entry = found.filter(|entry| theirs.takes(&entry.record)).ok_or(Failure::NotFound)?;
    let history = listing::history(sql.reader(), id).await.map_err(Failure::from)?;
    let history = history
        .into_iter()
        .map(|former| FormerView { nota: former.nota, changed_by: former.changed_by, changed_at: former.changed_at })
        .collect();
    Ok(Json(GradeWithHistory { grade: GradeView::of(entry, &rules), history }))
}
