//! Statements with their values, and rows read column by column: what every service's SQL is written with.

use kernel::clock::Timestamp;
use kernel::error::Kind;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use crate::{DbContext, StoreError};

/// A statement with its values, in the database's dialect.
pub fn prepare(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

/// Runs a statement that writes; the number of rows it touched.
///
/// # Errors
/// The database's, with `what` was being done.
pub async fn execute(
    connection: &impl ConnectionTrait,
    what: &'static str,
    sql: &str,
    values: Vec<Value>,
) -> Result<u64, StoreError> {
    let done = connection.execute_raw(prepare(connection, sql, values)).await.context(what)?;
    Ok(done.rows_affected())
}

/// The first row of an answer.
///
/// # Errors
/// The database's, with `what` was being done.
pub async fn one(
    connection: &impl ConnectionTrait,
    what: &'static str,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, StoreError> {
    connection.query_one_raw(prepare(connection, sql, values)).await.context(what)
}

/// Every row of an answer.
///
/// # Errors
/// The database's, with `what` was being done.
pub async fn all(
    connection: &impl ConnectionTrait,
    what: &'static str,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, StoreError> {
    connection.query_all_raw(prepare(connection, sql, values)).await.context(what)
}

/// Most rows of one statement of [`insert_all`].
const MOST_ROWS: usize = 256;
/// So few rows are always one statement.
const FEW_ROWS: usize = 16;

/// Inserts many rows with few statements: `start` is everything up to `VALUES`, and all rows are equally wide. Statements
/// of many rows hold powers of two of them only, so that each is prepared once and known from then on.
///
/// # Errors
/// The database's, with `what` was being done.
pub async fn insert_all(
    connection: &impl ConnectionTrait,
    what: &'static str,
    start: &str,
    rows: Vec<Vec<Value>>,
) -> Result<(), StoreError> {
    let mut rows = rows.into_iter();
    while let Some(width) = rows.as_slice().first().map(Vec::len) {
        let left = rows.len().min(MOST_ROWS);
        let size = if left < FEW_ROWS { left } else { 1 << left.ilog2() };
        let mut values = Vec::with_capacity(size * width);
        rows.by_ref().take(size).for_each(|row| values.extend(row));
        let row = format!("({}), ", vec!["?"; width].join(", "));
        let sql = format!("{start} VALUES {}", row.repeat(size).trim_end_matches(", "));
        execute(connection, what, &sql, values).await?;
    }
    Ok(())
}

/// Keys for `IN (…)`, padded by repeats to one of a few lengths, and the question marks for them: few statements again.
/// MariaDB makes a table of a list of a thousand or more, each time: half of that has a length of its own.
#[must_use]
pub fn keys(mut keys: Vec<Value>) -> (String, Vec<Value>) {
    let length =
        [1, 4, 16, 64, 128, 256, 512, 1024].into_iter().find(|length| *length >= keys.len()).unwrap_or(keys.len());
    if let Some(last) = keys.last().cloned() {
        keys.resize(length, last);
    }
    (vec!["?"; keys.len()].join(", "), keys)
}

/// Reads typed columns by place, from 0; what cannot be is a damaged row, named by what was being done.
#[derive(Debug)]
pub struct Row {
    row: QueryResult,
    what: &'static str,
}

#[expect(clippy::missing_errors_doc, reason = "the type says it: a damaged row")]
impl Row {
    /// A row that was read while doing `what`.
    #[must_use]
    pub const fn new(row: QueryResult, what: &'static str) -> Self {
        Self { row, what }
    }

    /// A text.
    pub fn text(&self, place: usize) -> Result<String, StoreError> {
        self.row.try_get_by_index(place).context(self.what)
    }

    /// A text, or none.
    pub fn optional_text(&self, place: usize) -> Result<Option<String>, StoreError> {
        self.row.try_get_by_index(place).context(self.what)
    }

    /// A number.
    pub fn number(&self, place: usize) -> Result<i64, StoreError> {
        self.row.try_get_by_index(place).context(self.what)
    }

    /// A number, or none.
    pub fn optional_number(&self, place: usize) -> Result<Option<i64>, StoreError> {
        self.row.try_get_by_index(place).context(self.what)
    }

    /// A number that fits a narrower type.
    pub fn count<T>(&self, place: usize) -> Result<T, StoreError>
    where
        T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>,
    {
        T::try_from(self.number(place)?).map_err(|error| self.damaged(error))
    }

    /// A time in microseconds.
    pub fn time(&self, place: usize) -> Result<Timestamp, StoreError> {
        self.number(place).map(Timestamp::from_micros)
    }

    /// An id.
    pub fn id(&self, place: usize) -> Result<Id, StoreError> {
        self.parsed(place)
    }

    /// A text that means something.
    pub fn parsed<T>(&self, place: usize) -> Result<T, StoreError>
    where
        T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        self.text(place)?.parse().map_err(|error| self.damaged(error))
    }

    /// A text that is JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, place: usize) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(place)?).map_err(|error| self.damaged(error))
    }

    /// The one of `all` whose name the text is.
    pub fn named<T: Copy>(&self, place: usize, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, StoreError> {
        let text = self.text(place)?;
        let found = all.iter().copied().find(|one| name(*one) == text);
        found.ok_or_else(|| self.damaged(format!("{text:?} is unknown")))
    }

    fn damaged(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
        StoreError::new(Kind::Internal, self.what, error)
    }
}
