//! People's sessions: logging in, going on, leaving.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use api::auth::{Caller, Claims, Signer, TokenKind};
use kernel::clock::{Clock, Timestamp};
use kernel::id::{Id, IdSource};
use kernel::secret::Secret;
use sea_orm::DatabaseTransaction;
use store::{Sql, StoreError};

use crate::error::AccountsError;
use crate::guard::{Attempt, Guard};
use crate::model::{User, fold};
use crate::passwords::Passwords;
use crate::refresh_token::{self, RefreshTokens};
use crate::revoker::Revoker;
use crate::store::sessions::{self as rows, Session};
use crate::store::{failures, revocations, users};

/// How long a refresh token may be used again while its successor has not been: an answer lost on its way must not end
/// the session. Whoever stole the token is found out when the other one goes on.
const LEEWAY: Duration = Duration::from_secs(10);

/// Opens, prolongs and ends sessions.
#[derive(Clone)]
pub(crate) struct Sessions {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) signer: Signer,
    pub(crate) refresh_tokens: RefreshTokens,
    pub(crate) passwords: Passwords,
    pub(crate) guard: Guard,
    pub(crate) revoker: Revoker,
    pub(crate) access_token: Duration,
    pub(crate) refresh_token: Duration,
}

/// What a session's holder is given.
#[derive(Debug, Clone)]
pub(crate) struct Granted {
    pub(crate) access_token: String,
    pub(crate) expires_in: u64,
    pub(crate) refresh_token: String,
    pub(crate) refresh_expires_in: u64,
}

/// How a refresh ended, inside its transaction: what revokes must be committed, so it is no error there.
enum Turn {
    Granted(Box<Granted>),
    Over,
    Reused,
}

impl Sessions {
    /// Opens a session for whoever knows the password.
    pub(crate) async fn log_in(
        &self,
        username: &str,
        password: &Secret<String>,
        address: Option<IpAddr>,
    ) -> Result<Granted, AccountsError> {
        let folded = fold(username);
        let attempt = Attempt::new(&folded, address);
        let user = self.check(&attempt, &folded, password).await?.ok_or(AccountsError::BadCredentials)?;
        let session = Session {
            id: self.ids.next(),
            user: user.id,
            token_hash: String::new(),
            previous_hash: None,
            rotated_at: self.clock.now(),
            created_at: self.clock.now(),
            expires_at: self.clock.now().plus(self.refresh_token),
        };
        let this = self.clone();
        self.sql
            .write(move |transaction| {
                let (this, attempt, user, mut session) = (this.clone(), attempt.clone(), user.clone(), session.clone());
                Box::pin(async move {
                    failures::forgive(transaction, attempt.account()).await?;
                    let granted = this.grant(transaction, &user, &mut session).await?;
                    rows::insert(transaction, &session).await?;
                    Ok(granted)
                })
            })
            .await
    }

    /// The user, if the password is right; a wrong one is recorded. Within the limits only.
    pub(crate) async fn check(
        &self,
        attempt: &Attempt,
        folded: &str,
        password: &Secret<String>,
    ) -> Result<Option<User>, AccountsError> {
        // Before waiting for a turn, so that a flood of guesses does not make everybody wait.
        self.guard.admit(attempt).await?;
        let turn = self.passwords.turn().await?;
        self.guard.admit(attempt).await?;
        let known = users::by_username(self.sql.reader(), folded).await?;
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        if self.passwords.verify(&turn, password, hash).await? {
            return Ok(known.map(|known| known.user));
        }
        self.guard.record_failure(attempt).await?;
        Ok(None)
    }

    /// A new pair of tokens for a refresh token, which is used up. One that was used up before ends the session:
    /// either its holder or somebody else has a stolen one.
    pub(crate) async fn refresh(&self, token: &str) -> Result<Granted, AccountsError> {
        let Some(id) = self.refresh_tokens.session(token) else { return Err(AccountsError::SessionOver) };
        let hash = refresh_token::hash(token);
        let this = self.clone();
        let turn = self
            .sql
            .write(move |transaction| {
                let (this, hash) = (this.clone(), hash.clone());
                Box::pin(async move { this.take_turn(transaction, id, &hash).await })
            })
            .await?;
        match turn {
            Turn::Granted(granted) => Ok(*granted),
            Turn::Over => Err(AccountsError::SessionOver),
            Turn::Reused => {
                self.revoker.publish();
                tracing::warn!(session.id = %id, "a refresh token was used twice: its session was ended");
                Err(AccountsError::SessionOver)
            }
        }
    }

    async fn take_turn(&self, transaction: &DatabaseTransaction, id: Id, hash: &str) -> Result<Turn, AccountsError> {
        let now = self.clock.now();
        let Some(mut session) = rows::by_id(transaction, id).await? else { return Ok(Turn::Over) };
        if session.expires_at <= now {
            return Ok(Turn::Over);
        }
        let current = session.token_hash.clone();
        let is_current = current == hash;
        let again = session.previous_hash.as_deref() == Some(hash) && now.since(session.rotated_at) <= LEEWAY;
        if !is_current && !again {
            self.revoker.session(transaction, id).await?;
            return Ok(Turn::Reused);
        }
        let Some(known) = users::by_id(transaction, session.user).await? else { return Ok(Turn::Over) };
        if is_current {
            session.previous_hash = Some(current.clone());
            session.rotated_at = now;
        }
        session.expires_at = now.plus(self.refresh_token);
        let granted = self.grant(transaction, &known.user, &mut session).await?;
        if rows::rotate(transaction, &session, &current).await? {
            return Ok(Turn::Granted(Box::new(granted)));
        }
        // Another request with the same token was faster (MySQL): its answer counts, and this one may ask again.
        Err(StoreError::bare(kernel::error::Kind::Unavailable, "sessions: two refreshes at once").into())
    }

    /// Signs an access token and makes a refresh token, whose hash it leaves in `session`.
    async fn grant(
        &self,
        transaction: &DatabaseTransaction,
        user: &User,
        session: &mut Session,
    ) -> Result<Granted, AccountsError> {
        let revoked = revocations::of_user(transaction, user.id).await?;
        let issued = issued_at(self.clock.now(), revoked);
        let expires_in = self.access_token.as_secs();
        let claims = Claims {
            sub: user.id,
            username: user.username.clone(),
            role: user.role,
            courses: user.courses.clone(),
            carnet: user.carnet,
            scopes: None,
            iat: issued,
            exp: self.clock.now().as_seconds().saturating_add(i64::try_from(expires_in).unwrap_or(i64::MAX)),
            jti: self.ids.next().to_string(),
            sid: Some(session.id.to_string()),
            kind: TokenKind::Access,
        };
        let refresh_token = self.refresh_tokens.make(session.id, &self.ids);
        session.token_hash = refresh_token::hash(&refresh_token);
        Ok(Granted {
            access_token: self.signer.sign(&claims),
            expires_in,
            refresh_token,
            refresh_expires_in: self.refresh_token.as_secs(),
        })
    }

    /// Ends the session of a refresh token, current or not. A token that names none has nothing to end.
    pub(crate) async fn log_out(&self, token: &str) -> Result<(), AccountsError> {
        match self.refresh_tokens.session(token) {
            Some(id) => self.end(id).await,
            None => Ok(()),
        }
    }

    /// Ends the caller's session, or all sessions of the caller.
    pub(crate) async fn log_out_caller(&self, caller: &Caller, everywhere: bool) -> Result<(), AccountsError> {
        if !everywhere {
            return match caller.session.as_deref().and_then(|id| id.parse().ok()) {
                Some(id) => self.end(id).await,
                None => Ok(()),
            };
        }
        let (revoker, user) = (self.revoker.clone(), caller.user);
        self.sql
            .write(move |transaction| {
                let revoker = revoker.clone();
                Box::pin(async move { Ok::<_, AccountsError>(revoker.sessions(transaction, user, None).await?) })
            })
            .await?;
        self.revoker.publish();
        Ok(())
    }

    async fn end(&self, id: Id) -> Result<(), AccountsError> {
        let revoker = self.revoker.clone();
        self.sql
            .write(move |transaction| {
                let revoker = revoker.clone();
                Box::pin(async move {
                    // Ending what is over already must not grow the list of revocations.
                    if rows::by_id(transaction, id).await?.is_some() {
                        revoker.session(transaction, id).await?;
                    }
                    Ok::<_, AccountsError>(())
                })
            })
            .await?;
        self.revoker.publish();
        Ok(())
    }
}

/// When a token counts as made. Tokens count seconds: one made in the second of a revocation would be dead at once.
pub(crate) fn issued_at(now: Timestamp, revoked: Option<Timestamp>) -> i64 {
    revoked.map_or(now.as_seconds(), |at| now.as_seconds().max(at.as_seconds() + 1))
}
