//! `GET /audit`: who moved what, when and from where. One's own; administrators see all.

#![expect(unused_qualifications, reason = "utoipa's macro names the query's type by its full path")]

use api::auth::Caller;
use api::{Json, Page, Paged, Query};
use axum::extract::State;
use kernel::clock::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Past;
use super::problem::Failure;
use crate::model::audit::{AuditCursor, AuditEntry, AuditFilter, Outcome};
use crate::model::transfer::Direction;

/// Which entries are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// A user's id or user name.
    user: Option<String>,
    /// A file's id.
    file: Option<String>,
    /// `upload` or `download`.
    direction: Option<Direction>,
    /// `done`, `abandoned`, `refused` or `open`.
    outcome: Option<Outcome>,
    /// Begun at this moment (RFC 3339) or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Begun before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    // `Page` reads these two.
    #[param(ignore)]
    #[serde(rename = "limit")]
    _limit: Option<String>,
    #[param(ignore)]
    #[serde(rename = "cursor")]
    _cursor: Option<String>,
}

impl Params {
    /// What of it this caller may see.
    pub(super) fn filter(self, caller: &Caller) -> AuditFilter {
        let wanted = |text: Option<String>| text.filter(|text| !text.is_empty());
        AuditFilter {
            own: (!caller.is_admin()).then_some(caller.user),
            user: wanted(self.user),
            file: wanted(self.file),
            direction: self.direction,
            outcome: self.outcome,
            from: self.from,
            until: self.until,
        }
    }
}

/// Transfers that were, the newest first, each with all the requests it took.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    params(Params, Page),
    responses((status = 200, body = Paged<AuditEntry>), (status = 422)),
    security(("token" = []))
)]
pub(super) async fn list_audit(
    State(past): State<Past>,
    caller: Caller,
    page: Page,
    Query(params): Query<Params>,
) -> Result<Json<Paged<AuditEntry>>, Failure> {
    caller.need_scope("files:read")?;
    let after: Option<AuditCursor> = page.position()?;
    let found = past.store.audit(&params.filter(&caller), after.as_ref(), page.limit + 1).await?;
    Ok(Json(Paged::cut(found, page.limit, |entry| AuditCursor::of(entry).text())))
}
