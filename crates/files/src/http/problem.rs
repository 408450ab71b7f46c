//! What goes wrong here, as answers. Every failure is logged once, where it becomes an answer.

use std::error::Error;
use std::time::Duration;

use api::{FieldError, Problem};
use http::{HeaderValue, StatusCode};
use kernel::blobs::BlobError;
use kernel::error::{Kind, chain};
use store::StoreError;

use crate::admission::Refused;
use crate::ingest::IngestError;
use crate::model::checksum::BadChecksum;
use crate::model::concat::BadConcat;
use crate::model::draft::BadDraft;
use crate::model::metadata::BadMetadata;
use crate::model::thumbnail::BadImage;
use crate::model::tus::{self, BadTus};
use crate::model::voucher::Refusal;
use crate::passwords::PasswordError;
use crate::thumbnails::ThumbnailError;

/// An answer in the making: so that `?` turns each layer's errors into it.
pub(crate) struct Failure(pub(crate) Problem);

impl axum::response::IntoResponse for Failure {
    fn into_response(self) -> axum::response::Response {
        self.0.into_response()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let kind = match error.kind {
            Kind::Unavailable | Kind::NoSpace => error.kind,
            _ => Kind::Internal,
        };
        log(&error, kind);
        Self(Problem::new(kind, text(kind, "The catalogue's database")))
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        let kind = match error.kind() {
            Kind::Unavailable | Kind::NoSpace => error.kind(),
            _ => Kind::Internal,
        };
        log(&error, kind);
        Self(Problem::new(kind, text(kind, "The store of bytes")))
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::NotFound => Self(Problem::not_found()),
            IngestError::Gone => Self(Problem::with_status(
                StatusCode::GONE,
                "gone",
                "It was removed",
                "This upload was removed or has expired: begin a new one.",
            )),
            IngestError::Offset { actual } => Self(
                Problem::new(
                    Kind::Conflict,
                    format!("The upload stands at {actual}: ask with HEAD, then go on there."),
                )
                .header(tus::UPLOAD_OFFSET, HeaderValue::from(actual)),
            ),
            IngestError::TooLarge { most } => Self(Problem::new(Kind::TooLarge, format!("At most {most} bytes."))),
            IngestError::TakenOver => {
                Self(Problem::new(Kind::Conflict, "A newer request writes this upload: ask with HEAD where it stands."))
            }
            IngestError::Held => Self(
                Problem::with_status(
                    StatusCode::CONFLICT,
                    "held",
                    "The transfer is paused",
                    "Its owner or an administrator paused this upload. What arrived is kept: go on when it is let go.",
                )
                .retry_after(Duration::from_secs(30)),
            ),
            IngestError::Metadata(error) => error.into(),
            IngestError::Broken => Self(Problem::unparsable(
                "The body ended early. What arrived is kept: ask with HEAD, then go on there.",
            )),
            IngestError::Ending => Self(
                Problem::new(Kind::Unavailable, "This replica is ending. What arrived is kept: go on at once.")
                    .retry_after(Duration::from_secs(1)),
            ),
            IngestError::NoSpace => Self(Problem::new(
                Kind::NoSpace,
                "The disk is full. What was acknowledged is kept: go on when there is space again.",
            )),
            IngestError::Quota { left } => Self(Problem::with_status(
                StatusCode::INSUFFICIENT_STORAGE,
                "quota",
                "The quota is full",
                format!("{left} bytes are left of the quota: remove files or unfinished uploads first."),
            )),
            IngestError::Voucher(refusal) => Self(refused_voucher(refusal)),
            IngestError::OtherLength => Self(Problem::unparsable(
                "Upload-Length: this upload's length is another, or less than what is there already.",
            )),
            IngestError::Joined => Self(Problem::new(
                Kind::Forbidden,
                "This upload is made of parts and takes no bytes of its own: send them to the parts.",
            )),
            IngestError::Concat(error) => error.into(),
            IngestError::Checksum(error) => error.into(),
            IngestError::OtherRequest => Self(api::idempotency::other_body()),
            IngestError::Store(error) => error.into(),
            IngestError::Blob(error) => error.into(),
        }
    }
}

impl From<BadTus> for Failure {
    fn from(error: BadTus) -> Self {
        Self(match error {
            BadTus::Version => Problem::with_status(
                StatusCode::PRECONDITION_FAILED,
                "tus-version",
                "This version of tus is not spoken",
                format!("{error}."),
            )
            .header(tus::TUS_VERSION, HeaderValue::from_static(tus::VERSION)),
            BadTus::ContentType => Problem::unsupported_media_type(format!("{error}.")),
            BadTus::Number(_) | BadTus::NoLength | BadTus::Defer | BadTus::TwoLengths => {
                Problem::unparsable(format!("{error}."))
            }
        })
    }
}

impl From<BadConcat> for Failure {
    fn from(error: BadConcat) -> Self {
        Self(Problem::unparsable(format!("{error}.")))
    }
}

impl From<BadChecksum> for Failure {
    fn from(error: BadChecksum) -> Self {
        Self(match error {
            BadChecksum::Mismatch => Problem::with_status(
                StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
                "checksum-mismatch",
                "Checksum Mismatch",
                format!("{error}. Nothing of it was kept: send it again."),
            ),
            _ => Problem::unparsable(format!("{error}.")),
        })
    }
}

impl From<BadDraft> for Failure {
    fn from(error: BadDraft) -> Self {
        match error {
            BadDraft::ContentType => Self(Problem::unsupported_media_type(format!("{error}."))),
            BadDraft::Metadata(error) => error.into(),
            _ => Self(Problem::unparsable(format!("{error}."))),
        }
    }
}

impl From<BadMetadata> for Failure {
    fn from(error: BadMetadata) -> Self {
        match error {
            BadMetadata::Unparsable { ref key, detail } => {
                Self(Problem::unparsable(format!("{error}.")).field(format!("/{key}"), "encoding", detail))
            }
            BadMetadata::Value { key, code, message } => {
                Self(Problem::unprocessable(vec![FieldError::new(format!("/{key}"), code, message)]))
            }
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let wait = Duration::from_secs(2);
        Self(match refused {
            Refused::User => {
                Problem::new(Kind::Exhausted, "You have as many transfers as you may at once: let one end.")
            }
            Refused::Total => Problem::new(Kind::Unavailable, "The campus has as many transfers as it can take now."),
        })
        .after(wait)
    }
}

impl From<ThumbnailError> for Failure {
    fn from(error: ThumbnailError) -> Self {
        let (slug, title) = match error {
            ThumbnailError::Blob(error) => return error.into(),
            ThumbnailError::Busy => {
                let detail = "Other images are being made small: try again in a moment.";
                return Self(Problem::new(Kind::Unavailable, detail)).after(Duration::from_secs(2));
            }
            ThumbnailError::Image(BadImage::TooLarge) => ("image-too-large", "The image is too large to be made small"),
            ThumbnailError::Image(BadImage::Damaged(_)) => ("image-damaged", "The image cannot be decoded"),
        };
        Self(Problem::with_status(StatusCode::UNPROCESSABLE_ENTITY, slug, title, format!("{error}.")))
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        let kind = error.kind();
        log(&error, kind);
        Self(Problem::new(kind, text(kind, "The checking of passwords")))
    }
}

impl Failure {
    fn after(self, wait: Duration) -> Self {
        Self(self.0.retry_after(wait))
    }
}

fn refused_voucher(refusal: Refusal) -> Problem {
    let (slug, title) = match refusal {
        Refusal::Revoked => ("voucher-revoked", "This voucher was revoked"),
        Refusal::Expired => ("voucher-expired", "This voucher has expired"),
        Refusal::Files => ("voucher-files", "This voucher takes no more files"),
        Refusal::Bytes { .. } => ("voucher-bytes", "This voucher takes no more bytes"),
        Refusal::Length => {
            let detail = "A guest's upload is counted before it begins: send Upload-Length with the creation.";
            return Problem::with_status(
                StatusCode::FORBIDDEN,
                "voucher-length",
                "A guest says how long it is",
                detail,
            );
        }
    };
    Problem::with_status(StatusCode::FORBIDDEN, slug, title, format!("{refusal}: ask whoever gave it for another."))
}

fn text(kind: Kind, what: &str) -> String {
    match kind {
        Kind::NoSpace => format!("{what} is full: go on when there is space again."),
        Kind::Unavailable => format!("{what} is away: try again in a moment."),
        _ => "The server failed to answer; the fault is logged.".to_owned(),
    }
}

fn log(error: &(dyn Error + 'static), kind: Kind) {
    let error = chain(error);
    if kind == Kind::Internal {
        tracing::error!(error, "a request failed");
    } else {
        tracing::warn!(error, "a dependency failed");
    }
}
