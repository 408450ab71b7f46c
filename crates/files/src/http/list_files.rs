//! `GET /files`: the catalogue, as far as the caller may see it.

#![expect(unused_qualifications, reason = "utoipa's macro names the query's type by its full path")]

use std::time::Duration;

use api::auth::MaybeCaller;
use api::{FieldError, Json, Page, Paged, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Failure;
use super::{Catalogue, maybe_viewer, owner};
use crate::model::FileView;
use crate::model::listing::{Cursor, Filter, Sort};
use crate::model::search::Search;

/// Most days ahead for which files that end are listed.
const MOST_DAYS: u32 = 3650;

/// What is looked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Beginnings of words that all occur in name, title, description, category, classification or tags.
    q: Option<String>,
    /// A category, exactly.
    category: Option<String>,
    /// A media type, or a kind of them: `video`, `video/*`, `video/mp4`.
    #[serde(rename = "type")]
    media_type: Option<String>,
    /// An owner's id or user name, or `me`.
    owner: Option<String>,
    /// A classification, exactly.
    classification: Option<String>,
    /// A tag.
    tag: Option<String>,
    /// Only files that end by themselves within so many days, 1–3650.
    #[param(minimum = 1, maximum = 3650)]
    expiring_within_days: Option<u32>,
    /// What is in the trash: one's own, or everybody's for administrators.
    #[serde(default)]
    trash: bool,
    /// The order: `-created_at` unless said.
    #[serde(default)]
    sort: Sort,
    // `Page` reads these two.
    #[param(ignore)]
    #[serde(rename = "limit")]
    _limit: Option<String>,
    #[param(ignore)]
    #[serde(rename = "cursor")]
    _cursor: Option<String>,
}

/// The files the caller may see.
#[utoipa::path(
    get,
    path = "/api/v1/files",
    tag = "files",
    params(Params, Page),
    responses((status = 200, body = Paged<FileView>)),
    security((), ("token" = []))
)]
pub(super) async fn list_files(
    State(catalogue): State<Catalogue>,
    caller: MaybeCaller,
    page: Page,
    Query(params): Query<Params>,
) -> Result<Json<Paged<FileView>>, Failure> {
    let viewer = maybe_viewer(&caller)?;
    if let Some(caller) = &caller.0 {
        catalogue.tracker.saw(&owner(caller));
    }
    let wanted = |text: Option<String>| text.filter(|text| !text.is_empty());
    let owner = match wanted(params.owner).as_deref() {
        Some("me") => match &caller.0 {
            Some(caller) => Some(caller.user.to_string()),
            None => return Err(Problem::new(kernel::error::Kind::Unauthenticated, "owner=me needs a token.").into()),
        },
        other => other.map(str::to_owned),
    };
    if params.trash && caller.0.is_none() {
        return Err(Problem::new(kernel::error::Kind::Unauthenticated, "trash=true needs a token.").into());
    }
    if params.expiring_within_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
        let message = format!("a number from 1 to {MOST_DAYS} is expected");
        return Err(Problem::unprocessable(vec![FieldError::new("/expiring_within_days", "range", message)]).into());
    }
    let ends_before = params
        .expiring_within_days
        .map(|days| catalogue.clock.now().plus(Duration::from_secs(u64::from(days) * 86_400)));
    let filter = Filter {
        search: params.q.as_deref().map(Search::parse).unwrap_or_default(),
        classification: wanted(params.classification),
        tag: wanted(params.tag),
        ends_before,
        trash: params.trash,
        category: wanted(params.category),
        media_type: wanted(params.media_type),
        owner,
        sort: params.sort,
    };
    let after: Option<Cursor> = page.position()?;
    if after.as_ref().is_some_and(|cursor| cursor.sort != filter.sort) {
        let error = FieldError::new("/cursor", "value", "this cursor belongs to another order");
        return Err(Problem::unprocessable(vec![error]).into());
    }
    let found = catalogue.store.list(viewer, &filter, after.as_ref(), page.limit + 1).await?;
    let cut = Paged::cut(found, page.limit, |file| Cursor::of(file, filter.sort).text());
    Ok(Json(Paged { items: cut.items.iter().map(crate::model::File::view).collect(), next_cursor: cut.next_cursor }))
}
