//! Leadership with epochs, on the database's clock.
//!
//! Whoever holds a lease may believe so for longer than it is true: a process can be paused between the check and the
//! write. So each transaction that depends on a lease begins with [`fence`], which writes the lease's row under its
//! epoch; a stale holder's fence matches no row, and its transaction ends.

use std::time::Duration;

use futures::FutureExt;
use kernel::error::Kind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};

use crate::error::{DbContext, StoreError, is_unique_violation};
use crate::sql::{Sql, database_now, scope};

/// A lease as it was won.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is led.
    pub name: String,
    /// Who leads: a replica's name.
    pub holder: String,
    /// One more with each time it is won.
    pub epoch: i64,
}

/// The leases of a service.
#[derive(Clone)]
pub struct Leases {
    sql: Sql,
}

impl Leases {
    /// The leases kept in `sql`.
    #[must_use]
    pub const fn new(sql: Sql) -> Self {
        Self { sql }
    }

    /// Wins the lease for `ttl` if nobody holds it, it has expired, or `holder` itself held it before (it then gets a
    /// new epoch, and what its former self still does fails). `None`: another holds it.
    ///
    /// # Errors
    /// The database's.
    pub async fn acquire(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let (name, holder, ttl) = (name.to_owned(), holder.to_owned(), micros(ttl));
        self.sql
            .write(move |transaction| {
                let (name, holder) = (name.clone(), holder.clone());
                async move { acquire(transaction, name, holder, ttl, None).await }.boxed()
            })
            .await
    }

    /// Holds the lease for another `ttl` from now. False: it was lost.
    ///
    /// # Errors
    /// The database's; the lease may then have been renewed or not.
    pub async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        self.expire_after(lease, micros(ttl), "lease: renew").await
    }

    /// Gives the lease back, so that another can win it at once.
    ///
    /// # Errors
    /// The database's; the lease then ends by itself.
    pub async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.expire_after(lease, -1, "lease: release").await.map(drop)
    }

    async fn expire_after(&self, lease: &Lease, ttl: i64, what: &'static str) -> Result<bool, StoreError> {
        let lease = lease.clone();
        self.sql
            .write(move |transaction| {
                let lease = lease.clone();
                async move {
                    let set = format!("expires_at = {} + ?", database_now(transaction.get_database_backend()));
                    update(transaction, &set, Some(ttl), &lease, what).await
                }
                .boxed()
            })
            .await
    }
}

/// As [`Leases::acquire`], inside a transaction of the caller's: what it writes besides is there when the lease is.
///
/// # Errors
/// The database's.
pub async fn acquire_in(
    transaction: &DatabaseTransaction,
    name: &str,
    holder: &str,
    ttl: Duration,
) -> Result<Option<Lease>, StoreError> {
    acquire(transaction, name.to_owned(), holder.to_owned(), micros(ttl), None).await
}

/// Takes a lease from whoever has it under `epoch`, expired or not: the epoch keeps this safe, not the clock. `None`:
/// somebody else was faster.
///
/// # Errors
/// The database's.
pub async fn overtake(
    transaction: &DatabaseTransaction,
    name: &str,
    holder: &str,
    ttl: Duration,
    epoch: i64,
) -> Result<Option<Lease>, StoreError> {
    acquire(transaction, name.to_owned(), holder.to_owned(), micros(ttl), Some(epoch)).await
}

/// A lease as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Who has or had it.
    pub lease: Lease,
    /// By the database's clock.
    pub expired: bool,
}

/// Looks at a lease; `None` if nobody ever had it.
///
/// # Errors
/// The database's.
pub async fn observe(sql: &Sql, name: &str) -> Result<Option<Observed>, StoreError> {
    let what = "lease: observe";
    let now = database_now(sql.backend());
    // A comparison is an integer on both engines only if it is made one.
    let text = format!(
        "SELECT holder, epoch, CASE WHEN expires_at < {now} THEN 1 ELSE 0 END FROM {}_lease WHERE name = ?",
        sql.service()
    );
    let statement = Statement::from_sql_and_values(sql.backend(), text, [name.into()]);
    let Some(row) = sql.reader().query_one_raw(statement).await.context(what)? else { return Ok(None) };
    let lease = Lease {
        name: name.to_owned(),
        holder: row.try_get_by_index(0).context(what)?,
        epoch: row.try_get_by_index(1).context(what)?,
    };
    Ok(Some(Observed { lease, expired: row.try_get_by_index::<i64>(2).context(what)? == 1 }))
}

/// The first statement of every transaction that depends on `lease`.
///
/// # Errors
/// [`Kind::Conflict`]: the lease was lost; whatever depends on it must end.
pub async fn fence(transaction: &DatabaseTransaction, lease: &Lease) -> Result<(), StoreError> {
    if update(transaction, "touched = touched + 1", None, lease, "lease: fence").await? {
        Ok(())
    } else {
        Err(StoreError::bare(Kind::Conflict, "lease: another holder has it"))
    }
}

async fn update(
    transaction: &DatabaseTransaction,
    set: &str,
    argument: Option<i64>,
    lease: &Lease,
    what: &'static str,
) -> Result<bool, StoreError> {
    let sql = format!("UPDATE {}_lease SET {set} WHERE name = ? AND holder = ? AND epoch = ?", scope::service()?);
    let key: [Value; 3] = [lease.name.clone().into(), lease.holder.clone().into(), lease.epoch.into()];
    let values = argument.map(Value::from).into_iter().chain(key);
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    Ok(transaction.execute_raw(statement).await.context(what)?.rows_affected() == 1)
}

/// Without `epoch` only what is free, expired or the holder's own is taken.
async fn acquire(
    transaction: &DatabaseTransaction,
    name: String,
    holder: String,
    ttl: i64,
    epoch: Option<i64>,
) -> Result<Option<Lease>, StoreError> {
    let backend = transaction.get_database_backend();
    let (table, now) = (format!("{}_lease", scope::service()?), database_now(backend));
    let (condition, against): (String, Value) = match epoch {
        Some(epoch) => ("epoch = ?".to_owned(), epoch.into()),
        None => (format!("(expires_at < {now} OR holder = ?)"), holder.clone().into()),
    };
    let take = Statement::from_sql_and_values(
        backend,
        format!(
            "UPDATE {table} SET epoch = epoch + 1, holder = ?, expires_at = {now} + ? WHERE name = ? AND {condition}"
        ),
        [holder.clone().into(), ttl.into(), name.clone().into(), against],
    );
    if transaction.execute_raw(take).await.context("lease: take over")?.rows_affected() == 0 {
        let make = Statement::from_sql_and_values(
            backend,
            format!("INSERT INTO {table} (name, holder, epoch, expires_at, touched) VALUES (?, ?, 1, {now} + ?, 0)"),
            [name.clone().into(), holder.clone().into(), ttl.into()],
        );
        return match transaction.execute_raw(make).await {
            Ok(_) => Ok(Some(Lease { name, holder, epoch: 1 })),
            Err(error) if is_unique_violation(&error) => Ok(None),
            Err(error) => Err(error).context("lease: make"),
        };
    }
    let read = Statement::from_sql_and_values(
        backend,
        format!("SELECT epoch FROM {table} WHERE name = ?"),
        [name.clone().into()],
    );
    let row = transaction.query_one_raw(read).await.context("lease: read the epoch")?;
    let row = row.ok_or_else(|| StoreError::bare(Kind::Internal, "lease: its row is gone"))?;
    let epoch = row.try_get_by_index(0).context("lease: read the epoch")?;
    Ok(Some(Lease { name, holder, epoch }))
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4)
}
