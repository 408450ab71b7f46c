//! What is counted when a transfer ends, so that statistics need not read the trail.

use std::collections::BTreeMap;

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::{DbContext, StoreError, is_unique_violation};

use super::super::{Row, int, statement, text};
use super::{COLUMNS, read};
use crate::model::audit::Outcome;
use crate::model::transfer::Direction;

/// What ended transfers add to the counted rows, by owner (empty: the campus), hour and direction; and to files.
#[derive(Debug, Default)]
pub(super) struct Counts {
    hours: BTreeMap<(String, i64, &'static str), [u64; 5]>,
    files: BTreeMap<String, (u64, u64)>,
}

/// A transfer that ended.
pub(super) struct Ended<'e> {
    /// Whose; empty without a token.
    pub(super) user: &'e str,
    pub(super) direction: Direction,
    pub(super) at: Timestamp,
    pub(super) bytes: u64,
    pub(super) interruptions: u64,
    pub(super) done: bool,
    /// The file that was sent.
    pub(super) sent: Option<Id>,
}

impl Counts {
    /// What is counted where is written down here and nowhere else.
    pub(super) fn add(&mut self, ended: &Ended<'_>) {
        let hour = ended.at.as_seconds().div_euclid(3600);
        let interrupted = u64::from(ended.interruptions > 0);
        let recovered = if ended.done { interrupted } else { 0 };
        let more = [1, u64::from(ended.done), ended.bytes, interrupted, recovered];
        let own = (!ended.user.is_empty()).then(|| ended.user.to_owned());
        for owner in [Some(String::new()), own].into_iter().flatten() {
            let sums = self.hours.entry((owner, hour, ended.direction.word())).or_default();
            for (sum, more) in sums.iter_mut().zip(more) {
                *sum += more;
            }
        }
        if let Some(file) = ended.sent {
            let (downloads, bytes) = self.files.entry(file.to_string()).or_default();
            *downloads += u64::from(ended.done);
            *bytes += ended.bytes;
        }
    }

    /// The last statements of their transaction, always in the same order: everybody writes these rows.
    pub(super) async fn write(self, tx: &DatabaseTransaction) -> Result<(), StoreError> {
        for (file, (downloads, bytes)) in self.files {
            let update = statement(
                tx,
                "UPDATE files_file SET downloads = downloads + ?, sent_bytes = sent_bytes + ? WHERE id = ?",
                [int(downloads), int(bytes), text(file)],
            );
            tx.execute_raw(update).await.context("count a file's downloads")?;
        }
        for ((owner, hour, direction), sums) in self.hours {
            let numbers = sums.map(int);
            let key = [text(owner), hour.into(), text(direction)];
            let update = statement(
                tx,
                "UPDATE files_hour SET transfers = transfers + ?, done = done + ?, bytes = bytes + ?, interrupted = \
                 interrupted + ?, recovered = recovered + ? WHERE owner = ? AND hour = ? AND direction = ?",
                numbers.clone().into_iter().chain(key.clone()),
            );
            if tx.execute_raw(update.clone()).await.context("count a transfer")?.rows_affected() > 0 {
                continue;
            }
            let insert = statement(
                tx,
                "INSERT INTO files_hour (transfers, done, bytes, interrupted, recovered, owner, hour, direction) VALUES (?, \
                 ?, ?, ?, ?, ?, ?, ?)",
                numbers.into_iter().chain(key),
            );
            match tx.execute_raw(insert).await {
                Ok(_) => {}
                // Another replica made the row in between, and it is committed: the insert waited for that.
                Err(error) if is_unique_violation(&error) => {
                    tx.execute_raw(update).await.context("count a transfer")?;
                }
                Err(error) => return Err(error).context("begin an hour's count"),
            }
        }
        Ok(())
    }
}

/// Counts an entry that has just ended.
pub(super) async fn count_row(tx: &DatabaseTransaction, id: Id, counts: &mut Counts) -> Result<(), StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM files_audit WHERE id = ?");
    let row = tx.query_one_raw(statement(tx, &sql, [text(id.to_string())])).await.context("read an entry")?;
    let Some(entry) = row.map(|row| read(&Row(&row))).transpose()? else { return Ok(()) };
    let sent = entry.file.as_deref().filter(|_| entry.direction == Direction::Download);
    counts.add(&Ended {
        user: entry.user.as_deref().unwrap_or_default(),
        direction: entry.direction,
        at: entry.ended_at.unwrap_or(entry.started_at),
        bytes: entry.bytes,
        interruptions: entry.interruptions,
        done: entry.outcome == Outcome::Done,
        sent: sent.and_then(|file| file.parse().ok()),
    });
    Ok(())
}
