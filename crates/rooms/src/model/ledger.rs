//! What the leader has in memory: a part of the records, enough to decide.
//!
//! Everything in here can be read again from the records, so a ledger whose writes may not have been committed is thrown
//! away. [`Ledger::missing_requests`] and [`Ledger::missing_semesters`] say what must be read before a question is put.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::id::Id;

use super::fit::choose;
use super::{
    Acknowledgement, Alert, AlertKind, Answer, Invalid, Inventory, Origin, Reason, Record, Resolution, Solicitation,
    State, Status, Wish,
};

/// When and under which leadership something is decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) epoch: u64,
    pub(crate) now: Timestamp,
    /// How long a proposal is held unless its request says otherwise.
    pub(crate) hold: Duration,
}

/// What must be written before the answers may leave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Changes {
    pub(crate) inserted: Vec<Record>,
    pub(crate) updated: Vec<Record>,
    pub(crate) alerts: Vec<Alert>,
}

/// See the module.
pub(crate) struct Ledger {
    inventory: Arc<Inventory>,
    semesters: HashMap<Arc<str>, Semester>,
    records: HashMap<Id, Record>,
    keys: HashMap<String, Id>,
    deadlines: BTreeSet<(Timestamp, Id)>,
    /// What was changed since the last [`Ledger::changes`], and whether it is new.
    touched: BTreeMap<Id, bool>,
    alerts: Vec<Alert>,
}

/// Who has which room.
struct Semester {
    holders: Vec<Option<Id>>,
    waiting: BTreeSet<(Timestamp, Id)>,
    /// What was alerted and is still so.
    alerted: Vec<AlertKind>,
}

/// What a request is known by: unique, whatever it asks for.
pub(crate) fn key(faculty: &str, request_id: &str) -> String {
    [faculty, "/", request_id].concat()
}

impl Ledger {
    pub(crate) fn new(inventory: Arc<Inventory>) -> Self {
        Self {
            inventory,
            semesters: HashMap::new(),
            records: HashMap::new(),
            keys: HashMap::new(),
            deadlines: BTreeSet::new(),
            touched: BTreeMap::new(),
            alerts: Vec::new(),
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(Arc::clone(&self.inventory));
    }

    /// How much is remembered.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the request under this key is remembered.
    pub(crate) fn knows_key(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Whether the request of this id is remembered.
    pub(crate) fn knows(&self, id: Id) -> bool {
        self.records.contains_key(&id)
    }

    /// The semester of a remembered request.
    pub(crate) fn semester_of(&self, id: Id) -> Option<&str> {
        self.records.get(&id).map(|record| &*record.semester)
    }

    /// The semesters of proposals whose time is over.
    pub(crate) fn due(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        self.deadlines
            .iter()
            .take_while(move |(deadline, _)| *deadline <= now)
            .filter_map(|(_, id)| self.semester_of(*id))
    }

    /// Remembers a record that was read.
    pub(crate) fn admit(&mut self, record: Record) {
        if self.records.contains_key(&record.id) {
            return;
        }
        if let (State::Proposed, Some(deadline)) = (record.state, record.deadline) {
            self.deadlines.insert((deadline, record.id));
        }
        if let Some(semester) = self.semesters.get_mut(&record.semester) {
            semester.place(&self.inventory, &record);
        }
        self.keys.insert(key(&record.faculty, &record.request_id), record.id);
        self.records.insert(record.id, record);
    }

    /// Opens a semester: `live` is every record of it that waits or has rooms.
    pub(crate) fn open(&mut self, name: &Arc<str>, live: Vec<Record>) {
        let holders = vec![None; self.inventory.rooms().len()];
        let mut semester = Semester { holders, waiting: BTreeSet::new(), alerted: Vec::new() };
        // What is remembered already may be newer than what was read.
        for record in &live {
            semester.place(&self.inventory, self.records.get(&record.id).unwrap_or(record));
        }
        self.semesters.insert(Arc::clone(name), semester);
        for record in live {
            self.admit(record);
        }
    }

    /// Whether this semester's holders are known.
    pub(crate) fn is_open(&self, semester: &str) -> bool {
        self.semesters.contains_key(semester)
    }

    /// When the next proposal ends.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Ends the proposals whose time is over; their rooms go to whoever waits.
    pub(crate) fn expire(&mut self, moment: &Moment) {
        while let Some((deadline, id)) = self.deadlines.first().copied()
            && deadline <= moment.now
        {
            self.deadlines.remove(&(deadline, id));
            self.settle(id, State::Expired, "the proposal was not acknowledged in time", moment);
        }
    }

    /// A programme asks. `id` is for the request, if it is new.
    pub(crate) fn solicit(&mut self, asked: &Solicitation, from: &Origin, id: Id, moment: &Moment) -> Answer {
        let fault = asked.check().err().or_else(|| {
            let other = from.faculty.as_ref().is_some_and(|faculty| **faculty != *asked.faculty);
            other.then(|| Invalid::new("faculty", "the connection's key is another faculty's"))
        });
        if let Some(fault) = fault {
            return invalid(&asked.request_id, &fault, moment);
        }
        let key = key(&asked.faculty, &asked.request_id);
        if let Some(known) = self.keys.get(&key).and_then(|id| self.records.get(id)) {
            if !known.is_repeat(asked) {
                let fault = Invalid::new("request_id", "was used for another request");
                return invalid(&asked.request_id, &fault, moment);
            }
            return known.answer(moment);
        }
        let record = Record {
            id,
            faculty: asked.faculty.as_str().into(),
            request_id: asked.request_id.as_str().into(),
            program: asked.program.as_str().into(),
            semester: asked.semester.as_str().into(),
            wish: Wish::of(asked),
            hold: asked.hold,
            state: State::Waiting,
            epoch: moment.epoch,
            allocation: super::Allocation::default(),
            detail: None,
            asked_at: moment.now,
            deadline: None,
            changed_at: moment.now,
        };
        self.keys.insert(key, id);
        self.records.insert(id, record);
        self.touched.insert(id, true);
        if !self.propose(id, moment) {
            self.put_off(id, asked.wait, moment);
        }
        self.answer(id, moment)
    }

    /// A faculty answers a proposal.
    pub(crate) fn acknowledge(&mut self, given: &Acknowledgement, from: &Origin, moment: &Moment) -> Answer {
        let unknown = || {
            let detail = "no proposal of that name is known for this faculty";
            let mut refusal = Resolution::refusal(
                &given.request_id,
                moment.epoch,
                Status::Canceled,
                Reason::UnknownTransaction,
                detail,
            );
            refusal.transaction_id = Some(given.transaction_id.clone());
            Answer::Resolved(refusal)
        };
        let Some(record) = given.transaction_id.parse().ok().and_then(|id: Id| self.records.get(&id)) else {
            return unknown();
        };
        let another = from.faculty.as_ref().is_some_and(|faculty| **faculty != *record.faculty);
        if another || *record.request_id != *given.request_id || record.state == State::Denied {
            return unknown();
        }
        let id = record.id;
        match (record.state, given.accept) {
            (State::Proposed, true) => self.confirm(id, moment),
            (State::Proposed | State::Waiting, false) => {
                self.settle(id, State::Rejected, "the faculty did not take the rooms", moment);
            }
            _ => {}
        }
        self.answer(id, moment)
    }

    /// Gives back the rooms of an accepted request; any other stays as it is.
    pub(crate) fn release(&mut self, transaction: &str, moment: &Moment) -> Answer {
        let found = transaction.parse().ok().and_then(|id: Id| self.records.get(&id));
        let Some((id, state)) = found.map(|record| (record.id, record.state)) else {
            let detail = "no transaction of that name is known";
            let refusal =
                Resolution::refusal(transaction, moment.epoch, Status::Canceled, Reason::UnknownTransaction, detail);
            return Answer::Resolved(refusal);
        };
        if state == State::Accepted {
            self.settle(id, State::Released, "the rooms were given back", moment);
        }
        self.answer(id, moment)
    }

    /// What must be written; asked once after every group of questions.
    pub(crate) fn changes(&mut self) -> Changes {
        let mut changes = Changes { alerts: std::mem::take(&mut self.alerts), ..Changes::default() };
        for (id, fresh) in std::mem::take(&mut self.touched) {
            if let Some(record) = self.records.get(&id) {
                let list = if fresh { &mut changes.inserted } else { &mut changes.updated };
                list.push(record.clone());
            }
        }
        changes
    }

    fn answer(&self, id: Id, moment: &Moment) -> Answer {
        self.records[&id].answer(moment)
    }

    /// Reserves rooms for a request that has none; false if there are not enough.
    fn propose(&mut self, id: Id, moment: &Moment) -> bool {
        let (Some(record), inventory) = (self.records.get_mut(&id), &self.inventory) else { return false };
        let Some(semester) = self.semesters.get_mut(&record.semester) else { return false };
        let holders = &semester.holders;
        let Some(allocation) = choose(inventory, record.wish, |place| holders[usize::from(place)].is_none()) else {
            return false;
        };
        if !allocation.mobile_labs.is_empty() && semester.alert_once(AlertKind::LabsExhausted) {
            let detail = format!("{}: laboratories ran out, classrooms are adapted", record.semester);
            self.alerts.push(Alert { kind: AlertKind::LabsExhausted, detail, at: moment.now });
        }
        semester.waiting.remove(&(record.asked_at, id));
        record.allocation = allocation;
        record.state = State::Proposed;
        record.detail = None;
        record.epoch = moment.epoch;
        record.changed_at = moment.now;
        let deadline = moment.now.plus(record.hold.unwrap_or(moment.hold));
        record.deadline = Some(deadline);
        self.deadlines.insert((deadline, id));
        semester.place(inventory, record);
        self.touched.entry(id).or_insert(false);
        true
    }

    /// A new request found too few rooms.
    fn put_off(&mut self, id: Id, wait: bool, moment: &Moment) {
        let Some(record) = self.records.get_mut(&id) else { return };
        let Some(semester) = self.semesters.get_mut(&record.semester) else { return };
        let free = semester.holders.iter().filter(|holder| holder.is_none()).count();
        record.detail = Some(format!("{free} rooms of any kind are free in {}", record.semester).into());
        if wait {
            semester.waiting.insert((record.asked_at, id));
        } else {
            record.state = State::Denied;
        }
        if semester.alert_once(AlertKind::RoomsExhausted) {
            let wish = record.wish;
            let detail = format!(
                "{}: {} asked for {} classrooms and {} laboratories, and {free} rooms are free",
                record.semester, record.program, wish.classrooms, wish.labs
            );
            self.alerts.push(Alert { kind: AlertKind::RoomsExhausted, detail, at: moment.now });
        }
    }

    fn confirm(&mut self, id: Id, moment: &Moment) {
        let Some(record) = self.records.get_mut(&id) else { return };
        if let Some(deadline) = record.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        record.state = State::Accepted;
        record.epoch = moment.epoch;
        record.changed_at = moment.now;
        self.touched.entry(id).or_insert(false);
    }

    /// Ends a request that waits or has rooms; the rooms go to whoever waits.
    fn settle(&mut self, id: Id, state: State, detail: &str, moment: &Moment) {
        let Some(record) = self.records.get_mut(&id) else { return };
        if let Some(deadline) = record.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        let Some(semester) = self.semesters.get_mut(&record.semester) else { return };
        semester.waiting.remove(&(record.asked_at, id));
        for place in record.allocation.all().filter_map(|name| self.inventory.place(name)) {
            let holder = &mut semester.holders[usize::from(place)];
            if *holder == Some(id) {
                *holder = None;
            }
        }
        semester.alerted.clear();
        record.state = state;
        record.detail = Some(detail.into());
        record.epoch = moment.epoch;
        record.changed_at = moment.now;
        self.touched.entry(id).or_insert(false);
        // In the order in which they asked; who still does not fit lets others pass, or rooms would lie idle.
        let waiting: Vec<Id> = semester.waiting.iter().map(|(_, id)| *id).collect();
        for id in waiting {
            self.propose(id, moment);
        }
    }
}

impl Semester {
    fn place(&mut self, inventory: &Inventory, record: &Record) {
        if record.state == State::Waiting {
            self.waiting.insert((record.asked_at, record.id));
        }
        if record.state.occupies() {
            for place in record.allocation.all().filter_map(|name| inventory.place(name)) {
                self.holders[usize::from(place)] = Some(record.id);
            }
        }
    }

    fn alert_once(&mut self, kind: AlertKind) -> bool {
        let first = !self.alerted.contains(&kind);
        if first {
            self.alerted.push(kind);
        }
        first
    }
}

fn invalid(request_id: &str, fault: &Invalid, moment: &Moment) -> Answer {
    let detail = fault.to_string();
    Answer::Resolved(Resolution::refusal(request_id, moment.epoch, Status::Denied, Reason::Invalid, detail))
}

#[cfg(test)]
mod tests;
