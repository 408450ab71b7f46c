//! One transaction for everything that waits: fence, read what is missing, decide, write.

use std::sync::Arc;

use futures::FutureExt;
use kernel::error::Kind;
use kernel::id::IdSource;
use sea_orm::DatabaseTransaction;
use store::lease::{self, Lease};
use store::{Sql, StoreError};
use tokio::sync::Mutex;

use crate::model::{Alert, Answer, Changes, Inventory, Ledger, Moment, Question, Record};
use crate::store::{notes, requests};

/// Beyond so many remembered requests the memory is begun anew; it is all in SQL.
const MOST_REMEMBERED: usize = 20_000;

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BookError {
    /// Another server leads.
    #[error("another server leads")]
    Overtaken,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was decided, durably.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// One answer a question, in their order.
    pub(crate) answers: Vec<Answer>,
    pub(crate) changed: Vec<Record>,
    pub(crate) alerts: Vec<Alert>,
}

/// The leader's memory and its records.
#[derive(Clone)]
pub(crate) struct Book {
    sql: Sql,
    ids: IdSource,
    memory: Arc<Mutex<Memory>>,
}

struct Memory {
    ledger: Ledger,
    /// Everything in it is committed.
    certain: bool,
}

impl Book {
    /// Remembers nothing yet.
    pub(crate) fn new(sql: Sql, ids: IdSource, inventory: Arc<Inventory>) -> Self {
        let memory = Memory { ledger: Ledger::new(inventory), certain: false };
        Self { sql, ids, memory: Arc::new(Mutex::new(memory)) }
    }

    /// Decides questions under `lease`; what is due ends, also without questions.
    pub(crate) async fn settle(
        &self,
        lease: &Lease,
        questions: Arc<[Question]>,
        moment: Moment,
    ) -> Result<Settled, BookError> {
        let (lease, book) = (lease.clone(), self.clone());
        let settled = self
            .sql
            .write(move |transaction| {
                let (lease, book, questions) = (lease.clone(), book.clone(), Arc::clone(&questions));
                async move { book.within(transaction, &lease, &questions, &moment).await }.boxed()
            })
            .await?;
        let mut memory = self.memory.lock().await;
        // A write of another caller cannot have come between: one task settles.
        memory.certain = memory.ledger.len() < MOST_REMEMBERED;
        Ok(settled)
    }

    /// When the next proposal ends.
    pub(crate) async fn next_deadline(&self) -> Option<kernel::clock::Timestamp> {
        self.memory.lock().await.ledger.next_deadline()
    }

    /// Forgets everything: another server may have written since.
    pub(crate) async fn forget(&self) {
        self.memory.lock().await.certain = false;
    }

    async fn within(
        &self,
        transaction: &DatabaseTransaction,
        lease: &Lease,
        questions: &[Question],
        moment: &Moment,
    ) -> Result<Settled, BookError> {
        match lease::fence(transaction, lease).await {
            Err(error) if error.kind == Kind::Conflict => return Err(BookError::Overtaken),
            fenced => fenced?,
        }
        let mut memory = self.memory.lock().await;
        if !memory.certain {
            memory.ledger.clear();
            for record in requests::proposed(transaction).await? {
                memory.ledger.admit(record);
            }
        }
        // From here on the memory is ahead of the records, until the commit is known.
        memory.certain = false;
        let ledger = &mut memory.ledger;
        let missing = ledger.missing_requests(questions);
        for record in requests::by_keys(transaction, missing.keys).await? {
            ledger.admit(record);
        }
        for record in requests::by_ids(transaction, missing.ids).await? {
            ledger.admit(record);
        }
        let semesters = ledger.missing_semesters(questions, moment.now);
        if !semesters.is_empty() {
            let mut live = requests::live(transaction, semesters.iter().map(|semester| &**semester)).await?;
            for semester in semesters {
                let (its, rest) = live.into_iter().partition(|record| record.semester == semester);
                live = rest;
                ledger.open(&semester, its);
            }
        }
        let answers = ledger.decide(questions, moment);
        let Changes { inserted, updated, alerts } = ledger.changes();
        requests::insert(transaction, &inserted).await?;
        requests::update(transaction, &updated).await?;
        for alert in &alerts {
            notes::alert(transaction, self.ids.next(), alert).await?;
        }
        let changed = inserted.into_iter().chain(updated).collect();
        Ok(Settled { answers, changed, alerts })
    }
}
