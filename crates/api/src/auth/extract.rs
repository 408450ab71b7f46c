//! The caller of a request.

use axum::extract::FromRequestParts;
use http::HeaderValue;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use kernel::error::Kind;

use super::{Caller, TokenError};
use crate::context::Context;
use crate::problem::Problem;

/// The caller, or `None` for a request without a token. A token that is not believed is still 401: who sends one
/// wants to be somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaybeCaller(pub Option<Caller>);

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{}\"", error.code());
        let problem = Self::new(Kind::Unauthenticated, format!("{error}."));
        match HeaderValue::try_from(challenge) {
            Ok(value) => problem.header(WWW_AUTHENTICATE, value),
            Err(_) => problem,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(AUTHORIZATION) else { return Ok(Self(None)) };
        let token = value
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(TokenError::Malformed)?;
        let Some(context) = parts.extensions.get::<Context>() else {
            tracing::error!("a caller was asked for outside api::Service");
            return Err(Problem::new(Kind::Internal, "The server cannot verify tokens."));
        };
        Ok(Self(Some(context.verifier().verify(token)?)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match MaybeCaller::from_request_parts(parts, state).await? {
            MaybeCaller(Some(caller)) => Ok(caller),
            MaybeCaller(None) => Err(Problem::new(
                Kind::Unauthenticated,
                "Send a token: Authorization: Bearer TOKEN, from POST /api/v1/auth/login.",
            )
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        }
    }
}
