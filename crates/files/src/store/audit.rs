//! The audit trail. An entry ends and is counted in one transaction.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use store::{DbContext, StoreError};

use super::{Row, Store, int, statement, text};
use crate::model::Owner;
use crate::model::audit::{AuditCursor, AuditEntry, AuditFilter, Chain, Outcome, Via};
use crate::model::transfer::Direction;

mod counts;
mod downloads;
pub(super) mod uploads;

pub(crate) use downloads::{Download, Records, RefusedUpload};
pub(crate) use uploads::{Became, Cut};

const COLUMNS: &str = "id, user_id, user_name, file, name, direction, via, address, started_at, ended_at, transferred, \
                       size_bytes, interruptions, resumes, sha256, outcome";

impl Store {
    /// Up to `limit` entries behind `after`, newest first.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn audit(
        &self,
        filter: &AuditFilter,
        after: Option<&AuditCursor>,
        limit: u64,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let mut conditions = vec!["1 = 1"];
        let mut values: Vec<Value> = Vec::new();
        let mut want = |condition: &'static str, more: Vec<Value>| {
            conditions.push(condition);
            values.extend(more);
        };
        if let Some(own) = filter.own {
            want("user_id = ?", vec![text(own.to_string())]);
        }
        if let Some(user) = &filter.user {
            // Of an id there is an index; with names beside it no engine would use it.
            match user.parse::<Id>() {
                Ok(id) => want("user_id = ?", vec![text(id.to_string())]),
                Err(_) => want("user_name = ?", vec![text(user.clone())]),
            }
        }
        if let Some(file) = &filter.file {
            want("file = ?", vec![text(file.clone())]);
        }
        if let Some(direction) = filter.direction {
            want("direction = ?", vec![text(direction.word())]);
        }
        if let Some(outcome) = filter.outcome {
            want("outcome = ?", vec![text(outcome.word())]);
        }
        if let Some(from) = filter.from {
            want("started_at >= ?", vec![from.as_micros().into()]);
        }
        if let Some(until) = filter.until {
            want("started_at < ?", vec![until.as_micros().into()]);
        }
        if let Some(cursor) = after {
            let at = cursor.started_at.as_micros();
            want(
                "started_at <= ? AND (started_at < ? OR id < ?)",
                vec![at.into(), at.into(), text(cursor.id.to_string())],
            );
        }
        values.push(int(limit));
        let sql = format!(
            "SELECT {COLUMNS} FROM files_audit WHERE {} ORDER BY started_at DESC, id DESC LIMIT ?",
            conditions.join(" AND ")
        );
        let connection = self.sql.reader();
        let rows = connection.query_all_raw(statement(connection, &sql, values)).await.context("read the audit")?;
        rows.iter().map(|row| read(&Row(row))).collect()
    }
}

struct Entry<'e> {
    id: Id,
    user: Option<&'e Owner>,
    file: String,
    name: &'e str,
    direction: Direction,
    via: Via,
    address: &'e str,
    started_at: Timestamp,
    seen_at: Timestamp,
    ended_at: Option<Timestamp>,
    size: Option<u64>,
    chain: &'e Chain,
    sha256: Option<String>,
    outcome: Outcome,
}

async fn insert(tx: &DatabaseTransaction, entry: Entry<'_>) -> Result<(), StoreError> {
    let insert = statement(
        tx,
        "INSERT INTO files_audit (id, user_id, user_name, file, name, direction, via, address, started_at, seen_at, \
         ended_at, transferred, size_bytes, interruptions, resumes, cut, covered, revision, sha256, outcome) VALUES (?, ?, \
         ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
        [
            text(entry.id.to_string()),
            text(entry.user.map(|user| user.id.to_string()).unwrap_or_default()),
            text(entry.user.map(|user| user.name.clone()).unwrap_or_default()),
            text(entry.file),
            text(entry.name),
            text(entry.direction.word()),
            text(entry.via.word()),
            text(entry.address),
            entry.started_at.as_micros().into(),
            entry.seen_at.as_micros().into(),
            Value::BigInt(entry.ended_at.map(Timestamp::as_micros)),
            int(entry.chain.bytes),
            entry.size.map_or(Value::BigInt(None), int),
            int(entry.chain.interruptions),
            int(entry.chain.resumes),
            i64::from(entry.chain.cut).into(),
            text(entry.chain.covered.text()),
            Value::from(entry.sha256),
            text(entry.outcome.word()),
        ],
    );
    tx.execute_raw(insert).await.context("begin an entry").map(drop)
}

fn read(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    let word = |column: &str| row.text(column);
    let odd = |column: &str, word: &str| super::damaged(format!("{column} {word:?}"));
    let known = |text: String| (!text.is_empty()).then_some(text);
    let (direction, via, outcome) = (word("direction")?, word("via")?, word("outcome")?);
    let ended_at: Option<i64> = row.0.try_get("", "ended_at").context("read a row")?;
    Ok(AuditEntry {
        id: row.id("id")?,
        user: known(word("user_id")?),
        user_name: word("user_name")?,
        file: known(word("file")?),
        name: word("name")?,
        direction: Direction::from_word(&direction).ok_or_else(|| odd("direction", &direction))?,
        via: Via::from_word(&via).ok_or_else(|| odd("via", &via))?,
        address: word("address")?,
        started_at: row.time("started_at")?,
        ended_at: ended_at.map(Timestamp::from_micros),
        bytes: row.size("transferred")?,
        size: row.maybe_size("size_bytes")?,
        interruptions: row.size("interruptions")?,
        resumes: row.size("resumes")?,
        sha256: row.maybe_text("sha256")?,
        outcome: Outcome::from_word(&outcome).ok_or_else(|| odd("outcome", &outcome))?,
    })
}
