//! Rooms without records: counts what is free, for tests of the wire alone.

use std::collections::HashMap;
use std::time::Duration;

use rooms::model::{Answer, Proposal, Reason, Resolution, RoomName, Solicitation, Status};
use rooms::{Command, Core, Role, Standing};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

/// How many rooms there are in any semester.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) classrooms: u32,
    pub(crate) labs: u32,
}

struct Rows {
    free: HashMap<String, [Vec<RoomName>; 2]>,
    answers: HashMap<(String, String), (Solicitation, Answer)>,
    size: Table,
}

impl Table {
    pub(crate) fn open(self) -> Core {
        let (commands, mut asked) = mpsc::channel(1024);
        let standing = watch::Sender::new(Standing { active: true, epoch: 1, role: Role::Primary, endpoint: None });
        let core = Core::new(commands, standing.subscribe());
        tokio::spawn(async move {
            let _leads = standing;
            let mut rows = Rows { free: HashMap::new(), answers: HashMap::new(), size: self };
            while let Some(command) = asked.recv().await {
                match command {
                    Command::Solicit(asked, from, answer) => {
                        let faculty = from.faculty.unwrap_or_else(|| asked.faculty.clone());
                        let _ = answer.send(rows.solicit(faculty, asked));
                    }
                    Command::Acknowledge(given, from, answer) => {
                        let key = (from.faculty.unwrap_or_default(), given.request_id.clone());
                        let _ = answer.send(rows.settle(key, &given.transaction_id, given.accept));
                    }
                    Command::Release(_, answer) | Command::HandOver(answer) => drop(answer),
                }
            }
        });
        core
    }
}

impl Rows {
    fn solicit(&mut self, faculty: String, asked: Solicitation) -> Answer {
        let key = (faculty, asked.request_id.clone());
        if let Some((_, answer)) = self.answers.get(&key) {
            return answer.clone();
        }
        let size = self.size;
        let [classrooms, labs] = self.free.entry(asked.semester.clone()).or_insert_with(|| {
            let names = |letter, width, count| {
                (1..=count).rev().map(|number| RoomName::from(format!("{letter}-{number:0width$}"))).collect()
            };
            [names('S', 3, size.classrooms), names('L', 2, size.labs)]
        });
        let adapted = (asked.labs as usize).saturating_sub(labs.len());
        let answer = if asked.classrooms as usize + adapted > classrooms.len() {
            let reason = Reason::InsufficientRooms;
            Answer::Resolved(Resolution::refusal(&asked.request_id, 1, Status::Denied, reason, "too few rooms"))
        } else {
            let mut take = |from: &mut Vec<RoomName>, count: usize| from.split_off(from.len() - count);
            Answer::Proposed(Proposal {
                request_id: asked.request_id.clone(),
                transaction_id: format!("{}-{}", key.0, asked.request_id),
                epoch: 1,
                classrooms: take(classrooms, asked.classrooms as usize),
                labs: take(labs, asked.labs as usize - adapted),
                mobile_labs: take(classrooms, adapted),
                expires_in: Duration::from_secs(5),
            })
        };
        self.answers.insert(key, (asked, answer.clone()));
        answer
    }

    fn settle(&mut self, key: (String, String), transaction: &str, accept: bool) -> Answer {
        let unknown = Resolution::refusal(&key.1, 1, Status::Canceled, Reason::UnknownTransaction, "unknown");
        let Some((asked, answer)) = self.answers.get_mut(&key) else { return Answer::Resolved(unknown) };
        let Answer::Proposed(proposal) = answer.clone() else { return answer.clone() };
        if proposal.transaction_id != transaction {
            return Answer::Resolved(unknown);
        }
        let refusal = Resolution::refusal(&key.1, 1, Status::Denied, Reason::Rejected, "rejected");
        let said = Resolution { transaction_id: Some(proposal.transaction_id), ..refusal };
        *answer = Answer::Resolved(if accept {
            Resolution {
                status: Status::Accepted,
                reason: None,
                detail: None,
                classrooms: proposal.classrooms,
                labs: proposal.labs,
                mobile_labs: proposal.mobile_labs,
                ..said
            }
        } else {
            let [classrooms, labs] = self.free.entry(asked.semester.clone()).or_default();
            classrooms.extend(proposal.classrooms.into_iter().chain(proposal.mobile_labs));
            labs.extend(proposal.labs);
            said
        });
        answer.clone()
    }
}
