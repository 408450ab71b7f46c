//! The only SQL of this service: one module a table. Functions that take a transaction write; the others read.

pub(crate) mod leader;
pub(crate) mod listing;
pub(crate) mod notes;
pub(crate) mod requests;

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

/// Inserts many rows with few statements. Groups are of four sizes only, so that a statement is prepared once and known
/// from then on; `start` is everything up to `VALUES`.
async fn insert_all(
    connection: &impl ConnectionTrait,
    what: &'static str,
    start: &str,
    rows: Vec<Vec<Value>>,
) -> Result<(), StoreError> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let left = rows.len();
        let size = [64, 16, 4, 1].into_iter().find(|size| *size <= left).unwrap_or(1);
        let mut values = Vec::new();
        let mut width = 0;
        for row in rows.by_ref().take(size) {
            width = row.len();
            values.extend(row);
        }
        let row = format!("({})", vec!["?"; width].join(", "));
        let sql = format!("{start} VALUES {}", vec![row; size].join(", "));
        execute(connection, what, &sql, values).await?;
    }
    Ok(())
}

/// Keys for `IN (…)`, padded by repeats to one of a few lengths, and the question marks for them: few statements again.
fn keys(mut keys: Vec<Value>) -> (String, Vec<Value>) {
    let length = [1, 4, 16, 64, 256, 1024].into_iter().find(|length| *length >= keys.len()).unwrap_or(keys.len());
    if let Some(last) = keys.last().cloned() {
        keys.resize(length, last);
    }
    (vec!["?"; keys.len()].join(", "), keys)
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
        self.text(place)?.parse().map_err(|error| StoreError::new(Kind::Internal, self.what, error))
    }

    fn named<T: Copy>(&self, place: usize, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, StoreError> {
        let text = self.text(place)?;
        let found = all.iter().copied().find(|one| name(*one) == text);
        found.ok_or_else(|| StoreError::new(Kind::Internal, self.what, format!("{text:?} is unknown")))
    }

    fn count<T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>>(
        &self,
        place: usize,
    ) -> Result<T, StoreError> {
        T::try_from(self.number(place)?).map_err(|error| StoreError::new(Kind::Internal, self.what, error))
    }
}

/// What a column of `length` characters can hold of a text.
fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

/// An epoch as it is kept.
fn epoch(epoch: u64) -> Value {
    i64::try_from(epoch).unwrap_or(i64::MAX).into()
}
