//! The only SQL of this service: one module a table. Functions that take a transaction write; the others read.

pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod leader;
pub(crate) mod listing;
pub(crate) mod members;
pub(crate) mod notes;
pub(crate) mod requests;

use sea_orm::{ConnectionTrait, Value};
use store::StoreError;
use store::query::{Row, all, execute, one};

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

/// What a column of `length` characters can hold of a text.
fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

/// An epoch as it is kept.
fn epoch(epoch: u64) -> Value {
    i64::try_from(epoch).unwrap_or(i64::MAX).into()
}
