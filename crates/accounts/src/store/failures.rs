//! `accounts_login_failures`.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;

use super::{Row, execute, one};

/// Whose failures are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By<'a> {
    Account(&'a str),
    Address(&'a str),
}

/// When the `nth` newest failure after `since` was: if there is one, there were at least `nth`.
pub(crate) async fn nth_newest(
    connection: &impl ConnectionTrait,
    by: By<'_>,
    since: Timestamp,
    nth: u32,
) -> Result<Option<Timestamp>, StoreError> {
    let what = "failures: count";
    let (column, value) = match by {
        By::Account(account) => ("account", account),
        By::Address(address) => ("address", address),
    };
    let sql = format!(
        "SELECT failed_at FROM accounts_login_failures WHERE {column} = ? AND failed_at > ? ORDER BY failed_at DESC \
         LIMIT 1 OFFSET ?"
    );
    let values = vec![value.into(), since.as_micros().into(), i64::from(nth.saturating_sub(1)).into()];
    one(connection, what, &sql, values).await?.map(|row| Row::new(row, what).time(0)).transpose()
}

pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    id: Id,
    account: &str,
    address: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO accounts_login_failures (id, account, address, failed_at) VALUES (?, ?, ?, ?)";
    let values = vec![id.to_string().into(), account.into(), address.into(), at.as_micros().into()];
    execute(transaction, "failures: insert", sql, values).await.map(drop)
}

/// Forgives an account. Its address is not forgiven: a guesser may own one good account.
pub(crate) async fn forgive(transaction: &DatabaseTransaction, account: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM accounts_login_failures WHERE account = ?";
    execute(transaction, "failures: forgive", sql, vec![account.into()]).await.map(drop)
}

pub(crate) async fn sweep(transaction: &DatabaseTransaction, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM accounts_login_failures WHERE failed_at <= ?";
    execute(transaction, "failures: sweep", sql, vec![before.as_micros().into()]).await
}
