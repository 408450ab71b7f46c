//! Telling all roles what was taken back.

use std::sync::Arc;
use std::time::Duration;

use api::auth::{REVOCATIONS_KEY, Revocations, Verifier};
use kernel::clock::{Clock, Timestamp};
use kernel::id::Id;
use kernel::live::Live;
use sea_orm::DatabaseTransaction;
use store::{Sql, StoreError};
use tokio::sync::Notify;

use crate::store::revocations::{self, Revoked, Subject};
use crate::store::{sessions, tokens};

/// Revocations outlive the tokens they are about by this much, for clocks that differ.
const MARGIN: Duration = Duration::from_secs(120);

/// Revokes in the caller's transaction, and publishes afterwards. SQL is the truth; the live store has a copy.
#[derive(Clone)]
pub(crate) struct Revoker {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) access_token: Duration,
    pub(crate) changed: Arc<Notify>,
}

impl Revoker {
    /// Every token of a user made until now is dead.
    pub(crate) async fn user(&self, transaction: &DatabaseTransaction, user: Id) -> Result<(), StoreError> {
        let at = self.clock.now();
        let access = at.plus(self.access_token);
        let until = tokens::last_end(transaction, user).await?.map_or(access, |end| end.max(access)).plus(MARGIN);
        revocations::put(transaction, &Revoked { id: user, subject: Subject::User, at, until }).await
    }

    /// One API token is dead.
    pub(crate) async fn token(
        &self,
        transaction: &DatabaseTransaction,
        token: Id,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let revoked = Revoked { id: token, subject: Subject::Token, at: self.clock.now(), until: expires.plus(MARGIN) };
        revocations::put(transaction, &revoked).await
    }

    /// Ends a session; its access tokens are dead.
    pub(crate) async fn session(&self, transaction: &DatabaseTransaction, session: Id) -> Result<(), StoreError> {
        sessions::delete(transaction, session).await?;
        let at = self.clock.now();
        let until = at.plus(self.access_token).plus(MARGIN);
        revocations::put(transaction, &Revoked { id: session, subject: Subject::Session, at, until }).await
    }

    /// Ends a user's sessions, but for one.
    pub(crate) async fn sessions(
        &self,
        transaction: &DatabaseTransaction,
        user: Id,
        but: Option<&str>,
    ) -> Result<(), StoreError> {
        for session in sessions::of_user(transaction, user).await? {
            if but != Some(session.to_string().as_str()) {
                self.session(transaction, session).await?;
            }
        }
        Ok(())
    }

    /// Has the list published at once. Called after the commit.
    pub(crate) fn publish(&self) {
        self.changed.notify_one();
    }
}

/// Most bytes of the list: the live store takes 256 KiB a value.
const LARGEST: usize = 250 << 10;

/// Reads the list from SQL and gives it to this process's verifier.
pub(crate) async fn load(sql: &Sql, clock: &dyn Clock, verifier: &Verifier) -> Result<String, StoreError> {
    let list = list(revocations::current(sql.reader(), clock.now()).await?);
    let text = serde_json::to_string(&list).unwrap_or_default();
    verifier.set_revocations(list);
    Ok(text)
}

pub(crate) async fn publish(live: &dyn Live, text: String) -> Result<(), kernel::live::LiveError> {
    live.put(REVOCATIONS_KEY, text.into(), None).await
}

/// The list, newest first while there is room. Users and API tokens come before sessions, which end within minutes.
fn list(mut revoked: Vec<Revoked>) -> Revocations {
    revoked.sort_by_key(|one| one.subject == Subject::Session);
    let mut list = Revocations::default();
    let mut bytes = 64;
    for one in revoked {
        bytes += match one.subject {
            Subject::User => 64,
            Subject::Token | Subject::Session => 29,
        };
        if bytes > LARGEST {
            tracing::error!("there are more revocations than can be published: the oldest are left out");
            break;
        }
        match one.subject {
            Subject::User => drop(list.users.insert(one.id, one.at)),
            Subject::Token | Subject::Session => drop(list.tokens.insert(one.id.to_string())),
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use kernel::clock::ManualClock;
    use kernel::id::IdSource;

    use super::*;

    #[test]
    fn a_list_that_is_too_long_keeps_what_lasts_longest() {
        let ids = IdSource::seeded(Arc::new(ManualClock::default()), 1);
        let at = Timestamp::from_micros(1_700_000_000_123_456);
        let one = |subject| Revoked { id: ids.next(), subject, at, until: at };
        let mut revoked: Vec<Revoked> = (0..20_000).map(|_| one(Subject::Session)).collect();
        revoked.extend((0..1000).map(|_| one(Subject::User)));
        let list = list(revoked);
        assert_eq!(list.users.len(), 1000);
        assert!(list.tokens.len() > 5000, "{}", list.tokens.len());
        assert!(serde_json::to_vec(&list).expect("serialises").len() <= 256 << 10);
    }
}
