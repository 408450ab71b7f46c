//! What each user has: a row that changes in the same transactions as uploads and files come and go.
//!
//! A row is made when a user's bytes first change, from the sums as they are then; before that the sums are what counts.
//! It is always the last row a transaction locks, so that no two wait for each other.

use api::auth::UserRole;
use futures::FutureExt;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use store::{DbContext, StoreError, is_unique_violation};

use super::{Row, Store, int, statement, text};
use crate::model::UploadState;
use crate::model::quota::{Change, Quotas, Usage};

/// Why bytes are not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QuotaError {
    /// They would pass the quota.
    #[error("{left} bytes are left of the quota")]
    Full {
        /// How many would fit.
        left: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// What a user has.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn usage(&self, user: Id) -> Result<Usage, StoreError> {
        let connection = self.sql.reader();
        match find(connection, user).await? {
            Some(usage) => Ok(usage),
            None => sums(connection, user).await,
        }
    }

    /// Notes a user's role, so that what a guest uploads for them later is held to it.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn note_role(&self, user: Id, role: UserRole) -> Result<(), StoreError> {
        self.sql.write(move |tx| charge(tx, user, Some(role), Change::default()).boxed()).await
    }

    /// Gives a user so many bytes instead of the role's, or the role's again.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn grant(&self, user: Id, bytes: Option<u64>) -> Result<Usage, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    charge(tx, user, None, Change::default()).await?;
                    let update = statement(
                        tx,
                        "UPDATE files_usage SET granted = ? WHERE owner = ?",
                        [bytes.map_or(Value::BigInt(None), int), text(user.to_string())],
                    );
                    tx.execute_raw(update).await.context("grant a quota")?;
                    Ok(find(tx, user).await?.unwrap_or_default())
                }
                .boxed()
            })
            .await
    }
}

/// Adds a change to what a user has. What the transaction did to uploads and files must be done before.
pub(super) async fn charge(
    tx: &DatabaseTransaction,
    user: Id,
    role: Option<UserRole>,
    change: Change,
) -> Result<(), StoreError> {
    if add(tx, user, role, change).await? {
        return Ok(());
    }
    let whole = sums(tx, user).await?;
    let insert = statement(
        tx,
        "INSERT INTO files_usage (owner, role, used, reserved) VALUES (?, ?, ?, ?)",
        [text(user.to_string()), word(role), int(whole.used), int(whole.reserved)],
    );
    match tx.execute_raw(insert).await {
        Ok(_) => Ok(()),
        // Another transaction of this user was first; its sums cannot have seen this one's change.
        Err(error) if is_unique_violation(&error) => add(tx, user, role, change).await.map(drop),
        Err(error) => Err(error).context("begin a user's usage"),
    }
}

/// The same, unless the user would have more than allowed: then the transaction must not be committed.
pub(super) async fn charge_within(
    tx: &DatabaseTransaction,
    user: Id,
    role: Option<UserRole>,
    change: Change,
    quotas: Quotas,
) -> Result<(), QuotaError> {
    charge(tx, user, role, change).await?;
    let usage = find(tx, user).await?.unwrap_or_default();
    match quotas.limit(usage.role, usage.granted).and_then(|limit| usage.passed(change, limit)) {
        Some(left) => Err(QuotaError::Full { left }),
        None => Ok(()),
    }
}

async fn add(tx: &DatabaseTransaction, user: Id, role: Option<UserRole>, change: Change) -> Result<bool, StoreError> {
    let update = statement(
        tx,
        "UPDATE files_usage SET role = COALESCE(?, role), used = CASE WHEN used + ? < 0 THEN 0 ELSE used + ? END, reserved \
         = CASE WHEN reserved + ? < 0 THEN 0 ELSE reserved + ? END WHERE owner = ?",
        [
            word(role),
            change.used.into(),
            change.used.into(),
            change.reserved.into(),
            change.reserved.into(),
            text(user.to_string()),
        ],
    );
    Ok(tx.execute_raw(update).await.context("change a user's usage")?.rows_affected() > 0)
}

async fn find(connection: &impl ConnectionTrait, user: Id) -> Result<Option<Usage>, StoreError> {
    let query = statement(
        connection,
        "SELECT role, used, reserved, granted FROM files_usage WHERE owner = ?",
        [text(user.to_string())],
    );
    let Some(row) = connection.query_one_raw(query).await.context("read a user's usage")? else { return Ok(None) };
    let row = Row(&row);
    let role = row.maybe_text("role")?.map(|name| name.parse()).transpose().map_err(super::damaged)?;
    Ok(Some(Usage {
        role,
        used: row.size("used")?,
        reserved: row.size("reserved")?,
        granted: row.maybe_size("granted")?,
    }))
}

async fn sums(connection: &impl ConnectionTrait, user: Id) -> Result<Usage, StoreError> {
    let query = statement(
        connection,
        "SELECT (SELECT CAST(COALESCE(SUM(size_bytes), 0) AS SIGNED) FROM files_file WHERE owner = ?) AS used, (SELECT \
         CAST(COALESCE(SUM(COALESCE(total, acked)), 0) AS SIGNED) FROM files_upload WHERE state IN (?, ?) AND joined = \
         0 AND owner = ?) AS reserved",
        [
            text(user.to_string()),
            text(UploadState::Open.word()),
            text(UploadState::Part.word()),
            text(user.to_string()),
        ],
    );
    let Some(row) = connection.query_one_raw(query).await.context("sum a user's bytes")? else {
        return Ok(Usage::default());
    };
    Ok(Usage { used: Row(&row).size("used")?, reserved: Row(&row).size("reserved")?, ..Usage::default() })
}

fn word(role: Option<UserRole>) -> Value {
    Value::from(role.map(|role| role.name().to_owned()))
}
