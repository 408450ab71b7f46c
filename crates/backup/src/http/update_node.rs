//! `PATCH /api/v1/backups/nodes/{id}`

use api::auth::Caller;
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use futures::FutureExt;
use kernel::id::Id;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::views::NodeView;
use crate::error::BackupError;
use crate::model::Invalid;
use crate::server::Means;
use crate::store::nodes;

/// What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeChanges {
    /// Bytes that the node's packs may have; null takes the quota away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 0, example = 500_000_000_000_i64)]
    quota: Option<Option<i64>>,
}

/// Tells `null` from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Set how much a node's backups may have of the disk. What is committed stays; an attempt that needs more fails.
#[utoipa::path(
    patch, operation_id = "update_backup_node", path = "/api/v1/backups/nodes/{id}", tag = "backups",
    params(("id" = String, Path)), request_body = NodeChanges,
    responses(
        (status = 200, body = NodeView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn update_node(
    State(means): State<Means>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(changes): Json<NodeChanges>,
) -> Result<Json<NodeView>, Problem> {
    super::may(&caller, "backups:write")?;
    let negative = |_| BackupError::from(Invalid::new("quota", "a number of bytes from 0 on is expected, or null"));
    let quota = changes.quota.map(|quota| quota.map(u64::try_from).transpose()).transpose().map_err(negative)?;
    let changed = means.sql.write(move |transaction| {
        async move {
            if let Some(quota) = quota {
                nodes::limit(transaction, id, quota).await?;
            }
            nodes::get(transaction, id).await?.ok_or(BackupError::NotFound)
        }
        .boxed()
    });
    Ok(Json(NodeView::of(&changed.await?)))
}
