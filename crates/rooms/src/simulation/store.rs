//! The records of a simulation: a map, a lease, and transactions that are all or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::clock::Timestamp;
use kernel::id::Id;

use crate::model::{Answer, Ledger, Moment, Question, Record, key};

/// Mechanisms that are taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Broken {
    /// Transactions do not look at the epoch.
    pub(super) epoch: bool,
    /// Repeats are not found by their key.
    pub(super) key: bool,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) broken: Broken,
    pub(super) records: BTreeMap<Id, Record>,
    /// Every state a record was committed in.
    pub(super) history: Vec<(Id, crate::model::State)>,
    /// Epoch and server of each commit that changed something.
    pub(super) commits: Vec<(u64, usize)>,
    pub(super) epoch: u64,
    pub(super) holder: Option<usize>,
    pub(super) expires: Timestamp,
}

/// How a transaction ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Committed(Vec<Answer>),
    /// The fence did not match.
    Overtaken,
}

impl Store {
    /// Compare-and-set of the lease.
    pub(super) fn take(&mut self, server: usize, seen: u64, until: Timestamp) -> bool {
        if self.epoch != seen {
            return false;
        }
        self.epoch += 1;
        (self.holder, self.expires) = (Some(server), until);
        true
    }

    /// What [`Book`](crate::leader::book::Book) does in SQL, step by step. `ledger` is the leader's memory, `certain`
    /// whether it is believed.
    pub(super) fn transact(
        &mut self,
        server: usize,
        epoch: u64,
        memory: (&mut Ledger, &mut bool),
        questions: &[Question],
        moment: &Moment,
    ) -> Outcome {
        let (ledger, certain) = memory;
        if !self.broken.epoch && (self.epoch != epoch || self.holder != Some(server)) {
            return Outcome::Overtaken;
        }
        if !*certain {
            ledger.clear();
            for record in self.records.values().filter(|record| record.state == crate::model::State::Proposed) {
                ledger.admit(record.clone());
            }
        }
        let missing = ledger.missing_requests(questions);
        let by_key = |wanted: &String| {
            let same = |record: &&Record| key(&record.faculty, &record.request_id) == *wanted;
            self.records.values().find(same).cloned()
        };
        let known: Vec<Record> =
            if self.broken.key { Vec::new() } else { missing.keys.iter().filter_map(by_key).collect() };
        known.into_iter().for_each(|record| ledger.admit(record));
        missing.ids.iter().filter_map(|id| self.records.get(id)).for_each(|record| ledger.admit(record.clone()));
        for semester in ledger.missing_semesters(questions, moment.now) {
            let lives = |record: &&Record| {
                record.semester == semester && (record.state.occupies() || record.state == crate::model::State::Waiting)
            };
            let live = self.records.values().filter(lives).cloned().collect();
            ledger.open(&Arc::clone(&semester), live);
        }
        let answers = ledger.decide(questions, moment);
        *certain = true;
        let changes = ledger.changes();
        let written: Vec<Record> = changes.inserted.into_iter().chain(changes.updated).collect();
        if !written.is_empty() {
            self.commits.push((epoch, server));
        }
        for record in written {
            self.history.push((record.id, record.state));
            self.records.insert(record.id, record);
        }
        Outcome::Committed(answers)
    }
}
