//! The service's SQL, all of it. Numbers that are unsigned in the model fit SQL's signed ones: the edge sees to it.

use std::sync::Arc;

use kernel::error::Kind;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use store::{DbContext, Sql, StoreError};

use crate::model::{Metadata, Owner};

mod audit;
mod catalogue;
mod commit;
mod index;
mod join;
mod quotas;
mod reading;
mod shares;
mod statistics;
mod sweep;
mod trash;
mod uploads;
mod vouchers;

pub(crate) use audit::{Download, Records, RefusedUpload};
pub(crate) use catalogue::Removal;
pub(crate) use commit::{Commit, CommitError, Finish, Remember};
pub(crate) use quotas::QuotaError;
pub(crate) use reading::{Doubt, HASH, ScrubCursor, Verdict};
pub(crate) use shares::Guess;
pub(crate) use statistics::Whose;
pub(crate) use sweep::{DELETE_BLOBS, Swept};
pub(crate) use uploads::{Begun, CreateError, NewUpload, Repeat};

/// The service's database.
#[derive(Clone)]
pub(crate) struct Store {
    sql: Sql,
}

impl Store {
    /// The store on an opened database.
    #[must_use]
    pub(crate) const fn new(sql: Sql) -> Self {
        Self { sql }
    }

    /// The database itself, for leases, jobs and readiness.
    #[must_use]
    pub(crate) const fn sql(&self) -> &Sql {
        &self.sql
    }
}

fn statement(connection: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

fn int(value: u64) -> Value {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}

fn text(value: impl Into<String>) -> Value {
    value.into().into()
}

/// As many places for values as that, of which there is at least one.
fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// A row, read column by column; what does not fit the model is damaged data.
struct Row<'r>(&'r QueryResult);

impl Row<'_> {
    fn text(&self, column: &str) -> Result<String, StoreError> {
        self.0.try_get("", column).context("read a row")
    }

    fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.0.try_get("", column).context("read a row")
    }

    fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.0.try_get("", column).context("read a row")
    }

    fn size(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(damaged)
    }

    fn maybe_size(&self, column: &str) -> Result<Option<u64>, StoreError> {
        let value: Option<i64> = self.0.try_get("", column).context("read a row")?;
        value.map(u64::try_from).transpose().map_err(damaged)
    }

    fn id(&self, column: &str) -> Result<Id, StoreError> {
        self.text(column)?.parse().map_err(damaged)
    }

    fn time(&self, column: &str) -> Result<kernel::clock::Timestamp, StoreError> {
        Ok(kernel::clock::Timestamp::from_micros(self.int(column)?))
    }

    fn maybe_time(&self, column: &str) -> Result<Option<kernel::clock::Timestamp>, StoreError> {
        let value: Option<i64> = self.0.try_get("", column).context("read a row")?;
        Ok(value.map(kernel::clock::Timestamp::from_micros))
    }

    fn owner(&self) -> Result<Owner, StoreError> {
        Ok(Owner { id: self.id("owner")?, name: self.text("owner_name")? })
    }

    fn metadata(&self) -> Result<Metadata, StoreError> {
        serde_json::from_str(&self.text("metadata")?).map_err(damaged)
    }
}

fn damaged(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::new(Kind::Internal, "a row is damaged", error)
}

fn json(metadata: &Metadata) -> Result<String, StoreError> {
    serde_json::to_string(metadata).map_err(damaged)
}

/// What an op borrows for each of its runs.
type Shared<T> = Arc<T>;
