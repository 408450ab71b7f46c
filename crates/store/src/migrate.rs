//! Migrations, safe when several processes start at once.
//!
//! Each service has its own history, `SERVICE_migration`, so that several share one MySQL database. On SQLite all that
//! is missing is applied in one transaction. On MySQL, where DDL commits by itself, each migration is one statement and
//! one history row under `GET_LOCK`; a process killed between the two leaves a thing that exists without its row, which
//! the next run takes for done.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::error::Kind;
use sea_orm::sqlx::{self, Row};
use sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::error::{DbContext, StoreError, already_exists};
use crate::schema::Migration;
use crate::sql::Sql;

mod tables;

/// How long SQLite's migrations may take together.
const LIMIT: Duration = Duration::from_secs(600);

/// How long a process waits for another one that migrates.
const LOCK_SECONDS: i64 = 300;

/// Brings a service's database to what `migrations` describe, the store's own tables first.
///
/// Each migration holds one DDL statement: CREATE TABLE, CREATE INDEX or ADD COLUMN. Table names must be unlike those of
/// all other services, because on MySQL they share a database.
///
/// # Errors
/// The first migration that fails; those before it stay.
pub async fn migrate(sql: &Sql, migrations: Vec<Box<dyn Migration>>) -> Result<(), StoreError> {
    let plan = Arc::new(Plan { service: sql.service(), migrations });
    let Some(mysql) = sql.mysql() else {
        return sql
            .write_within(LIMIT, move |transaction| {
                let plan = Arc::clone(&plan);
                async move { plan.apply(transaction).await }.boxed()
            })
            .await;
    };
    sql.ping().await?;
    let failed = |error: sqlx::Error| StoreError::new(Kind::Unavailable, "migrate: lock", error);
    // The lock belongs to this connection, so one that breaks gives it back.
    let mut lock = mysql.pool().get_mysql_connection_pool().acquire().await.map_err(failed)?;
    let row = sqlx::query("SELECT GET_LOCK(CONCAT('bedel:', MD5(DATABASE())), ?)")
        .bind(LOCK_SECONDS)
        .fetch_one(&mut *lock)
        .await
        .map_err(failed)?;
    if row.try_get::<Option<i64>, _>(0).map_err(failed)? != Some(1) {
        return Err(StoreError::bare(Kind::Unavailable, "migrate: another process has been migrating for long"));
    }
    let applied = plan.apply(mysql.pool()).await;
    let released = sqlx::query("DO RELEASE_LOCK(CONCAT('bedel:', MD5(DATABASE())))").execute(&mut *lock).await;
    if released.is_err() {
        drop(lock.detach());
    }
    applied
}

struct Plan {
    service: &'static str,
    migrations: Vec<Box<dyn Migration>>,
}

impl Plan {
    async fn apply(&self, connection: &impl ConnectionTrait) -> Result<(), StoreError> {
        let service = self.service;
        let history = format!(
            "CREATE TABLE IF NOT EXISTS {service}_migration (name varchar(255) NOT NULL PRIMARY KEY, applied_at bigint \
             NOT NULL)"
        );
        connection.execute_unprepared(&history).await.context("migrate: make the history")?;
        let rows = connection
            .query_all_raw(Statement::from_string(
                connection.get_database_backend(),
                format!("SELECT name FROM {service}_migration"),
            ))
            .await
            .context("migrate: read the history")?;
        let done = rows
            .iter()
            .map(|row| row.try_get_by_index::<String>(0))
            .collect::<Result<std::collections::BTreeSet<_>, DbErr>>()
            .context("migrate: read the history")?;
        for (name, ddl) in tables::own(service) {
            if !done.contains(name) {
                self.settle(connection, name, &ddl).await?;
            }
        }
        for migration in &self.migrations {
            if !done.contains(migration.name()) {
                let ddl = migration.statement(connection.get_database_backend());
                self.settle(connection, migration.name(), &ddl).await?;
            }
        }
        Ok(())
    }

    async fn settle(&self, connection: &impl ConnectionTrait, name: &str, ddl: &str) -> Result<(), StoreError> {
        match connection.execute_unprepared(ddl).await.map(drop) {
            Err(error) if already_exists(&error) => {
                tracing::warn!(migration.name = name, "a migration was applied before its row was written");
            }
            other => other.context("migrate: apply")?,
        }
        let backend = connection.get_database_backend();
        let statement = Statement::from_sql_and_values(
            backend,
            format!(
                "INSERT INTO {}_migration (name, applied_at) VALUES (?, {})",
                self.service,
                crate::sql::database_now(backend)
            ),
            [name.into()],
        );
        connection.execute_raw(statement).await.context("migrate: write the history")?;
        tracing::info!(sql.service = self.service, migration.name = name, "migrated");
        Ok(())
    }
}
