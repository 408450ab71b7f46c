//! `POST /api/v1/backups/{id}/rehearse`

use api::auth::Caller;
use api::{Path, Problem, ProblemBody};
use axum::extract::State;
use axum::response::Response;
use futures::FutureExt;
use kernel::id::Id;

use super::views::AttemptView;
use crate::error::BackupError;
use crate::model::Attempt;
use crate::server::Means;
use crate::store::{archives, log, targets};

/// Restore a backup to scratch and compare it, entry by entry and byte by byte. The answer is its line of the log, to be
/// asked for until it has ended; one that waits or is under way already is that one.
#[utoipa::path(
    post, path = "/api/v1/backups/{id}/rehearse", tag = "backups", params(("id" = String, Path)),
    responses(
        (status = 202, body = AttemptView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn rehearse_backup(
    State(means): State<Means>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Response, Problem> {
    super::may(&caller, "backups:write")?;
    let (ids, now) = (means.ids.clone(), means.clock.now());
    let asked = means.sql.write(move |transaction| {
        let ids = ids.clone();
        async move {
            let archive = archives::get(transaction, id).await?.ok_or(BackupError::NotFound)?;
            if !archive.kept {
                return Err(BackupError::Dropped);
            }
            if let Some(open) = log::rehearsal(transaction, id).await? {
                return Ok(open);
            }
            let target = targets::at(transaction, &archive.address, &archive.path).await?;
            let attempt = Attempt::rehearsal(ids.next(), &archive, target, now);
            log::write(transaction, &attempt).await?;
            Ok(attempt)
        }
        .boxed()
    });
    Ok(super::accepted(&asked.await?))
}
