//! The endpoints, one a file, and what each kind of them may touch.

use std::sync::Arc;

use api::ClientAddress;
use api::auth::{Caller, MaybeCaller};
use axum::Router;
use axum::routing::post;
use http::HeaderMap;
use kernel::blobs::Blobs;
use kernel::clock::Clock;
use kernel::config;
use kernel::id::IdSource;
use kernel::live::Live;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Admission;
use crate::cut::Cutter;
use crate::ingest::Ingest;
use crate::model::quota::Quotas;
use crate::model::signed::Signer;
use crate::model::{Owner, Viewer};
use crate::recorder::Recorder;
use crate::store::Store;
use crate::thumbnails::Thumbnails;
use crate::tracker::Tracker;
use crate::views::Views;

mod append;
mod create_share;
mod create_upload;
mod create_voucher;
mod delete_file;
mod delete_share;
mod delete_transfer;
mod delete_upload;
mod delete_voucher;
mod door;
mod draft;
mod export_audit;
mod get_archive;
mod get_content;
mod get_file;
mod get_my_quota;
mod get_quota;
mod get_receipt;
mod get_share;
mod get_share_content;
mod get_statistics;
mod get_stream;
mod get_thumbnail;
mod hand;
mod head_upload;
mod join_uploads;
mod list_audit;
mod list_files;
mod list_presence;
mod list_shares;
mod list_transfers;
mod list_vouchers;
mod offering;
mod open_share;
mod options_uploads;
mod patch_file;
mod patch_upload;
mod pause_transfer;
mod post_upload;
mod problem;
mod put_file;
mod put_quota;
mod restore_file;
mod resume_transfer;
mod sharing;
mod sign_archive;
mod sign_url;
mod uploader;

use get_file::writable;
pub(crate) use sharing::Sharing;
use sharing::Tried;

/// What endpoints that receive bytes may touch.
#[derive(Clone)]
pub(crate) struct Uploading {
    pub(crate) store: Store,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) settings: config::Files,
}

/// What endpoints that send bytes may touch.
#[derive(Clone)]
pub(crate) struct Downloading {
    pub(crate) store: Store,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) signer: Signer,
    pub(crate) views: Arc<Views>,
    pub(crate) thumbnails: Arc<Thumbnails>,
}

/// What the catalogue's endpoints may touch.
#[derive(Clone)]
pub(crate) struct Catalogue {
    pub(crate) store: Store,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) signer: Signer,
}

/// What the endpoints that stop transfers, and let them go on, may touch.
#[derive(Clone)]
pub(crate) struct Hand {
    pub(crate) store: Store,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) cutter: Arc<Cutter>,
    pub(crate) live: Arc<dyn Live>,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What the endpoints that tell what has happened may touch.
#[derive(Clone)]
pub(crate) struct Past {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What the endpoints that say what is going on may touch.
#[derive(Clone)]
pub(crate) struct GoingOn {
    pub(crate) store: Store,
    pub(crate) live: Arc<dyn Live>,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What the endpoints of vouchers may touch.
#[derive(Clone)]
pub(crate) struct Inviting {
    pub(crate) store: Store,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) signer: Signer,
}

/// What the endpoints of quotas may touch.
#[derive(Clone)]
pub(crate) struct Rationing {
    pub(crate) store: Store,
    pub(crate) quotas: Quotas,
}

/// What all endpoints together may touch.
pub(crate) struct Capabilities {
    pub(crate) uploading: Uploading,
    pub(crate) catalogue: Catalogue,
    pub(crate) going_on: GoingOn,
    pub(crate) hand: Hand,
    pub(crate) past: Past,
    pub(crate) sharing: Sharing,
    pub(crate) inviting: Inviting,
    pub(crate) rationing: Rationing,
}

impl GoingOn {
    /// The values under `prefix`; none of them if Live is away or slow, because SQL knows what matters.
    async fn in_live(&self, prefix: &str) -> Vec<(String, bytes::Bytes)> {
        match tokio::time::timeout(std::time::Duration::from_millis(500), self.live.scan(prefix)).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}

/// The routes with their documentation.
pub(crate) fn routes(may: Capabilities) -> OpenApiRouter {
    // Not in the documentation: PATCH, DELETE and HEAD for clients that may only send POST.
    let overridden = Router::new()
        .route(
            "/api/v1/uploads/{id}",
            post(post_upload::post_upload).get(post_upload::post_upload).put(post_upload::post_upload),
        )
        .with_state(may.uploading.clone());
    uploads()
        .with_state(may.uploading)
        .merge(contents().with_state(may.sharing.downloading.clone()))
        .merge(files().with_state(may.catalogue))
        .merge(now().with_state(may.going_on))
        .merge(orders().with_state(may.hand))
        .merge(history().with_state(may.past))
        .merge(shares().with_state(may.sharing))
        .merge(vouchers().with_state(may.inviting))
        .merge(quotas().with_state(may.rationing))
        .merge(OpenApiRouter::from(overridden))
}

/// The documentation alone.
pub(crate) fn documentation() -> utoipa::openapi::OpenApi {
    let mut document = uploads().into_openapi();
    for part in [
        contents().into_openapi(),
        files().into_openapi(),
        now().into_openapi(),
        orders().into_openapi(),
        history().into_openapi(),
        shares().into_openapi(),
        vouchers().into_openapi(),
        quotas().into_openapi(),
    ] {
        document.merge(part);
    }
    document
}

fn uploads() -> OpenApiRouter<Uploading> {
    OpenApiRouter::new()
        .routes(routes!(create_upload::create_upload, options_uploads::options_uploads))
        .routes(routes!(head_upload::head_upload, patch_upload::patch_upload, delete_upload::delete_upload))
        .routes(routes!(put_file::put_file))
}

fn contents() -> OpenApiRouter<Downloading> {
    OpenApiRouter::new()
        .routes(routes!(get_archive::get_archive))
        .routes(routes!(sign_archive::sign_archive))
        .routes(routes!(get_content::get_content))
        .routes(routes!(get_stream::get_stream))
        .routes(routes!(get_thumbnail::get_thumbnail))
}

fn files() -> OpenApiRouter<Catalogue> {
    OpenApiRouter::new()
        .routes(routes!(list_files::list_files))
        .routes(routes!(get_file::get_file, patch_file::patch_file, delete_file::delete_file))
        .routes(routes!(restore_file::restore_file))
        .routes(routes!(sign_url::sign_url))
}

fn now() -> OpenApiRouter<GoingOn> {
    OpenApiRouter::new().routes(routes!(list_transfers::list_transfers)).routes(routes!(list_presence::list_presence))
}

fn shares() -> OpenApiRouter<Sharing> {
    OpenApiRouter::new()
        .routes(routes!(create_share::create_share, list_shares::list_shares))
        .routes(routes!(get_share::get_share, delete_share::delete_share))
        .routes(routes!(open_share::open_share))
        .routes(routes!(get_share_content::get_share_content))
}

fn vouchers() -> OpenApiRouter<Inviting> {
    OpenApiRouter::new()
        .routes(routes!(create_voucher::create_voucher, list_vouchers::list_vouchers))
        .routes(routes!(delete_voucher::delete_voucher))
        .routes(routes!(get_receipt::get_receipt))
}

fn quotas() -> OpenApiRouter<Rationing> {
    OpenApiRouter::new()
        .routes(routes!(get_my_quota::get_my_quota))
        .routes(routes!(get_quota::get_quota, put_quota::put_quota))
}

fn orders() -> OpenApiRouter<Hand> {
    OpenApiRouter::new()
        .routes(routes!(delete_transfer::delete_transfer))
        .routes(routes!(pause_transfer::pause_transfer))
        .routes(routes!(resume_transfer::resume_transfer))
}

fn history() -> OpenApiRouter<Past> {
    OpenApiRouter::new()
        .routes(routes!(list_audit::list_audit))
        .routes(routes!(export_audit::export_audit))
        .routes(routes!(get_statistics::get_statistics))
}

/// From where a request came, as the audit trail keeps it.
fn address(headers: &HeaderMap) -> String {
    ClientAddress::of(headers).0.map(|address| address.to_string()).unwrap_or_default()
}

fn owner(caller: &Caller) -> Owner {
    Owner { id: caller.user, name: caller.username.clone() }
}

fn viewer(caller: &Caller) -> Viewer {
    if caller.is_admin() { Viewer::Admin(caller.user) } else { Viewer::User(caller.user) }
}

/// Who looks: nobody without a token. A token must cover `files:read`.
fn maybe_viewer(caller: &MaybeCaller) -> Result<Viewer, api::Problem> {
    let Some(caller) = &caller.0 else { return Ok(Viewer::Anonymous) };
    caller.need_scope("files:read")?;
    Ok(viewer(caller))
}
