//! MySQL and MariaDB: a small pool that connects when first needed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::error::Kind;
use sea_orm::sqlx::{self, Executor, Row};
use sea_orm::{
    ConnAcquireErr, ConnectOptions, Database, DatabaseConnection, DbErr, TransactionOptions, TransactionTrait,
};

use super::op::{self, Failed, Op};
use crate::error::{DbContext, StoreError, is_conflict};

/// Connections of one process, at most: MariaDB allows 151 in all.
const MOST_CONNECTIONS: u32 = 4;

/// Statements that a connection keeps prepared: groups of rows come in many lengths.
const STATEMENTS: usize = 256;

/// How often a transaction is repeated after 1213 or 1205. Each repeat means that another one got through.
const REPEATS: u32 = 20;

/// How long a rollback may take; the connection is given up then, which rolls back as well.
const ROLLBACK: Duration = Duration::from_secs(1);

/// The only collation under which keys are told apart as everywhere else.
const COLLATION: &str = "utf8mb4_bin";

pub(crate) struct Mysql {
    service: &'static str,
    pool: DatabaseConnection,
    /// The collation for which the database was refused.
    refused: Arc<Mutex<Option<String>>>,
}

impl Mysql {
    pub(super) async fn open(service: &'static str, url: &str, connections: u32) -> Result<Self, StoreError> {
        let refused = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&refused);
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections.clamp(1, MOST_CONNECTIONS))
            .min_connections(0)
            .idle_timeout(Duration::from_secs(60))
            .acquire_timeout(Duration::from_secs(3))
            .connect_lazy(true)
            .test_before_acquire(false)
            .test_before_acquire_if_idle_for(Duration::from_secs(1))
            .record_stmt_in_spans(false)
            .sqlx_logging(false)
            .map_sqlx_mysql_opts(|options| {
                options.charset("utf8mb4").collation(COLLATION).statement_cache_capacity(STATEMENTS)
            })
            .map_sqlx_mysql_pool_opts(move |pool| {
                let seen = Arc::clone(&seen);
                pool.after_connect(move |connection, _meta| {
                    let seen = Arc::clone(&seen);
                    Box::pin(async move { set_up(connection, &seen).await })
                })
            });
        let pool = Database::connect(options).await.context("read the database's address")?;
        Ok(Self { service, pool, refused })
    }

    pub(crate) const fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// A pool only says that it timed out; this says why, if we know.
    pub(crate) fn explain(&self, error: StoreError) -> StoreError {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match refused {
            Some(collation) if error.kind == Kind::Unavailable => StoreError::new(
                Kind::Unavailable,
                "the database is refused",
                format!(
                    "its default collation is {collation}, under which different keys are equal; run ALTER DATABASE … \
                     CHARACTER SET utf8mb4 COLLATE {COLLATION} before its first use"
                ),
            ),
            _ => error,
        }
    }

    pub(super) async fn write(&self, limit: Duration, op: Box<Op>) -> Result<(), Failed> {
        let mut turn = 0;
        loop {
            turn += 1;
            let transaction = within(limit, self.pool.begin_with_options(TransactionOptions::default()))
                .await
                .context("write: begin")
                .map_err(|error| self.explain(error))?;
            let (outcome, mut repeat) = op::run(self.service, limit, &*op, &transaction).await;
            let failed = match outcome {
                // After a deadlock nothing of the op is left, whatever it says.
                Ok(()) if !repeat => match within(limit, transaction.commit()).await {
                    Ok(()) => return Ok(()),
                    Err(error) => {
                        repeat = is_conflict(&error);
                        StoreError::of("write: commit", error).into()
                    }
                },
                outcome => {
                    // A rollback that fails closes the connection, which rolls back as well.
                    drop(within(ROLLBACK, transaction.rollback()).await);
                    match outcome {
                        Ok(()) => StoreError::bare(Kind::Unavailable, "write: deadlock").into(),
                        Err(failed) => failed,
                    }
                }
            };
            if !repeat || turn > REPEATS {
                return Err(failed);
            }
            tokio::time::sleep(Duration::from_millis(u64::from(turn))).await;
        }
    }
}

/// A server that is stopped, or beyond a link that loses everything, answers nothing and closes nothing.
async fn within<T>(limit: Duration, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    let late = || Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
    tokio::time::timeout(limit, statement).await.unwrap_or_else(|_| late())
}

async fn set_up(connection: &mut sqlx::MySqlConnection, refused: &Mutex<Option<String>>) -> Result<(), sqlx::Error> {
    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    connection.execute("SET SESSION innodb_lock_wait_timeout = 5").await?;
    let row = connection.fetch_one("SELECT @@collation_database, DATABASE() IS NOT NULL").await?;
    let collation: String = row.try_get(0)?;
    let good = collation == COLLATION;
    *refused.lock().unwrap_or_else(PoisonError::into_inner) = (!good).then(|| collation.clone());
    if good {
        Ok(())
    } else {
        Err(sqlx::Error::Configuration(
            format!("the database's default collation is {collation}, not {COLLATION}").into(),
        ))
    }
}
