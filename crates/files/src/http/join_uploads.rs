//! `POST /uploads` with `Upload-Concat: final`: a file made of parts, now or as soon as they are complete.

use axum::response::Response;
use http::HeaderMap;
use kernel::id::Id;

use super::create_upload::{Asked, again, answer};
use super::problem::Failure;
use super::uploader::Uploader;
use super::{Uploading, address};
use crate::ingest::IngestError;
use crate::model::concat::{BadConcat, Kind};
use crate::model::tus;
use crate::store::{NewUpload, Repeat};

pub(super) async fn join(
    uploading: &Uploading,
    uploader: &Uploader,
    asked: Asked,
    (parts, concat_header, headers): (Vec<Id>, Option<String>, &HeaderMap),
    with_bytes: bool,
) -> Result<Response, Failure> {
    if headers.contains_key(tus::UPLOAD_LENGTH) || headers.contains_key(tus::UPLOAD_DEFER_LENGTH) {
        return Err(BadConcat::Length.into());
    }
    if with_bytes {
        return Err(BadConcat::Body.into());
    }
    uploader.seen(uploading);
    let now = uploading.clock.now();
    let most = uploading.settings.max_size;
    let new = NewUpload {
        id: uploading.ids.next(),
        owner: uploader.owner(),
        kind: Kind::Final,
        parts,
        remember: asked.remember(uploader, concat_header.as_deref().unwrap_or_default()),
        concat_header,
        most,
        length: None,
        metadata: asked.metadata,
        metadata_header: asked.metadata_header,
        now,
        expires_at: uploading.ingest.expiry(now),
        writer: None,
        via: uploader.via(),
        address: address(headers),
        by: uploader.begun(),
        quotas: uploading.ingest.quotas(),
    };
    let id = new.id;
    match uploading.ingest.begin(new, false).await?.0 {
        Repeat::New => {
            let file = uploading.store.file(id).await?;
            let offset = file.as_ref().map(|file| file.size);
            Ok(answer(uploading, id, offset, file.as_ref(), now))
        }
        Repeat::Before(id) => again(uploading, id).await,
        Repeat::OtherRequest => Err(IngestError::OtherRequest.into()),
    }
}
