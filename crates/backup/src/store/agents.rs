//! `backups_agents` and `backups_enrolments`: who may be asked for backups, and with what a node becomes one of them.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;
use store::query::{Row, execute, one};

/// A token that was given out.
pub(crate) struct Enrolment {
    pub(crate) id: Id,
    pub(crate) secret: String,
    pub(crate) created_by: Id,
    pub(crate) expires_at: Timestamp,
}

pub(crate) async fn give_token(transaction: &DatabaseTransaction, token: &Enrolment) -> Result<(), StoreError> {
    let sql = "INSERT INTO backups_enrolments (id, secret, created_by, expires_at) VALUES (?, ?, ?, ?)";
    let values = vec![
        token.id.to_string().into(),
        token.secret.as_str().into(),
        token.created_by.to_string().into(),
        token.expires_at.as_micros().into(),
    ];
    execute(transaction, "enrolments: insert", sql, values).await.map(drop)
}

/// The secret of a token that has neither been used nor expired.
pub(crate) async fn secret(
    connection: &impl ConnectionTrait,
    token: Id,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let what = "enrolments: read";
    let sql = "SELECT secret FROM backups_enrolments WHERE id = ? AND used_by IS NULL AND expires_at > ?";
    let row = one(connection, what, sql, vec![token.to_string().into(), now.as_micros().into()]).await?;
    row.map(|row| Row::new(row, what).text(0)).transpose()
}

/// Uses a token up for an agent. False: somebody was faster.
pub(crate) async fn enroll(
    transaction: &DatabaseTransaction,
    token: Id,
    agent: Id,
    fingerprint: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE backups_enrolments SET used_by = ? WHERE id = ? AND used_by IS NULL AND expires_at > ?";
    let values = vec![agent.to_string().into(), token.to_string().into(), now.as_micros().into()];
    if execute(transaction, "enrolments: use", sql, values).await? == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO backups_agents (id, fingerprint, enrolled_at) VALUES (?, ?, ?)";
    let values = vec![agent.to_string().into(), fingerprint.into(), now.as_micros().into()];
    execute(transaction, "agents: insert", sql, values).await?;
    Ok(true)
}

/// The agent whose certificate this is.
pub(crate) async fn by_fingerprint(
    connection: &impl ConnectionTrait,
    fingerprint: &str,
) -> Result<Option<Id>, StoreError> {
    let what = "agents: read";
    let sql = "SELECT id FROM backups_agents WHERE fingerprint = ?";
    let row = one(connection, what, sql, vec![fingerprint.into()]).await?;
    row.map(|row| Row::new(row, what).id(0)).transpose()
}

/// The secret of a token that was used, and the agent that used it.
pub(crate) async fn enrolled(connection: &impl ConnectionTrait, token: Id) -> Result<Option<(String, Id)>, StoreError> {
    let what = "enrolments: used";
    let sql = "SELECT secret, used_by FROM backups_enrolments WHERE id = ? AND used_by IS NOT NULL";
    let Some(row) = one(connection, what, sql, vec![token.to_string().into()]).await? else { return Ok(None) };
    let row = Row::new(row, what);
    Ok(Some((row.text(0)?, row.id(1)?)))
}
