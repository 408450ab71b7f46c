//! `POST /api/v1/backups/alerts/{id}/dismiss`

use api::auth::Caller;
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use futures::FutureExt;
use kernel::id::Id;

use super::views::AlertView;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::alerts;

/// Say that a backup which shrank or changed is as it should be; what is pinned for it is let go. Said twice, it changes
/// nothing more.
#[utoipa::path(
    post, operation_id = "dismiss_backup_alert", path = "/api/v1/backups/alerts/{id}/dismiss", tag = "backups",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = AlertView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "It ends when its reason does."),
    ),
    security(("token" = [])),
)]
pub(super) async fn dismiss_alert(
    State(means): State<Means>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<AlertView>, Problem> {
    super::may(&caller, "backups:write")?;
    let now = means.clock.now();
    let dismissed = means.sql.write(move |transaction| {
        async move {
            let known = alerts::get(transaction, id).await?.ok_or(BackupError::NotFound)?;
            if !known.kind.is_event() {
                return Err(BackupError::NotAnEvent);
            }
            alerts::clear(transaction, id, now).await?;
            alerts::get(transaction, id).await?.ok_or(BackupError::NotFound)
        }
        .boxed()
    });
    Ok(Json(AlertView::of(&dismissed.await?)))
}
