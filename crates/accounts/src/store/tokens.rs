//! `accounts_tokens`: API tokens, without their signatures. The claims are kept so that a repeated request can be given
//! the same token again without the token being stored.

use api::auth::Claims;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;

use super::{Row, all, execute, json, one};
use crate::model::ApiToken;

#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) owner: Id,
    pub(crate) token: ApiToken,
}

const COLUMNS: &str = "id, user_id, name, hint, scopes, created_at, expires_at, last_used_at";

fn read(row: sea_orm::QueryResult) -> Result<Kept, StoreError> {
    let row = Row::new(row, "tokens: read");
    let token = ApiToken {
        id: row.id(0)?,
        name: row.text(2)?,
        hint: row.text(3)?,
        scopes: row.json(4)?,
        created_at: row.time(5)?,
        expires_at: row.time(6)?,
        last_used_at: row.optional_number(7)?.map(Timestamp::from_micros),
    };
    Ok(Kept { owner: row.id(1)?, token })
}

pub(crate) async fn insert(transaction: &DatabaseTransaction, kept: &Kept, claims: &Claims) -> Result<(), StoreError> {
    let token = &kept.token;
    let sql = "INSERT INTO accounts_tokens (id, user_id, name, hint, claims, scopes, created_at, expires_at) VALUES (?, \
               ?, ?, ?, ?, ?, ?, ?)";
    let values = vec![
        token.id.to_string().into(),
        kept.owner.to_string().into(),
        token.name.as_str().into(),
        token.hint.as_str().into(),
        json(claims).into(),
        json(&token.scopes).into(),
        token.created_at.as_micros().into(),
        token.expires_at.as_micros().into(),
    ];
    execute(transaction, "tokens: insert", sql, values).await.map(drop)
}

pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Kept>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts_tokens WHERE id = ?");
    one(connection, "tokens: by id", &sql, vec![id.to_string().into()]).await?.map(read).transpose()
}

/// What a token says, to sign it again.
pub(crate) async fn claims(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Claims>, StoreError> {
    let what = "tokens: claims";
    let sql = "SELECT claims FROM accounts_tokens WHERE id = ?";
    let row = one(connection, what, sql, vec![id.to_string().into()]).await?;
    row.map(|row| Row::new(row, what).json(0)).transpose()
}

/// A user's tokens after `after`, oldest first.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    owner: Id,
    after: Option<Id>,
    limit: u64,
) -> Result<Vec<ApiToken>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts_tokens WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");
    let values = vec![
        owner.to_string().into(),
        after.map(|id| id.to_string()).unwrap_or_default().into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let rows = all(connection, "tokens: list", &sql, values).await?;
    rows.into_iter().map(|row| read(row).map(|kept| kept.token)).collect()
}

pub(crate) async fn count(connection: &impl ConnectionTrait, owner: Id) -> Result<i64, StoreError> {
    let what = "tokens: count";
    let sql = "SELECT COUNT(*) FROM accounts_tokens WHERE user_id = ?";
    let row = one(connection, what, sql, vec![owner.to_string().into()]).await?;
    row.map_or(Ok(0), |row| Row::new(row, what).number(0))
}

/// When the last of a user's tokens ends.
pub(crate) async fn last_end(connection: &impl ConnectionTrait, owner: Id) -> Result<Option<Timestamp>, StoreError> {
    let what = "tokens: last end";
    let sql = "SELECT expires_at FROM accounts_tokens WHERE user_id = ? ORDER BY expires_at DESC LIMIT 1";
    let row = one(connection, what, sql, vec![owner.to_string().into()]).await?;
    row.map(|row| Row::new(row, what).time(0)).transpose()
}

pub(crate) async fn delete(transaction: &DatabaseTransaction, id: Id) -> Result<(), StoreError> {
    let sql = "DELETE FROM accounts_tokens WHERE id = ?";
    execute(transaction, "tokens: delete", sql, vec![id.to_string().into()]).await.map(drop)
}

pub(crate) async fn delete_of_user(transaction: &DatabaseTransaction, owner: Id) -> Result<(), StoreError> {
    let sql = "DELETE FROM accounts_tokens WHERE user_id = ?";
    execute(transaction, "tokens: delete of a user", sql, vec![owner.to_string().into()]).await.map(drop)
}

pub(crate) async fn used(transaction: &DatabaseTransaction, id: Id, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE accounts_tokens SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)";
    let values = vec![at.as_micros().into(), id.to_string().into(), at.as_micros().into()];
    execute(transaction, "tokens: used", sql, values).await.map(drop)
}

pub(crate) async fn sweep(transaction: &DatabaseTransaction, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM accounts_tokens WHERE expires_at <= ?";
    execute(transaction, "tokens: sweep", sql, vec![now.as_micros().into()]).await
}
