//! The only SQL of this service: one module a table. Functions that take a transaction write; the others read.

pub(crate) mod failures;
pub(crate) mod revocations;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod users;

use kernel::clock::Timestamp;
use kernel::error::Kind;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use store::{DbContext, StoreError};

fn prepare(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

async fn execute(
    connection: &impl ConnectionTrait,
    what: &'static str,
    sql: &str,
    values: Vec<Value>,
) -> Result<u64, StoreError> {
    let done = connection.execute_raw(prepare(connection, sql, values)).await.context(what)?;
    Ok(done.rows_affected())
}

async fn one(
    connection: &impl ConnectionTrait,
    what: &'static str,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, StoreError> {
    connection.query_one_raw(prepare(connection, sql, values)).await.context(what)
}

async fn all(
    connection: &impl ConnectionTrait,
    what: &'static str,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, StoreError> {
    connection.query_all_raw(prepare(connection, sql, values)).await.context(what)
}

/// Reads typed columns by place; what cannot be is a damaged row, named by `what`.
struct Row {
    row: QueryResult,
    what: &'static str,
}

impl Row {
    const fn new(row: QueryResult, what: &'static str) -> Self {
        Self { row, what }
    }

    fn text(&self, place: usize) -> Result<String, StoreError> {
        self.row.try_get_by_index(place).context(self.what)
    }

    fn optional_text(&self, place: usize) -> Result<Option<String>, StoreError> {
        self.row.try_get_by_index(place).context(self.what)
    }

    fn number(&self, place: usize) -> Result<i64, StoreError> {
        self.row.try_get_by_index(place).context(self.what)
    }

    fn optional_number(&self, place: usize) -> Result<Option<i64>, StoreError> {
        self.row.try_get_by_index(place).context(self.what)
    }

    fn time(&self, place: usize) -> Result<Timestamp, StoreError> {
        self.number(place).map(Timestamp::from_micros)
    }

    fn id(&self, place: usize) -> Result<Id, StoreError> {
        self.parsed(place)
    }

    fn parsed<T>(&self, place: usize) -> Result<T, StoreError>
    where
        T: std::str::FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        self.text(place)?.parse().map_err(|error| StoreError::new(Kind::Internal, self.what, error))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, place: usize) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(place)?).map_err(|error| StoreError::new(Kind::Internal, self.what, error))
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
