//! `GET /presence`: who is there. One's own; administrators see all.

use std::collections::BTreeMap;

use api::Json;
use api::auth::Caller;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Failure;
use super::{GoingOn, owner};
use crate::model::presence::{PREFIX, Presence, PresenceState, Sighting};

/// Users and what they are doing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct PresenceList {
    /// They, by id.
    items: Vec<Presence>,
    /// Always `null`: the list is whole.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Who is there.
#[utoipa::path(
    get,
    path = "/api/v1/presence",
    tag = "transfers",
    responses((status = 200, body = PresenceList)),
    security(("token" = []))
)]
pub(super) async fn list_presence(
    State(going_on): State<GoingOn>,
    caller: Caller,
) -> Result<Json<PresenceList>, Failure> {
    caller.need_scope("files:read")?;
    let me = owner(&caller);
    going_on.tracker.saw(&me);
    let now = going_on.clock.now();
    let mine = caller.user.to_string();
    let mut found: BTreeMap<String, Presence> = BTreeMap::new();

    // What Live may have lost: whoever has an unfinished upload was there.
    for upload in going_on.store.unfinished((!caller.is_admin()).then_some(caller.user)).await? {
        let user = upload.owner.id.to_string();
        found.entry(user.clone()).or_insert(Presence {
            user,
            user_name: upload.owner.name,
            state: PresenceState::Disconnected,
            since: upload.updated_at,
        });
    }
    for (key, value) in going_on.in_live(PREFIX).await {
        let Ok(sighting) = serde_json::from_slice::<Sighting>(&value) else { continue };
        let user = key[PREFIX.len()..].to_owned();
        if caller.is_admin() || user == mine {
            found.insert(user.clone(), sighting.presence(&user, now));
        }
    }
    for transfer in going_on.tracker.here().into_iter().filter(|t| caller.is_admin() || t.user == mine) {
        let since = found.get(&transfer.user).map_or(now, |known| known.since);
        let (user, user_name) = (transfer.user.clone(), transfer.user_name);
        found.insert(transfer.user, Presence { user, user_name, state: PresenceState::Transferring, since });
    }
    // Whoever asks is there.
    let known = found.entry(mine.clone()).or_insert_with(|| Presence {
        user: mine,
        user_name: me.name,
        state: PresenceState::Online,
        since: now,
    });
    if known.state == PresenceState::Disconnected {
        known.state = PresenceState::Online;
        known.since = now;
    }
    Ok(Json(PresenceList { items: found.into_values().collect(), next_cursor: None }))
}
