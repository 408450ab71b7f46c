//! What is known of files' bytes: verdicts of whoever has read them, and how far the scrub is.

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::lease::{self, Lease};
use store::{DbContext, StoreError, jobs};

use super::{Row, Store, audit, int, statement, text};
use crate::model::{File, FileState, digest};

/// The kind of job that reads what was joined and finds its digest; its key is the file's id.
pub(crate) const HASH: &str = "files.hash";
/// The one cursor there is.
const CURSOR: &str = "scrub";

/// What a reader found out about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The file.
    pub(crate) file: Id,
    /// The version that was read.
    pub(crate) version: u64,
    /// How it is.
    pub(crate) state: FileState,
    /// Its digest; one that was known before stays known when bytes are damaged.
    pub(crate) sha256: Option<[u8; 32]>,
    /// Its CRC-32, if these bytes have given it; one that is known stays known.
    pub(crate) crc32: Option<u32>,
}

/// Why the scrub reads something a second time: one bad reading is no damage yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It does not.
    #[default]
    None,
    /// These bytes could not be read.
    Slice,
    /// All bytes were read, and were others.
    File,
}

impl Doubt {
    const fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Slice => "slice",
            Self::File => "file",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Slice, Self::File].into_iter().find(|known| known.word() == word)
    }
}

/// How far the scrub is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ScrubCursor {
    /// The file that is being read, or was last; `None` at the beginning of a round.
    pub(crate) file: Option<Id>,
    /// How many of its bytes were read; 0 if all were, or with a doubt none.
    pub(crate) checked: u64,
    /// Why it is read again.
    pub(crate) doubt: Doubt,
    /// The hash of those.
    pub(crate) hash: digest::Running,
    /// When the next round may begin, in microseconds since the epoch.
    pub(crate) rest_until: Timestamp,
}

impl Store {
    /// How far the scrub is.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn scrub_cursor(&self) -> Result<ScrubCursor, StoreError> {
        let connection = self.sql.reader();
        let query = statement(
            connection,
            "SELECT file, checked, hash, rest_until, doubt FROM files_scrub WHERE name = ?",
            [text(CURSOR)],
        );
        let Some(row) = connection.query_one_raw(query).await.context("read the scrub's cursor")? else {
            return Ok(ScrubCursor::default());
        };
        let row = Row(&row);
        let (file, doubt) = (row.text("file")?, row.text("doubt")?);
        Ok(ScrubCursor {
            doubt: Doubt::from_word(&doubt).ok_or_else(|| super::damaged(format!("doubt {doubt:?}")))?,
            file: if file.is_empty() { None } else { Some(row.id("file")?) },
            checked: row.size("checked")?,
            hash: digest::Running::deserialize(&row.text("hash")?).map_err(super::damaged)?,
            rest_until: row.time("rest_until")?,
        })
    }

    /// The file that follows `after` in the order of ids.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn file_after(&self, after: Option<Id>) -> Result<Option<File>, StoreError> {
        super::catalogue::following(self.sql.reader(), after).await
    }

    /// Moves the scrub on, together with what it found. Whether there was such a file still.
    ///
    /// # Errors
    /// [`kernel::error::Kind::Conflict`]: another replica scrubs by now. Else the database's.
    pub(crate) async fn scrubbed(
        &self,
        lease: Lease,
        cursor: ScrubCursor,
        verdict: Option<Verdict>,
    ) -> Result<bool, StoreError> {
        self.sql
            .write(move |tx| {
                let (lease, cursor) = (lease.clone(), cursor.clone());
                async move {
                    lease::fence(tx, &lease).await?;
                    save(tx, &cursor).await?;
                    match &verdict {
                        Some(verdict) => judge(tx, verdict).await,
                        None => Ok(false),
                    }
                }
                .boxed()
            })
            .await
    }

    /// Ends a job that read a file, with what it found.
    ///
    /// # Errors
    /// [`kernel::error::Kind::Conflict`]: another replica has the job by now. Else the database's.
    pub(crate) async fn hashed(&self, job: jobs::Job, verdict: Verdict) -> Result<(), StoreError> {
        self.sql
            .write(move |tx| {
                let job = job.clone();
                async move {
                    jobs::done(tx, &job).await?;
                    if let (true, Some(sha256)) = (judge(tx, &verdict).await?, verdict.sha256) {
                        audit::uploads::hashed(tx, verdict.file, &digest::hex(&sha256)).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// Has files read whose digests are not known; one that is being read already is read once.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn have_read(&self, files: Vec<Id>, now: Timestamp) -> Result<(), StoreError> {
        self.sql
            .write(move |tx| {
                let files = files.clone();
                async move {
                    for file in files {
                        jobs::enqueue(tx, HASH, &file.to_string(), "{}", now).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// Says that a file is damaged, outside of any job.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn judged(&self, verdict: Verdict) -> Result<bool, StoreError> {
        self.sql.write(move |tx| async move { judge(tx, &verdict).await }.boxed()).await
    }

    /// Holds a job for longer.
    ///
    /// # Errors
    /// [`kernel::error::Kind::Conflict`]: another replica has it by now. Else the database's.
    pub(crate) async fn job_extended(&self, job: jobs::Job, until: Timestamp) -> Result<(), StoreError> {
        self.sql
            .write(move |tx| {
                let job = job.clone();
                async move { jobs::extend(tx, &job, until).await }.boxed()
            })
            .await
    }
}

async fn save(tx: &DatabaseTransaction, cursor: &ScrubCursor) -> Result<(), StoreError> {
    let values = || {
        [
            text(cursor.file.map(|file| file.to_string()).unwrap_or_default()),
            int(cursor.checked),
            text(cursor.hash.serialize()),
            cursor.rest_until.as_micros().into(),
            text(cursor.doubt.word()),
            text(CURSOR),
        ]
    };
    let update = statement(
        tx,
        "UPDATE files_scrub SET file = ?, checked = ?, hash = ?, rest_until = ?, doubt = ? WHERE name = ?",
        values(),
    );
    if tx.execute_raw(update).await.context("move the scrub on")?.rows_affected() == 0 {
        let insert = statement(
            tx,
            "INSERT INTO files_scrub (file, checked, hash, rest_until, doubt, name) VALUES (?, ?, ?, ?, ?, ?)",
            values(),
        );
        tx.execute_raw(insert).await.context("begin the scrub")?;
    }
    Ok(())
}

async fn judge(tx: &DatabaseTransaction, verdict: &Verdict) -> Result<bool, StoreError> {
    let update = statement(
        tx,
        "UPDATE files_file SET state = ?, sha256 = ?, crc32 = COALESCE(?, crc32) WHERE id = ? AND version = ?",
        [
            text(verdict.state.word()),
            text(verdict.sha256.map(|sha256| digest::hex(&sha256)).unwrap_or_default()),
            sea_orm::Value::BigInt(verdict.crc32.map(i64::from)),
            text(verdict.file.to_string()),
            int(verdict.version),
        ],
    );
    Ok(tx.execute_raw(update).await.context("judge a file")?.rows_affected() == 1)
}
