//! `GET` and `HEAD /shares/{share}/content`: a link's bytes in one request, for `curl -O`.

use api::auth::MaybeCaller;
use api::{Path, Problem};
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use kernel::secret::Secret;

use super::offering::{Content, Offered as _, Way, answer, plan};
use super::problem::Failure;
use super::{Sharing, Tried, address};
use crate::model::audit::Via;
use crate::model::share::Share;

/// A link's bytes. Each first byte sent counts as one download; going on from a later one, within a day, does not.
#[utoipa::path(
    get,
    path = "/api/v1/shares/{share}/content",
    tag = "shares",
    params(
        ("share" = String, Path, description = "The link's token"),
        ("Authorization" = Option<String>, Header, description = "Basic, with any name and the link's password"),
        ("Range" = Option<String>, Header),
        ("If-Range" = Option<String>, Header),
        ("If-Match" = Option<String>, Header),
        ("If-None-Match" = Option<String>, Header),
    ),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream"),
        (status = 206, description = "Some of them"),
        (status = 304), (status = 401), (status = 404),
        (status = 410, description = "Expired, used up or revoked"),
        (status = 412), (status = 416), (status = 429), (status = 503),
    ),
    security(())
)]
pub(super) async fn get_share_content(
    State(sharing): State<Sharing>,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let downloading = &sharing.downloading;
    let now = downloading.clock.now();
    let (share, file) = sharing.find(&token, |share: &Share| share.ended_for_resuming(now)).await?;
    let guessed = match sharing.try_password(&share, basic_password(&headers)).await? {
        Tried::NoneNeeded => false,
        Tried::Right => true,
        Tried::Wrong => return Err(challenge("The password is wrong.").into()),
        Tried::Missing => return Err(challenge("This link asks for a password: any name, and that password.").into()),
    };
    let content = Content::new(file);
    let planned = plan(content.representation(), &method, &headers);
    let counts = match &planned {
        Ok(planned) => planned.sends_bytes() && (planned.sends_first_byte() || !share.counted_lately(now)),
        Err(_) => false,
    };
    let way = Way { via: Via::Share, open: false, address: address(&headers) };
    let answered = match planned {
        Ok(planned) => answer(downloading, &MaybeCaller(None), &content, planned, &way).await,
        Err(failure) => Err(failure),
    };
    // Counted when the bytes are at hand and before the first is sent; what could not be sent is not counted.
    if counts && answered.is_ok() {
        sharing.count(&share, guessed).await?;
    } else if guessed {
        downloading.store.forgive_guess(share.id).await?;
    }
    answered
}

fn basic_password(headers: &HeaderMap) -> Option<Secret<String>> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| Secret::new(password.to_owned()))
}

fn challenge(detail: &str) -> Problem {
    Problem::with_status(StatusCode::UNAUTHORIZED, "share-password", "The password does not open this link", detail)
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"share\", charset=\"UTF-8\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_ignored_and_the_password_may_hold_colons() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::try_from(value).expect("a header"));
            basic_password(&headers).map(|password| password.expose().clone())
        };
        assert_eq!(read(&format!("Basic {}", STANDARD.encode("x:a:ñ"))).as_deref(), Some("a:ñ"));
        assert_eq!(read(&format!("basic {}", STANDARD.encode(":"))).as_deref(), Some(""));
        for bad in ["Basic", "Basic %%%", "Bearer eDph", &format!("Basic {}", STANDARD.encode("x"))] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
