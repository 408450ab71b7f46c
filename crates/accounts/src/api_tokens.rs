//! Programs' tokens: limited to scopes, shown once, revocable.

use std::sync::Arc;
use std::time::Duration;

use api::auth::{Caller, Claims, Signer, TokenKind};
use kernel::clock::Clock;
use kernel::id::{Id, IdSource};
use serde::{Deserialize, Serialize};
use store::Sql;

use crate::error::AccountsError;
use crate::model::{ApiToken, Faults};
use crate::once::{Once, Outcome};
use crate::revoker::Revoker;
use crate::sessions::issued_at;
use crate::store::tokens::{self as rows, Kept};
use crate::store::{revocations, users};

/// Most tokens of a user.
const MOST: i64 = 100;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes, lists and revokes API tokens.
#[derive(Clone)]
pub(crate) struct ApiTokens {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) signer: Signer,
    pub(crate) revoker: Revoker,
}

/// A token to be made, as it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct NewToken {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) days: i64,
}

/// What a repeat finds of the first answer: the token itself is signed anew, identically.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    id: Id,
}

impl ApiTokens {
    /// Makes a token of the caller, once; returns it with what is kept of it. A repeat gets the same token, as long as
    /// it has not been revoked.
    pub(crate) async fn create(
        &self,
        caller: &Caller,
        new: NewToken,
        once: Once,
    ) -> Result<Outcome<(ApiToken, String)>, AccountsError> {
        let mut faults = Faults::new();
        let name = faults.name("/name", &new.name);
        let scopes = faults.scopes("/scopes", &new.scopes);
        faults.token_days("/expires_in_days", new.days);
        faults.into_result().map_err(AccountsError::Invalid)?;
        let lasts = DAY * u32::try_from(new.days).unwrap_or(1);
        let (this, user, id) = (self.clone(), caller.user, self.ids.next());
        let outcome = self
            .sql
            .write(move |transaction| {
                let (this, name, scopes, once) = (this.clone(), name.clone(), scopes.clone(), once.clone());
                Box::pin(async move {
                    if let Some(before) = once.find(transaction).await? {
                        return Ok(before);
                    }
                    let now = this.clock.now();
                    // The token says what the user is now, not what the caller's token says.
                    let user = users::by_id(transaction, user).await?.ok_or(AccountsError::SessionOver)?.user;
                    if rows::count(transaction, user.id).await? >= MOST {
                        return Err(AccountsError::TooManyTokens);
                    }
                    let claims = Claims {
                        sub: user.id,
                        username: user.username,
                        role: user.role,
                        courses: user.courses,
                        carnet: user.carnet,
                        scopes: Some(scopes.clone()),
                        iat: issued_at(now, revocations::of_user(transaction, user.id).await?),
                        exp: now.plus(lasts).as_seconds(),
                        jti: id.to_string(),
                        sid: None,
                        kind: TokenKind::Api,
                    };
                    let secret = this.signer.sign(&claims);
                    let token = ApiToken {
                        id,
                        name,
                        hint: hint(&secret),
                        scopes,
                        created_at: now,
                        expires_at: now.plus(lasts),
                        last_used_at: None,
                    };
                    let kept = Kept { owner: user.id, token };
                    rows::insert(transaction, &kept, &claims).await?;
                    once.remember(transaction, 201, &Remembered { id }, now).await?;
                    Ok(Outcome::Done((kept.token, secret)))
                })
            })
            .await?;
        match outcome {
            Outcome::Done(made) => Ok(Outcome::Done(made)),
            Outcome::Replayed { status, body } => self.again(status, &body).await,
        }
    }

    /// The first answer again, put together from what is kept.
    async fn again(&self, status: u16, body: &str) -> Result<Outcome<(ApiToken, String)>, AccountsError> {
        let Remembered { id } =
            serde_json::from_str(body).map_err(|_| AccountsError::Fault("a remembered token is damaged"))?;
        let kept = rows::by_id(self.sql.reader(), id).await?;
        let claims = rows::claims(self.sql.reader(), id).await?;
        let (Some(kept), Some(claims)) = (kept, claims) else { return Err(AccountsError::NotFound) };
        let first = crate::http::Made {
            token: self.signer.sign(&claims),
            about: ApiToken { last_used_at: None, ..kept.token },
        };
        let body =
            serde_json::to_string(&first).map_err(|_| AccountsError::Fault("a token could not be written as JSON"))?;
        Ok(Outcome::Replayed { status, body })
    }

    /// A user's tokens after `after`.
    pub(crate) async fn list(&self, owner: Id, after: Option<Id>, limit: u64) -> Result<Vec<ApiToken>, AccountsError> {
        Ok(rows::list(self.sql.reader(), owner, after, limit).await?)
    }

    /// Revokes a token of the caller; an administrator may revoke anybody's.
    pub(crate) async fn revoke(&self, caller: &Caller, id: Id) -> Result<(), AccountsError> {
        let (revoker, user, is_admin) = (self.revoker.clone(), caller.user, caller.is_admin());
        self.sql
            .write(move |transaction| {
                let revoker = revoker.clone();
                Box::pin(async move {
                    let kept = rows::by_id(transaction, id).await?;
                    let kept = kept.filter(|kept| is_admin || kept.owner == user).ok_or(AccountsError::NotFound)?;
                    rows::delete(transaction, id).await?;
                    revoker.token(transaction, id, kept.token.expires_at).await?;
                    Ok::<_, AccountsError>(())
                })
            })
            .await?;
        self.revoker.publish();
        Ok(())
    }
}

/// The visible prefix and the last six characters, which are its signature's and tell two tokens apart.
fn hint(secret: &str) -> String {
    let tail = secret.len().saturating_sub(6);
    format!("{}…{}", api::auth::API_TOKEN_PREFIX, secret.get(tail..).unwrap_or_default())
}
