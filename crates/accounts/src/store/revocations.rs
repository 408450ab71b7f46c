//! `accounts_revocations`: what was taken back and would otherwise still be believed.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;

use super::{Row, all, execute, one};

/// What a revocation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// All tokens of a user made until then.
    User,
    /// One API token.
    Token,
    /// The access tokens of one session.
    Session,
}

impl Subject {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Token => "token",
            Self::Session => "session",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Revoked {
    pub(crate) id: Id,
    pub(crate) subject: Subject,
    pub(crate) at: Timestamp,
    /// When everything it is about has expired by itself.
    pub(crate) until: Timestamp,
}

/// Writes a revocation, or makes a known one later and longer.
pub(crate) async fn put(transaction: &DatabaseTransaction, revoked: &Revoked) -> Result<(), StoreError> {
    let sql = "UPDATE accounts_revocations SET revoked_at = ?, until_at = CASE WHEN until_at > ? THEN until_at ELSE ? \
               END WHERE id = ?";
    let (at, until, id) = (revoked.at.as_micros(), revoked.until.as_micros(), revoked.id.to_string());
    let values = vec![at.into(), until.into(), until.into(), id.as_str().into()];
    if execute(transaction, "revocations: extend", sql, values).await? == 1 {
        return Ok(());
    }
    let sql = "INSERT INTO accounts_revocations (id, kind, revoked_at, until_at) VALUES (?, ?, ?, ?)";
    let values = vec![id.into(), revoked.subject.name().into(), at.into(), until.into()];
    execute(transaction, "revocations: insert", sql, values).await.map(drop)
}

/// When a user's tokens were last revoked.
pub(crate) async fn of_user(connection: &impl ConnectionTrait, user: Id) -> Result<Option<Timestamp>, StoreError> {
    let what = "revocations: of a user";
    let sql = "SELECT revoked_at FROM accounts_revocations WHERE id = ?";
    let row = one(connection, what, sql, vec![user.to_string().into()]).await?;
    row.map(|row| Row::new(row, what).time(0)).transpose()
}

/// All that still matter, newest first.
pub(crate) async fn current(connection: &impl ConnectionTrait, now: Timestamp) -> Result<Vec<Revoked>, StoreError> {
    let what = "revocations: current";
    let sql = "SELECT id, kind, revoked_at, until_at FROM accounts_revocations WHERE until_at > ? ORDER BY revoked_at \
               DESC, id";
    let rows = all(connection, what, sql, vec![now.as_micros().into()]).await?;
    let read = |row| {
        let row = Row::new(row, what);
        let subject = match row.text(1)?.as_str() {
            "user" => Subject::User,
            "session" => Subject::Session,
            _ => Subject::Token,
        };
        Ok(Revoked { id: row.id(0)?, subject, at: row.time(2)?, until: row.time(3)? })
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn sweep(transaction: &DatabaseTransaction, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM accounts_revocations WHERE until_at <= ?";
    execute(transaction, "revocations: sweep", sql, vec![now.as_micros().into()]).await
}
