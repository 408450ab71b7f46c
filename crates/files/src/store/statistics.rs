//! Statistics, read from rows that were counted when transfers ended.

use kernel::id::Id;
use sea_orm::ConnectionTrait;
use store::{DbContext, StoreError};

use super::{Row, Store, int, statement, text};
use crate::model::Visibility;
use crate::model::statistics::{HourRow, Popular};
use crate::model::transfer::Direction;

impl Store {
    /// The hours from `since` (hours since the epoch) on: the campus's, or a user's own.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn hours(&self, owner: Option<Id>, since: i64) -> Result<Vec<HourRow>, StoreError> {
        let connection = self.sql.reader();
        let query = statement(
            connection,
            "SELECT hour, direction, transfers, done, bytes, interrupted, recovered FROM files_hour WHERE owner = ? AND hour \
             >= ?",
            [text(owner.map(|owner| owner.to_string()).unwrap_or_default()), since.into()],
        );
        let rows = connection.query_all_raw(query).await.context("read the hours")?;
        rows.iter()
            .map(|row| {
                let row = Row(row);
                let direction = row.text("direction")?;
                Ok(HourRow {
                    hour: row.int("hour")?,
                    direction: Direction::from_word(&direction)
                        .ok_or_else(|| super::damaged(format!("direction {direction:?}")))?,
                    transfers: row.size("transfers")?,
                    done: row.size("done")?,
                    bytes: row.size("bytes")?,
                    interrupted: row.size("interrupted")?,
                    recovered: row.size("recovered")?,
                })
            })
            .collect()
    }

    /// The files most often downloaded: a user's own, or those that `viewer` may see, or all.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn popular(&self, whose: Whose, limit: u64) -> Result<Vec<Popular>, StoreError> {
        let connection = self.sql.reader();
        let (condition, values) = match whose {
            Whose::All => ("", Vec::new()),
            Whose::Own(user) => (" AND owner = ?", vec![text(user.to_string())]),
            Whose::SeenBy(user) => {
                (" AND (owner = ? OR visibility <> ?)", vec![text(user.to_string()), text(Visibility::Private.word())])
            }
        };
        let sql = format!(
            "SELECT id, metadata, downloads, sent_bytes FROM files_file WHERE downloads > 0 AND deleted_at = 0{condition} \
             ORDER BY downloads DESC, id DESC LIMIT ?"
        );
        let query = statement(connection, &sql, values.into_iter().chain([int(limit)]));
        let rows = connection.query_all_raw(query).await.context("list the most popular files")?;
        rows.iter()
            .map(|row| {
                let row = Row(row);
                Ok(Popular {
                    id: row.id("id")?.to_string(),
                    name: row.metadata()?.name,
                    downloads: row.size("downloads")?,
                    bytes: row.size("sent_bytes")?,
                })
            })
            .collect()
    }
}

/// Whose files count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Everybody's.
    All,
    /// One user's.
    Own(Id),
    /// Those that a user may see.
    SeenBy(Id),
}
