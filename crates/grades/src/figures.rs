//! What SQL says of all grades: what live figures must come to equal.

use std::collections::BTreeMap;

use store::Sql;

use crate::failure::Failure;
use crate::model::{Class, Record, Route};
use crate::store::listing::{self, Filter};
use crate::store::statistics;

/// Records that the live figures show.
pub const NEWEST: u64 = 50;

/// All grades, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// Grades in all.
    pub count: i64,
    /// Of each class.
    pub classes: BTreeMap<Class, i64>,
}

/// Counts all grades, by reading a few rows that are kept beside them.
///
/// # Errors
/// The database's.
pub async fn totals(sql: &Sql) -> Result<Totals, Failure> {
    let classes: BTreeMap<Class, i64> = statistics::classes(sql.reader()).await?.into_iter().collect();
    Ok(Totals { count: classes.values().sum(), classes })
}

/// How many grades came in by each route.
///
/// # Errors
/// The database's.
pub async fn by_route(sql: &Sql) -> Result<BTreeMap<Route, i64>, Failure> {
    Ok(statistics::routes(sql.reader()).await?.into_iter().collect())
}

/// The [`NEWEST`] newest records, the newest first, as they are now.
///
/// # Errors
/// The database's.
pub async fn newest(sql: &Sql) -> Result<Vec<Record>, Failure> {
    let found = listing::list(sql.reader(), &Filter::default(), None, NEWEST).await?;
    Ok(found.into_iter().map(|entry| entry.record).collect())
}
