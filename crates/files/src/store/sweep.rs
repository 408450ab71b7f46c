//! What jobs look for: uploads that ended, rows that may be forgotten, blobs nobody knows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::{DbContext, StoreError, jobs};

use super::{Row, Store, int, shares, statement, text, vouchers};
use crate::model::concat::Kind;
use crate::model::{UploadState, chain};

/// The kind of job that removes the blobs of an upload that no chain names any more; its key is the upload's id.
pub(crate) const DELETE_BLOBS: &str = "files.delete-blobs";
/// How long a removed upload answers 410 before it is 404.
pub(super) const GONE_FOR: Duration = Duration::from_secs(86_400);

/// What SQL knows of an upload whose blobs were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Where it stands; `None` if its row is gone and it is a file, or was.
    pub(crate) state: Option<UploadState>,
    /// The epoch that may be writing.
    pub(crate) epoch: u64,
    /// Those of its blobs that a chain names, be it its own or that of a file it was joined into.
    pub(crate) named: BTreeSet<String>,
}

impl Store {
    /// The uploads that are no files and ended before `now`, at most `limit`. A part that is complete does not end while
    /// a whole waits for others, and a whole that waits ends with its parts only.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn expired(&self, now: Timestamp, limit: u64) -> Result<Vec<Id>, StoreError> {
        let connection = self.sql.reader();
        let query = statement(
            connection,
            "SELECT id FROM files_upload WHERE expires_at <= ? AND kind <> ? AND (state = ? OR (state = ? AND NOT EXISTS \
             (SELECT 1 FROM files_join WHERE files_join.part = files_upload.id))) ORDER BY expires_at LIMIT ?",
            [
                now.as_micros().into(),
                text(Kind::Final.word()),
                text(UploadState::Open.word()),
                text(UploadState::Part.word()),
                int(limit),
            ],
        );
        let rows = connection.query_all_raw(query).await.context("list expired uploads")?;
        rows.iter().map(|row| Row(row).id("id")).collect()
    }

    /// Whether [`Store::forget`] has something to do.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn forgettable(&self, now: Timestamp) -> Result<bool, StoreError> {
        let connection = self.sql.reader();
        let query = statement(
            connection,
            "SELECT id FROM files_upload WHERE expires_at <= ? AND state IN (?, ?) LIMIT 1",
            [now.as_micros().into(), text(UploadState::Done.word()), text(UploadState::Gone.word())],
        );
        if connection.query_one_raw(query).await.context("look for rows to forget")?.is_some() {
            return Ok(true);
        }
        let purged = statement(
            connection,
            "SELECT id FROM files_purged WHERE expires_at <= ? LIMIT 1",
            [now.as_micros().into()],
        );
        Ok(connection.query_one_raw(purged).await.context("look for purged files to forget")?.is_some())
    }

    /// Forgets the rows of finished and removed uploads that ended before `now`; returns how many.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn forget(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let delete = statement(
                        tx,
                        "DELETE FROM files_upload WHERE expires_at <= ? AND state IN (?, ?)",
                        [now.as_micros().into(), text(UploadState::Done.word()), text(UploadState::Gone.word())],
                    );
                    let uploads = tx.execute_raw(delete).await.context("forget uploads")?.rows_affected();
                    let purged =
                        statement(tx, "DELETE FROM files_purged WHERE expires_at <= ?", [now.as_micros().into()]);
                    Ok(uploads + tx.execute_raw(purged).await.context("forget purged files")?.rows_affected())
                }
                .boxed()
            })
            .await
    }

    /// Forgets shares and vouchers that ended at or before `border`; returns how many.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn forget_ended(&self, border: Timestamp) -> Result<u64, StoreError> {
        self.sql
            .write(move |tx| {
                async move { Ok(shares::forget(tx, border).await? + vouchers::forget(tx, border).await?) }.boxed()
            })
            .await
    }

    /// What SQL knows of these uploads.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn swept(&self, ids: &[Id]) -> Result<BTreeMap<Id, Swept>, StoreError> {
        let connection = self.sql.reader();
        let mut found = BTreeMap::new();
        for &id in ids {
            let upload = super::uploads::find(connection, id).await?;
            // Asked after the state: what has ended since then can only have been named before.
            let named = named(connection, id).await?;
            let swept = Swept {
                state: upload.as_ref().map(|upload| upload.state),
                epoch: upload.map_or(0, |upload| upload.epoch),
                named,
            };
            found.insert(id, swept);
        }
        Ok(found)
    }

    /// Those of these ids that are files, be it in the trash.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn existing(&self, ids: &[Id]) -> Result<BTreeSet<Id>, StoreError> {
        let connection = self.sql.reader();
        let sql = format!("SELECT id FROM files_file WHERE id IN ({})", super::marks(ids.len()));
        let query = statement(connection, &sql, ids.iter().map(|id| text(id.to_string())));
        let rows = connection.query_all_raw(query).await.context("look for files")?;
        rows.iter().map(|row| Row(row).id("id")).collect()
    }

    /// Ends a job that needs no other write.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn job_done(&self, job: jobs::Job) -> Result<(), StoreError> {
        self.sql
            .write(move |tx| {
                let job = job.clone();
                async move { jobs::done(tx, &job).await }.boxed()
            })
            .await
    }

    /// Puts a job off.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn job_failed(&self, job: jobs::Job, until: Timestamp, reason: String) -> Result<(), StoreError> {
        self.sql
            .write(move |tx| {
                let (job, reason) = (job.clone(), reason.clone());
                async move { jobs::fail_until(tx, &job, until, &reason).await }.boxed()
            })
            .await
    }
}

/// Between which names those of an upload's blobs are: '0' is what follows '/', so these are all that begin with
/// `PREFIX ID /`, found by the index on both engines.
fn names_of(id: Id) -> [sea_orm::Value; 2] {
    let prefix = format!("{}{id}", chain::PREFIX);
    [text(format!("{prefix}/")), text(format!("{prefix}0"))]
}

/// Whether another chain than its own names blobs of an upload.
pub(super) async fn is_named_elsewhere(tx: &DatabaseTransaction, id: Id) -> Result<bool, StoreError> {
    let [after, before] = names_of(id);
    let query = statement(
        tx,
        "SELECT file FROM files_segment WHERE blob_key > ? AND blob_key < ? AND file <> ? LIMIT 1",
        [after, before, text(id.to_string())],
    );
    Ok(tx.query_one_raw(query).await.context("find who else names blobs")?.is_some())
}

/// The blobs of an upload that any chain names.
async fn named(connection: &impl ConnectionTrait, id: Id) -> Result<BTreeSet<String>, StoreError> {
    let query =
        statement(connection, "SELECT blob_key FROM files_segment WHERE blob_key > ? AND blob_key < ?", names_of(id));
    let rows = connection.query_all_raw(query).await.context("find the blobs that chains name")?;
    rows.iter().map(|row| Row(row).text("blob_key")).collect()
}

/// The uploads whose blobs a file's chain names, and the file itself.
pub(super) async fn owners_of_blobs(tx: &DatabaseTransaction, file: Id) -> Result<BTreeSet<Id>, StoreError> {
    let query = statement(tx, "SELECT blob_key FROM files_segment WHERE file = ?", [text(file.to_string())]);
    let rows = tx.query_all_raw(query).await.context("read a chain")?;
    let mut owners = BTreeSet::from([file]);
    for row in &rows {
        owners.extend(chain::parse_segment_name(&Row(row).text("blob_key")?).map(|(id, _)| id));
    }
    Ok(owners)
}
