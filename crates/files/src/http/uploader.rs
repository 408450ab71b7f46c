//! Who uploads: a member with a token, or a guest with a member's voucher.

use api::Problem;
use api::auth::Caller;
use api::idempotency;
use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};
use kernel::error::Kind;
use kernel::id::Id;

use super::problem::Failure;
use super::{Uploading, owner, viewer};
use crate::ingest::IngestError;
use crate::model::audit::Via;
use crate::model::voucher::{Refusal, Voucher};
use crate::model::{Owner, Upload, Visibility, secret_token};
use crate::store::Begun;

/// The header that carries a guest's voucher.
const X_BEDEL_VOUCHER: HeaderName = HeaderName::from_static("x-bedel-voucher");

/// Who uploads.
#[derive(Debug, Clone)]
pub(super) enum Uploader {
    /// Somebody with a token.
    Member(Caller),
    /// Somebody with a voucher. What they upload is the member's who gave it.
    Guest(Voucher),
}

impl FromRequestParts<Uploading> for Uploader {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, uploading: &Uploading) -> Result<Self, Failure> {
        let Some(token) = parts.headers.get(&X_BEDEL_VOUCHER) else {
            return Ok(Self::Member(Caller::from_request_parts(parts, uploading).await?));
        };
        if parts.headers.contains_key(AUTHORIZATION) || parts.headers.get_all(&X_BEDEL_VOUCHER).iter().count() > 1 {
            return Err(Problem::unparsable("Send one X-Bedel-Voucher, or Authorization, not both.").into());
        }
        let hash = secret_token::hash(token.to_str().unwrap_or_default().trim());
        match uploading.store.voucher_by_token(&hash).await? {
            Some(voucher) if voucher.revoked_at.is_some() => Err(IngestError::Voucher(Refusal::Revoked).into()),
            Some(voucher) => Ok(Self::Guest(voucher)),
            None => Err(Problem::new(Kind::Unauthenticated, "There is no such voucher.")
                .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
                .into()),
        }
    }
}

impl Uploader {
    /// Passes if the uploader may upload at all.
    pub(super) fn may_upload(&self) -> Result<(), Problem> {
        match self {
            Self::Member(caller) => caller.need_scope("files:write"),
            Self::Guest(_) => Ok(()),
        }
    }

    /// Whose the uploads are.
    pub(super) fn owner(&self) -> Owner {
        match self {
            Self::Member(caller) => owner(caller),
            Self::Guest(voucher) => voucher.owner.clone(),
        }
    }

    /// Whose transfers they count as.
    pub(super) const fn account(&self) -> Id {
        match self {
            Self::Member(caller) => caller.user,
            Self::Guest(voucher) => voucher.owner.id,
        }
    }

    /// What lets them in.
    pub(super) const fn via(&self) -> Via {
        match self {
            Self::Member(_) => Via::User,
            Self::Guest(_) => Via::Voucher,
        }
    }

    /// With what right an upload is begun.
    pub(super) const fn begun(&self) -> Begun {
        match self {
            Self::Member(caller) => Begun::Member(caller.role),
            Self::Guest(voucher) => Begun::Guest(voucher.id),
        }
    }

    /// Who may see what is uploaded: a guest cannot publish in a member's name.
    pub(super) const fn visibility(&self, asked: Visibility) -> Visibility {
        match self {
            Self::Member(_) => asked,
            Self::Guest(_) => Visibility::Private,
        }
    }

    /// What an idempotency key belongs to.
    pub(super) fn scope(&self, method: &Method, path: &str) -> String {
        match self {
            Self::Member(caller) => idempotency::scope(Some(caller), method, path),
            Self::Guest(voucher) => format!("voucher {} {method} {path}", voucher.id),
        }
    }

    /// Tells that the uploader is there, if it is somebody of the campus.
    pub(super) fn seen(&self, uploading: &Uploading) {
        if let Self::Member(caller) = self {
            uploading.tracker.saw(&owner(caller));
        }
    }

    /// The upload, if it is theirs: other people's uploads do not exist.
    pub(super) async fn upload(&self, uploading: &Uploading, id: Id) -> Result<Upload, Failure> {
        let upload = uploading.store.upload(id).await?.ok_or(IngestError::NotFound)?;
        let theirs = match self {
            Self::Member(caller) => viewer(caller).may_write(upload.owner.id),
            Self::Guest(voucher) => uploading.store.voucher_of(id).await? == Some(voucher.id),
        };
        if theirs { Ok(upload) } else { Err(IngestError::NotFound.into()) }
    }
}
