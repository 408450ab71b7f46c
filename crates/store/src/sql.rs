//! SQL: one database a service, opened once a process.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::data_dir::DataDir;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbBackend};

use crate::error::{DbContext, StoreError};

mod file_lock;
mod mysql;
mod op;
pub(crate) mod scope;
mod sqlite;

use op::{Failed, Op};

/// How long one op may take. An op that waits for something else than the database would hold everybody's lock.
const OP_LIMIT: Duration = Duration::from_secs(5);

/// A service's database. Clones share connections; open it once a process.
#[derive(Clone)]
pub struct Sql {
    service: &'static str,
    engine: Arc<Engine>,
}

enum Engine {
    Sqlite(sqlite::Sqlite),
    Mysql(mysql::Mysql),
}

impl Sql {
    /// Opens `DATA/sql/SERVICE.db`, making it if need be, or prepares connections to MySQL, which need not be there yet.
    ///
    /// # Errors
    /// SQLite: the file cannot be made or opened. MySQL: the address is not one.
    pub fn open<'a>(
        service: &'static str,
        config: &'a kernel::config::Sql,
        data: &'a DataDir,
    ) -> BoxFuture<'a, Result<Self, StoreError>> {
        // Boxed, as all that connects: it is built here and not in every crate that calls it.
        async move {
            let url = config.url.expose();
            let engine = if url == "sqlite" {
                Engine::Sqlite(sqlite::Sqlite::open(service, &data.sql()).await?)
            } else {
                Engine::Mysql(mysql::Mysql::open(service, url, config.connections).await?)
            };
            Ok(Self { service, engine: Arc::new(engine) })
        }
        .boxed()
    }

    /// Connections for reading. On SQLite they refuse to write.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.reader(),
            Engine::Mysql(mysql) => mysql.pool(),
        }
    }

    /// The service whose database this is.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// Which engine it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        match &*self.engine {
            Engine::Sqlite(_) => DbBackend::Sqlite,
            Engine::Mysql(_) => DbBackend::MySql,
        }
    }

    /// The only way to write. `op` runs inside one transaction; `Ok` is committed durably before this returns, `Err` is
    /// rolled back. `op` may run several times (MySQL repeats the whole transaction after 1213 and 1205), so it must
    /// have no effect but on the database, must hand on the first error it meets, and must not wait for anything else.
    ///
    /// If the caller is dropped, the outcome is unknown.
    ///
    /// # Errors
    /// `op`'s own, or a [`StoreError`] turned into `E` when the transaction could not begin or commit, or when `op`
    /// panicked or took longer than 5 s.
    pub async fn write<T, E, F>(&self, op: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        self.write_within(OP_LIMIT, op).await
    }

    pub(crate) async fn write_within<T, E, F>(&self, limit: Duration, op: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        let (op, result) = op::erase(op);
        match self.write_erased(limit, op).await {
            Err(Failed::Store(error)) => Err(error.into()),
            Ok(()) | Err(Failed::Op) => result.take(),
        }
    }

    /// What all writes share, boxed so that it is built here and not in every crate that writes.
    fn write_erased(&self, limit: Duration, op: Box<Op>) -> BoxFuture<'_, Result<(), Failed>> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(limit, op).boxed(),
            Engine::Mysql(mysql) => mysql.write(limit, op).boxed(),
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not, or it is not one we may use.
    pub fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        async {
            let answer = self.reader().ping().await.context("ping");
            match &*self.engine {
                Engine::Sqlite(_) => answer,
                Engine::Mysql(mysql) => answer.map_err(|error| mysql.explain(error)),
            }
        }
        .boxed()
    }

    /// Runs `work` while no other process migrates this database, on connections that may change the schema.
    pub(crate) fn mysql(&self) -> Option<&mysql::Mysql> {
        match &*self.engine {
            Engine::Sqlite(_) => None,
            Engine::Mysql(mysql) => Some(mysql),
        }
    }
}

/// The database's clock in microseconds since the epoch, as an expression: leases must not depend on whose clock is fast.
pub(crate) const fn database_now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000",
        _ => "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)",
    }
}
