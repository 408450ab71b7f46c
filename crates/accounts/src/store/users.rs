//! `accounts_users`.

use api::auth::UserRole;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use store::{DbContext, StoreError, is_unique_violation};

use super::{Row, all, execute, json, one, prepare};
use crate::model::{User, search_text};

const COLUMNS: &str = "id, username, name, email, role, carnet, courses, created_at, password_hash";

/// A user and the PHC string of the password.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) user: User,
    pub(crate) password_hash: String,
}

/// What kept a user from being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Username,
    Carnet,
}

fn read(row: sea_orm::QueryResult) -> Result<Known, StoreError> {
    let row = Row::new(row, "users: read");
    let user = User {
        id: row.id(0)?,
        username: row.text(1)?,
        name: row.text(2)?,
        email: row.text(3)?,
        role: row.parsed(4)?,
        carnet: row.optional_number(5)?,
        courses: row.json(6)?,
        created_at: row.time(7)?,
    };
    Ok(Known { user, password_hash: row.text(8)? })
}

pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Known>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts_users WHERE id = ?");
    one(connection, "users: by id", &sql, vec![id.to_string().into()]).await?.map(read).transpose()
}

pub(crate) async fn by_username(connection: &impl ConnectionTrait, folded: &str) -> Result<Option<Known>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts_users WHERE folded = ?");
    one(connection, "users: by username", &sql, vec![folded.into()]).await?.map(read).transpose()
}

/// The user, whom no other transaction changes until this one ends.
pub(crate) async fn lock(transaction: &DatabaseTransaction, id: Id) -> Result<Option<Known>, StoreError> {
    // A write that changes nothing locks on both engines; FOR UPDATE is not SQLite's.
    let sql = "UPDATE accounts_users SET role = role WHERE id = ?";
    execute(transaction, "users: lock", sql, vec![id.to_string().into()]).await?;
    by_id(transaction, id).await
}

/// Which users a list shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Part of the username, name or address.
    pub(crate) q: Option<String>,
    pub(crate) role: Option<UserRole>,
    /// Users after this one; ids rise with the time of making, so pages are stable.
    pub(crate) after: Option<Id>,
    pub(crate) limit: u64,
}

pub(crate) async fn list(connection: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<User>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM accounts_users WHERE id > ?");
    let mut values: Vec<Value> = vec![filter.after.map(|id| id.to_string()).unwrap_or_default().into()];
    if let Some(role) = filter.role {
        sql.push_str(" AND role = ?");
        values.push(role.name().into());
    }
    for word in filter.q.as_deref().map(|q| search_text(&[q])).unwrap_or_default().split_whitespace() {
        // `!` and not a backslash: MySQL reads backslashes in literals, SQLite does not.
        sql.push_str(" AND search LIKE ? ESCAPE '!'");
        let escaped = word.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        values.push(format!("%{escaped}%").into());
    }
    sql.push_str(" ORDER BY id LIMIT ?");
    values.push(i64::try_from(filter.limit).unwrap_or(i64::MAX).into());
    let rows = all(connection, "users: list", &sql, values).await?;
    rows.into_iter().map(|row| read(row).map(|known| known.user)).collect()
}

fn search(user: &User) -> String {
    search_text(&[&user.username, &user.name, &user.email])
}

pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    user: &User,
    folded: &str,
    password_hash: &str,
) -> Result<Result<(), Taken>, StoreError> {
    let statement = prepare(
        transaction,
        "INSERT INTO accounts_users (id, username, folded, name, email, search, role, carnet, courses, password_hash, \
         created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            user.id.to_string().into(),
            user.username.as_str().into(),
            folded.into(),
            user.name.as_str().into(),
            user.email.as_str().into(),
            search(user).into(),
            user.role.name().into(),
            user.carnet.into(),
            json(&user.courses).into(),
            password_hash.into(),
            user.created_at.as_micros().into(),
        ],
    );
    match transaction.execute_raw(statement).await {
        Err(error) if is_unique_violation(&error) => {
            let clash = by_username(transaction, folded).await?;
            Ok(Err(if clash.is_some() { Taken::Username } else { Taken::Carnet }))
        }
        other => other.context("users: insert").map(|_| Ok(())),
    }
}

/// Writes everything of a user that may change.
pub(crate) async fn update(transaction: &DatabaseTransaction, known: &Known) -> Result<Result<(), Taken>, StoreError> {
    let user = &known.user;
    let statement = prepare(
        transaction,
        "UPDATE accounts_users SET name = ?, email = ?, search = ?, role = ?, carnet = ?, courses = ?, password_hash = \
         ? WHERE id = ?",
        vec![
            user.name.as_str().into(),
            user.email.as_str().into(),
            search(user).into(),
            user.role.name().into(),
            user.carnet.into(),
            json(&user.courses).into(),
            known.password_hash.as_str().into(),
            user.id.to_string().into(),
        ],
    );
    match transaction.execute_raw(statement).await {
        Err(error) if is_unique_violation(&error) => Ok(Err(Taken::Carnet)),
        other => other.context("users: update").map(|_| Ok(())),
    }
}

pub(crate) async fn delete(transaction: &DatabaseTransaction, id: Id) -> Result<(), StoreError> {
    let sql = "DELETE FROM accounts_users WHERE id = ?";
    execute(transaction, "users: delete", sql, vec![id.to_string().into()]).await.map(drop)
}

/// How many administrators there are. Their rows are locked first: on MySQL two transactions that each demote one of
/// two would otherwise both see the other.
pub(crate) async fn count_admins(transaction: &DatabaseTransaction) -> Result<i64, StoreError> {
    let what = "users: count administrators";
    execute(transaction, what, "UPDATE accounts_users SET role = role WHERE role = 'admin'", vec![]).await?;
    let sql = "SELECT COUNT(*) FROM accounts_users WHERE role = 'admin'";
    one(transaction, what, sql, vec![]).await?.map_or(Ok(0), |row| Row::new(row, what).number(0))
}

pub(crate) async fn is_empty(connection: &impl ConnectionTrait) -> Result<bool, StoreError> {
    Ok(one(connection, "users: any", "SELECT 1 FROM accounts_users LIMIT 1", vec![]).await?.is_none())
}
