//! `POST /api/v1/backups/targets/{id}/run`

use api::auth::Caller;
use api::{Path, Problem, ProblemBody};
use axum::extract::State;
use axum::response::Response;
use futures::FutureExt;
use kernel::id::Id;

use super::leader::Leader;
use super::views::AttemptView;
use crate::error::BackupError;
use crate::model::{Attempt, Outcome};
use crate::server::Means;
use crate::store::{log, targets};

/// Back up now. The answer is the attempt's line of the log, to be asked for until it has ended; one that is under way
/// already is that one.
#[utoipa::path(
    post, path = "/api/v1/backups/targets/{id}/run", tag = "backups", params(("id" = String, Path)),
    responses(
        (status = 202, body = AttemptView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn run_target(
    State(means): State<Means>,
    State(leader): State<Leader>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Response, Problem> {
    super::may(&caller, "backups:write")?;
    let (ids, now) = (means.ids.clone(), means.clock.now());
    let asked = means.sql.write(move |transaction| {
        let ids = ids.clone();
        async move {
            let Some(target) = targets::get(transaction, id).await? else { return Err(BackupError::NotFound) };
            if let Some(open) = log::open(transaction, id).await? {
                return Ok(open);
            }
            let attempt = Attempt::begun(ids.next(), &target, Outcome::Queued, now);
            log::write(transaction, &attempt).await?;
            Ok(attempt)
        }
        .boxed()
    });
    let attempt = asked.await?;
    leader.nudge.notify_one();
    Ok(super::accepted(&attempt))
}
