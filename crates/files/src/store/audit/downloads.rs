//! Downloads' entries, written in batches when answers are over.

use std::sync::Arc;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::{Id, IdSource};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use store::{DbContext, StoreError};

use super::super::{Row, Store, int, statement, text};
use super::counts::{Counts, Ended, count_row};
use super::{Entry, insert};
use crate::model::Owner;
use crate::model::audit::{CHAIN, Chain, Outcome, Served, Via};
use crate::model::coverage::Coverage;
use crate::model::transfer::Direction;

/// Whose bytes, and by what they came: what the answers of one download have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Download {
    /// Who; `None` without a token.
    pub(crate) user: Option<Owner>,
    /// What let them in.
    pub(crate) via: Via,
    /// From where.
    pub(crate) address: String,
    /// Which file.
    pub(crate) file: Id,
    /// What it is called.
    pub(crate) name: String,
    /// How many bytes it has.
    pub(crate) size: u64,
    /// Its SHA-256 in hexadecimal.
    pub(crate) sha256: Option<String>,
}

/// An upload that was not let begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedUpload {
    /// Who.
    pub(crate) user: Owner,
    /// What let them in.
    pub(crate) via: Via,
    /// From where.
    pub(crate) address: String,
    /// What the file would have been called.
    pub(crate) name: String,
    /// How many bytes it would have had.
    pub(crate) size: Option<u64>,
    /// When.
    pub(crate) at: Timestamp,
}

/// What is written at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    /// Downloads with their answers, in order.
    pub(crate) downloads: Vec<(Download, Vec<Served>)>,
    /// Uploads that were refused.
    pub(crate) refused: Vec<RefusedUpload>,
}

impl Store {
    /// Writes what became of downloads, and what was refused.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn record(&self, records: Arc<Records>, ids: IdSource) -> Result<(), StoreError> {
        self.sql
            .write(move |tx| {
                let (records, ids) = (Arc::clone(&records), ids.clone());
                async move {
                    let mut counts = Counts::default();
                    for (download, answers) in &records.downloads {
                        take_in(tx, download, answers, &ids, &mut counts).await?;
                    }
                    for refused in &records.refused {
                        insert_refused(tx, refused, ids.next()).await?;
                    }
                    counts.write(tx).await
                }
                .boxed()
            })
            .await
    }

    /// The downloads nobody went on with before `before`, at most `limit`, are given up; returns how many.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn give_up_downloads(
        &self,
        before: Timestamp,
        now: Timestamp,
        limit: u64,
    ) -> Result<usize, StoreError> {
        let connection = self.sql.reader();
        let query = statement(
            connection,
            "SELECT id FROM files_audit WHERE outcome = ? AND seen_at < ? AND direction = ? LIMIT ?",
            [text(Outcome::Open.word()), before.as_micros().into(), text(Direction::Download.word()), int(limit)],
        );
        let rows = connection.query_all_raw(query).await.context("look for downloads to give up")?;
        let ids = rows.iter().map(|row| Row(row).id("id")).collect::<Result<Vec<Id>, StoreError>>()?;
        if ids.is_empty() {
            return Ok(0);
        }
        self.sql
            .write(move |tx| {
                let ids = ids.clone();
                async move {
                    let mut counts = Counts::default();
                    let mut ended = 0;
                    for id in ids {
                        let update = statement(
                            tx,
                            "UPDATE files_audit SET outcome = ?, ended_at = ?, revision = revision + 1 WHERE id = ? AND \
                             outcome = ? AND seen_at < ?",
                            [
                                text(Outcome::Abandoned.word()),
                                now.as_micros().into(),
                                text(id.to_string()),
                                text(Outcome::Open.word()),
                                before.as_micros().into(),
                            ],
                        );
                        if tx.execute_raw(update).await.context("give a download up")?.rows_affected() == 1 {
                            count_row(tx, id, &mut counts).await?;
                            ended += 1;
                        }
                    }
                    counts.write(tx).await?;
                    Ok(ended)
                }
                .boxed()
            })
            .await
    }
}

/// A download's entry that may go on.
struct Going {
    id: Id,
    started_at: Timestamp,
    revision: i64,
    chain: Chain,
}

async fn take_in(
    tx: &DatabaseTransaction,
    download: &Download,
    answers: &[Served],
    ids: &IdSource,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let user = download.user.as_ref().map(|user| user.id.to_string()).unwrap_or_default();
    let mut left = answers;
    while let Some(first) = left.first() {
        let going = find_going(tx, download, first.began).await?;
        let mut chain = going.as_ref().map(|going| going.chain.clone()).unwrap_or_default();
        let mut outcome = Outcome::Open;
        let mut over = first.over;
        let mut taken = 0;
        for answer in left {
            outcome = chain.take(answer, download.size);
            over = over.max(answer.over);
            taken += 1;
            if outcome != Outcome::Open {
                break;
            }
        }
        let ended_at = (outcome != Outcome::Open).then_some(over);
        match &going {
            Some(going) => {
                if !go_on(tx, going, &chain, outcome, over).await? {
                    // Another replica wrote it meanwhile: what it wrote is the beginning of this.
                    continue;
                }
            }
            None => {
                let entry = Entry {
                    id: ids.next(),
                    user: download.user.as_ref(),
                    file: download.file.to_string(),
                    name: &download.name,
                    direction: Direction::Download,
                    via: download.via,
                    address: &download.address,
                    started_at: first.began,
                    seen_at: over,
                    ended_at,
                    size: Some(download.size),
                    chain: &chain,
                    sha256: download.sha256.clone(),
                    outcome,
                };
                insert(tx, entry).await?;
            }
        }
        if outcome != Outcome::Open {
            counts.add(&Ended {
                user: &user,
                direction: Direction::Download,
                at: over,
                bytes: chain.bytes,
                interruptions: chain.interruptions,
                done: outcome == Outcome::Done,
                sent: Some(download.file),
            });
        }
        left = &left[taken..];
    }
    Ok(())
}

async fn find_going(
    tx: &DatabaseTransaction,
    download: &Download,
    began: Timestamp,
) -> Result<Option<Going>, StoreError> {
    let user = download.user.as_ref().map(|user| user.id.to_string()).unwrap_or_default();
    // Whoever has no name is known by the address alone.
    let nobody = user.is_empty();
    let since = began.as_micros() - i64::try_from(CHAIN.as_micros()).unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT id, started_at, covered, transferred, interruptions, resumes, cut, revision FROM files_audit WHERE user_id = \
         ? AND file = ? AND direction = ? AND via = ? AND outcome = ? AND seen_at >= ?{} ORDER BY seen_at DESC LIMIT 1",
        if nobody { " AND address = ?" } else { "" }
    );
    let values = [
        text(user),
        text(download.file.to_string()),
        text(Direction::Download.word()),
        text(download.via.word()),
        text(Outcome::Open.word()),
        since.into(),
    ];
    let values = values.into_iter().chain(nobody.then(|| text(download.address.clone())));
    let row = tx.query_one_raw(statement(tx, &sql, values)).await.context("find a download's entry")?;
    let Some(row) = row else { return Ok(None) };
    let row = Row(&row);
    Ok(Some(Going {
        id: row.id("id")?,
        started_at: row.time("started_at")?,
        revision: row.int("revision")?,
        chain: Chain {
            covered: Coverage::parse(&row.text("covered")?),
            bytes: row.size("transferred")?,
            interruptions: row.size("interruptions")?,
            resumes: row.size("resumes")?,
            cut: row.int("cut")? != 0,
        },
    }))
}

async fn go_on(
    tx: &DatabaseTransaction,
    going: &Going,
    chain: &Chain,
    outcome: Outcome,
    over: Timestamp,
) -> Result<bool, StoreError> {
    let update = statement(
        tx,
        "UPDATE files_audit SET covered = ?, transferred = ?, interruptions = ?, resumes = ?, cut = ?, seen_at = ?, ended_at \
         = ?, outcome = ?, revision = revision + 1 WHERE id = ? AND revision = ? AND outcome = ?",
        [
            text(chain.covered.text()),
            int(chain.bytes),
            int(chain.interruptions),
            int(chain.resumes),
            i64::from(chain.cut).into(),
            over.max(going.started_at).as_micros().into(),
            Value::BigInt((outcome != Outcome::Open).then(|| over.as_micros())),
            text(outcome.word()),
            text(going.id.to_string()),
            going.revision.into(),
            text(Outcome::Open.word()),
        ],
    );
    Ok(tx.execute_raw(update).await.context("go on with a download's entry")?.rows_affected() == 1)
}

async fn insert_refused(tx: &DatabaseTransaction, refused: &RefusedUpload, id: Id) -> Result<(), StoreError> {
    insert(
        tx,
        Entry {
            id,
            user: Some(&refused.user),
            file: String::new(),
            name: &refused.name,
            direction: Direction::Upload,
            via: refused.via,
            address: &refused.address,
            started_at: refused.at,
            seen_at: refused.at,
            ended_at: Some(refused.at),
            size: refused.size,
            chain: &Chain::default(),
            sha256: None,
            outcome: Outcome::Refused,
        },
    )
    .await
}
