//! `backups_agents` and `backups_enrolments`: who may be asked for backups, and with what a node becomes one of them.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;
use store::query::{Row, all, execute, one};

use super::Filter;

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
    (fingerprint, expires_at): (&str, Timestamp),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE backups_enrolments SET used_by = ? WHERE id = ? AND used_by IS NULL AND expires_at > ?";
    let values = vec![agent.to_string().into(), token.to_string().into(), now.as_micros().into()];
    if execute(transaction, "enrolments: use", sql, values).await? == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO backups_agents (id, fingerprint, enrolled_at, expires_at) VALUES (?, ?, ?, ?)";
    let values =
        vec![agent.to_string().into(), fingerprint.into(), now.as_micros().into(), expires_at.as_micros().into()];
    execute(transaction, "agents: insert", sql, values).await?;
    Ok(true)
}

/// The agent whose certificate this is, unless it was revoked. The one before the last renewal counts too: an agent may
/// have ended before it knew.
pub(crate) async fn by_fingerprint(
    connection: &impl ConnectionTrait,
    fingerprint: &str,
) -> Result<Option<Id>, StoreError> {
    let what = "agents: read";
    let sql = "SELECT id FROM backups_agents WHERE (fingerprint = ? OR former = ?) AND revoked_at IS NULL";
    let row = one(connection, what, sql, vec![fingerprint.into(), fingerprint.into()]).await?;
    row.map(|row| Row::new(row, what).id(0)).transpose()
}

/// The secret of a token that was used, and the agent that used it, unless that was revoked.
pub(crate) async fn enrolled(connection: &impl ConnectionTrait, token: Id) -> Result<Option<(String, Id)>, StoreError> {
    let what = "enrolments: used";
    let sql = "SELECT e.secret, e.used_by FROM backups_enrolments e JOIN backups_agents a ON a.id = e.used_by \
               WHERE e.id = ? AND a.revoked_at IS NULL";
    let Some(row) = one(connection, what, sql, vec![token.to_string().into()]).await? else { return Ok(None) };
    let row = Row::new(row, what);
    Ok(Some((row.text(0)?, row.id(1)?)))
}

/// Gives an agent another certificate, if the one it has is its own. False: it is not, or the agent was revoked.
pub(crate) async fn renew(
    transaction: &DatabaseTransaction,
    agent: Id,
    present: &str,
    (fingerprint, expires_at): (&str, Timestamp),
) -> Result<bool, StoreError> {
    let sql = "UPDATE backups_agents SET former = ?, fingerprint = ?, expires_at = ? WHERE id = ? AND (fingerprint = ? \
               OR former = ?) AND revoked_at IS NULL";
    let values = vec![
        present.into(),
        fingerprint.into(),
        expires_at.as_micros().into(),
        agent.to_string().into(),
        present.into(),
        present.into(),
    ];
    Ok(execute(transaction, "agents: renew", sql, values).await? > 0)
}

/// Revokes an agent, once; its nodes are then open for another. False: there is none.
pub(crate) async fn revoke(transaction: &DatabaseTransaction, agent: Id, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE backups_agents SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ?";
    let values = vec![now.as_micros().into(), agent.to_string().into()];
    if execute(transaction, "agents: revoke", sql, values).await? == 0 {
        return Ok(false);
    }
    let sql = "UPDATE backups_nodes SET agent = NULL WHERE agent = ?";
    execute(transaction, "nodes: unbind", sql, vec![agent.to_string().into()]).await?;
    Ok(true)
}

/// Whether an agent was revoked.
pub(crate) async fn is_revoked(connection: &impl ConnectionTrait, agent: Id) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM backups_agents WHERE id = ? AND revoked_at IS NOT NULL";
    Ok(one(connection, "agents: revoked", sql, vec![agent.to_string().into()]).await?.is_some())
}

/// An agent, and where it answers.
pub(crate) struct Listed {
    pub(crate) id: Id,
    pub(crate) enrolled_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
    /// As HOST:PORT.
    pub(crate) nodes: Vec<String>,
}

/// Agents, oldest first, after `after`.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    after: Option<Id>,
    limit: u64,
) -> Result<Vec<Listed>, StoreError> {
    let what = "agents: list";
    let select = "SELECT id, enrolled_at, expires_at, revoked_at FROM backups_agents";
    let filter = Filter::default().and("id > ?", after.map(|id| id.to_string()));
    let mut listed = Vec::new();
    for row in filter.rows(connection, what, select, ("id", limit)).await? {
        let row = Row::new(row, what);
        let time = |place| Ok::<_, StoreError>(row.optional_number(place)?.map(Timestamp::from_micros));
        let (expires_at, revoked_at) = (time(2)?, time(3)?);
        listed.push(Listed { id: row.id(0)?, enrolled_at: row.time(1)?, expires_at, revoked_at, nodes: Vec::new() });
    }
    let what = "nodes: of agents";
    let sql = "SELECT agent, address FROM backups_nodes WHERE agent IS NOT NULL ORDER BY id";
    for row in all(connection, what, sql, Vec::new()).await? {
        let row = Row::new(row, what);
        let (agent, address) = (row.id(0)?, row.text(1)?);
        if let Some(known) = listed.iter_mut().find(|known| known.id == agent) {
            known.nodes.push(address);
        }
    }
    Ok(listed)
}
