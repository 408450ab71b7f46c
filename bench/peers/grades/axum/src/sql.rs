use std::str::FromStr;
use std::time::Duration;

use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::record::Record;

const INSERT: &str = "INSERT INTO grades (carnet, nombre, curso, nota, semestre, year) VALUES (?, ?, ?, ?, ?, ?)";

/// A pool of connections.
#[derive(Clone)]
pub enum Sql {
    MySql(MySqlPool),
    Sqlite(SqlitePool),
}

macro_rules! run {
    ($pool:expr, $record:expr) => {
        sqlx::query(INSERT)
            .bind(i64::try_from($record.carnet)?)
            .bind(&$record.nombre)
            .bind(&$record.curso)
            .bind(i64::from($record.nota))
            .bind(&$record.semestre)
            .bind(i64::from($record.year))
            .execute($pool)
            .await?
    };
}

impl Sql {
    pub async fn open(url: &str, connections: u32) -> anyhow::Result<Self> {
        if !url.starts_with("sqlite:") {
            let pool = MySqlPoolOptions::new().max_connections(connections).test_before_acquire(false);
            return Ok(Self::MySql(pool.connect(url).await?));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        // One: several writers of a file only wait for each other, and less fairly than a pool does.
        let pool = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
        Ok(Self::Sqlite(pool.connect_with(options).await?))
    }

    /// Inserts one record and gives its id; durable when this returns.
    pub async fn insert(&self, record: &Record) -> anyhow::Result<u64> {
        Ok(match self {
            Self::MySql(pool) => run!(pool, record).last_insert_id(),
            Self::Sqlite(pool) => u64::try_from(run!(pool, record).last_insert_rowid())?,
        })
    }
}
