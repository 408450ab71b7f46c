//! `POST /api/v1/backups/targets`

use api::auth::Caller;
use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::StatusCode;
use http::header::LOCATION;
use kernel::error::Kind;
use serde::Deserialize;
use store::StoreError;
use utoipa::ToSchema;

use super::leader::Leader;
use super::views::TargetView;
use crate::error::BackupError;
use crate::model::{Address, check_minutes, check_path};
use crate::server::Means;
use crate::store::targets::{self, NewTarget};

/// A path of a node that is to be backed up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRegistration {
    /// A name or an address, without the port.
    #[schema(example = "web-1")]
    host: String,
    /// Where its agent listens.
    #[schema(minimum = 1, maximum = 65535, example = 9750)]
    port: i64,
    /// A folder.
    #[schema(example = "/srv/data")]
    path: String,
    #[schema(minimum = 1, maximum = 525_600, example = 60)]
    every_minutes: i64,
    /// Keep the last good backup, as one of those that are kept, after one that lost or changed nearly everything.
    #[serde(default)]
    #[schema(default = false)]
    pin_last_good: bool,
}

/// Register a path of a node. Its first backup begins at once.
#[utoipa::path(
    post, path = "/api/v1/backups/targets", tag = "backups", request_body = NewRegistration,
    responses(
        (status = 201, body = TargetView),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "This path of this node is registered."),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn create_target(
    State(means): State<Means>,
    State(leader): State<Leader>,
    caller: Caller,
    Json(new): Json<NewRegistration>,
) -> Result<Response, Problem> {
    super::may(&caller, "backups:write")?;
    let new = NewTarget {
        address: Address::check(&new.host, new.port).map_err(BackupError::from)?,
        path: check_path(&new.path).map_err(BackupError::from)?,
        every: check_minutes(new.every_minutes).map_err(BackupError::from)?,
        pin_last_good: new.pin_last_good,
        created_by: caller.user,
        now: means.clock.now(),
    };
    let ids = means.ids.clone();
    let made = means.sql.write(move |transaction| {
        let (new, ids) = (new.clone(), ids.clone());
        async move { targets::insert(transaction, &new, &ids).await }.boxed()
    });
    let made = made.await.map_err(|error: StoreError| match error.kind {
        Kind::Conflict => BackupError::Registered,
        _ => error.into(),
    })?;
    leader.nudge.notify_one();
    let place = format!("/api/v1/backups/targets/{}", made.id);
    let view = TargetView::one(&means.sql, &made).await.map_err(BackupError::from)?;
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(view)).into_response())
}
