//! `accounts_sessions`: one row a session; its refresh token is kept as a hash, as is the one before it.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;

use super::{Row, all, execute, one};

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: Id,
    pub(crate) user: Id,
    pub(crate) token_hash: String,
    pub(crate) previous_hash: Option<String>,
    pub(crate) rotated_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

pub(crate) async fn insert(transaction: &DatabaseTransaction, session: &Session) -> Result<(), StoreError> {
    let sql = "INSERT INTO accounts_sessions (id, user_id, token_hash, previous_hash, rotated_at, created_at, \
               expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let values = vec![
        session.id.to_string().into(),
        session.user.to_string().into(),
        session.token_hash.as_str().into(),
        session.previous_hash.clone().into(),
        session.rotated_at.as_micros().into(),
        session.created_at.as_micros().into(),
        session.expires_at.as_micros().into(),
    ];
    execute(transaction, "sessions: insert", sql, values).await.map(drop)
}

pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Session>, StoreError> {
    let what = "sessions: by id";
    let sql = "SELECT id, user_id, token_hash, previous_hash, rotated_at, created_at, expires_at FROM \
               accounts_sessions WHERE id = ?";
    let Some(row) = one(connection, what, sql, vec![id.to_string().into()]).await? else { return Ok(None) };
    let row = Row::new(row, what);
    Ok(Some(Session {
        id: row.id(0)?,
        user: row.id(1)?,
        token_hash: row.text(2)?,
        previous_hash: row.optional_text(3)?,
        rotated_at: row.time(4)?,
        created_at: row.time(5)?,
        expires_at: row.time(6)?,
    }))
}

/// Puts the session's new token in the place of `expected`; `false` if another request was faster.
pub(crate) async fn rotate(
    transaction: &DatabaseTransaction,
    session: &Session,
    expected: &str,
) -> Result<bool, StoreError> {
    let sql = "UPDATE accounts_sessions SET token_hash = ?, previous_hash = ?, rotated_at = ?, expires_at = ? WHERE id \
               = ? AND token_hash = ?";
    let values = vec![
        session.token_hash.as_str().into(),
        session.previous_hash.clone().into(),
        session.rotated_at.as_micros().into(),
        session.expires_at.as_micros().into(),
        session.id.to_string().into(),
        expected.into(),
    ];
    Ok(execute(transaction, "sessions: rotate", sql, values).await? == 1)
}

pub(crate) async fn delete(transaction: &DatabaseTransaction, id: Id) -> Result<(), StoreError> {
    let sql = "DELETE FROM accounts_sessions WHERE id = ?";
    execute(transaction, "sessions: delete", sql, vec![id.to_string().into()]).await.map(drop)
}

/// The ids of a user's sessions.
pub(crate) async fn of_user(connection: &impl ConnectionTrait, user: Id) -> Result<Vec<Id>, StoreError> {
    let what = "sessions: of a user";
    let sql = "SELECT id FROM accounts_sessions WHERE user_id = ?";
    let rows = all(connection, what, sql, vec![user.to_string().into()]).await?;
    rows.into_iter().map(|row| Row::new(row, what).id(0)).collect()
}

pub(crate) async fn sweep(transaction: &DatabaseTransaction, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM accounts_sessions WHERE expires_at <= ?";
    execute(transaction, "sessions: sweep", sql, vec![now.as_micros().into()]).await
}
