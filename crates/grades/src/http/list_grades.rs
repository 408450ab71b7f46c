//! `GET /api/v1/grades`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::Caller;
use api::{Json, Page, Paged, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use store::Sql;
use utoipa::IntoParams;

use super::views::{GradeView, visible};
use crate::failure::Failure;
use crate::model::{Rules, Semester};
use crate::store::listing::{self, Filter};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only of this course.
    curso: Option<String>,
    /// Only of this semester.
    semestre: Option<Semester>,
    /// Only of this year.
    year: Option<i64>,
    /// Only of this student.
    carnet: Option<i64>,
}

impl Wanted {
    pub(super) fn filter(self) -> Filter {
        let Self { curso, semestre, year, carnet } = self;
        Filter { carnet, curso, semestre, year, courses: None }
    }
}

/// Grades, the newest first. Students see their own, professors those of their courses.
#[utoipa::path(
    get, path = "/api/v1/grades", tag = "grades", params(Wanted, Page),
    responses((status = 200, body = Paged<GradeView>)),
    security(("token" = [])),
)]
pub(super) async fn list_grades(
    State(sql): State<Sql>,
    State(rules): State<Rules>,
    caller: Caller,
    page: Page,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Paged<GradeView>>, Problem> {
    let filter = visible(&caller, wanted.filter())?;
    let limit = page.limit.saturating_add(1);
    let found = listing::list(sql.reader(), &filter, page.position()?, limit).await.map_err(Failure::from)?;
    let views = found.into_iter().map(|entry| GradeView::of(entry, &rules)).collect();
    Ok(Json(Paged::cut(views, page.limit, |view: &GradeView| view.id.to_string())))
}
