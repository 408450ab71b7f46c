//! `PATCH /api/v1/backups/targets/{id}`

use api::auth::Caller;
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use futures::FutureExt;
use kernel::id::Id;
use serde::Deserialize;
use utoipa::ToSchema;

use super::leader::Leader;
use super::views::TargetView;
use crate::error::BackupError;
use crate::model::check_minutes;
use crate::server::Means;
use crate::store::targets;

/// What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetChanges {
    #[schema(minimum = 1, maximum = 525_600, example = 60)]
    every_minutes: Option<i64>,
    /// Keep the last good backup, as one of those that are kept, after one that lost or changed nearly everything.
    pin_last_good: Option<bool>,
}

/// Change how often a path is backed up, and whether its last good backup is pinned.
#[utoipa::path(
    patch, operation_id = "update_backup_target", path = "/api/v1/backups/targets/{id}", tag = "backups",
    params(("id" = String, Path)), request_body = TargetChanges,
    responses(
        (status = 200, body = TargetView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn update_target(
    State(means): State<Means>,
    State(leader): State<Leader>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(changes): Json<TargetChanges>,
) -> Result<Json<TargetView>, Problem> {
    super::may(&caller, "backups:write")?;
    let every = changes.every_minutes.map(check_minutes).transpose().map_err(BackupError::from)?;
    let (pin, now) = (changes.pin_last_good, means.clock.now());
    let changed = means.sql.write(move |transaction| {
        async move {
            if targets::change(transaction, id, (every, pin), now).await? {
                targets::get(transaction, id).await?.ok_or(BackupError::NotFound)
            } else {
                Err(BackupError::NotFound)
            }
        }
        .boxed()
    });
    let changed = changed.await?;
    leader.nudge.notify_one();
    Ok(Json(TargetView::one(&means.sql, &changed).await.map_err(BackupError::from)?))
}
