//! What jobs look for: uploads that ended, rows that may be forgotten, blobs nobody knows.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::ConnectionTrait;
use store::{DbContext, StoreError, jobs};

use super::{Row, Store, int, statement, text};
use crate::model::UploadState;

/// The kind of job that removes the blobs of an upload or file; its key is the id.
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
    /// The blobs of its chain.
    pub(crate) chain: Vec<String>,
}

impl Store {
    /// The open uploads that ended before `now`, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn expired(&self, now: Timestamp, limit: u64) -> Result<Vec<Id>, StoreError> {
        let connection = self.sql.reader();
        let query = statement(
            connection,
            "SELECT id FROM files_upload WHERE expires_at <= ? AND state = ? ORDER BY expires_at LIMIT ?",
            [now.as_micros().into(), text(UploadState::Open.word()), int(limit)],
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
            "SELECT id FROM files_upload WHERE expires_at <= ? AND state <> ? LIMIT 1",
            [now.as_micros().into(), text(UploadState::Open.word())],
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
                        "DELETE FROM files_upload WHERE expires_at <= ? AND state <> ?",
                        [now.as_micros().into(), text(UploadState::Open.word())],
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

    /// What SQL knows of these uploads.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn swept(&self, ids: &[Id]) -> Result<BTreeMap<Id, Swept>, StoreError> {
        let connection = self.sql.reader();
        let mut found = BTreeMap::new();
        for &id in ids {
            let upload = super::uploads::find(connection, id).await?;
            let chain = self.chain(id).await?.into_iter().map(|segment| segment.blob).collect();
            let swept = Swept {
                state: upload.as_ref().map(|upload| upload.state),
                epoch: upload.map_or(0, |upload| upload.epoch),
                chain,
            };
            found.insert(id, swept);
        }
        Ok(found)
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
