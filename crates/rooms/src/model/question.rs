//! What is asked together is decided together.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::clock::Timestamp;
use kernel::id::Id;

use super::ledger::{Ledger, Moment, key};
use super::{Acknowledgement, Answer, Origin, Solicitation};

/// One question, and what it decides by.
#[derive(Debug, Clone)]
pub(crate) enum Question {
    /// A programme asks; the id is for the request, if it is new.
    Solicit(Solicitation, Origin, Id),
    /// A faculty answers.
    Acknowledge(Acknowledgement, Origin),
    /// Rooms are given back, by their transaction's name.
    Release(String),
}

/// Records that must be read before questions can be decided.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// As [`key`] makes them.
    pub(crate) keys: BTreeSet<String>,
    pub(crate) ids: BTreeSet<Id>,
}

impl Question {
    fn transaction(&self) -> Option<Id> {
        match self {
            Self::Solicit(..) => None,
            Self::Acknowledge(given, _) => given.transaction_id.parse().ok(),
            Self::Release(transaction) => transaction.parse().ok(),
        }
    }
}

impl Ledger {
    /// Which requests must be read first.
    pub(crate) fn missing_requests(&self, questions: &[Question]) -> Missing {
        let mut missing = Missing::default();
        for question in questions {
            match question {
                Question::Solicit(asked, ..) => {
                    if asked.check().is_ok() {
                        let key = key(&asked.faculty, &asked.request_id);
                        if !self.knows_key(&key) {
                            missing.keys.insert(key);
                        }
                    }
                }
                other => missing.ids.extend(other.transaction().filter(|id| !self.knows(*id))),
            }
        }
        missing
    }

    /// Which semesters must be opened, once those requests were read.
    pub(crate) fn missing_semesters(&self, questions: &[Question], now: Timestamp) -> BTreeSet<Arc<str>> {
        let asked = questions.iter().filter_map(|question| match question {
            Question::Solicit(asked, ..) => asked.check().is_ok().then_some(&*asked.semester),
            other => self.semester_of(other.transaction()?),
        });
        asked.chain(self.due(now)).filter(|semester| !self.is_open(semester)).map(Arc::from).collect()
    }

    /// Ends what is due, then answers in turn. Everything [`Self::missing_requests`] and [`Self::missing_semesters`] name
    /// must have been read.
    pub(crate) fn decide(&mut self, questions: &[Question], moment: &Moment) -> Vec<Answer> {
        self.expire(moment);
        let answer = |question: &Question| match question {
            Question::Solicit(asked, from, id) => self.solicit(asked, from, *id, moment),
            Question::Acknowledge(given, from) => self.acknowledge(given, from, moment),
            Question::Release(transaction) => self.release(transaction, moment),
        };
        questions.iter().map(answer).collect()
    }
}
