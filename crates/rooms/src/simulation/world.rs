//! Servers, faculties, and a network that does its worst.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::clock::{Clock, ManualClock, Timestamp};
use kernel::id::IdSource;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::store::{Broken, Outcome, Store};
use crate::model::{
    Acknowledgement, Answer, Inventory, Ledger, Moment, Origin, Question, Resolution, Solicitation, Status,
};

const HOLD: Duration = Duration::from_millis(400);
const LEASE: Duration = Duration::from_millis(300);
const SEMESTERS: [&str; 2] = ["2025-10", "2025-20"];

/// What a faculty wants and what it was told.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) asked: Solicitation,
    /// The proposal it answers, and whether it takes it.
    proposal: Option<(String, bool)>,
    pub(super) highest: u64,
    /// Everything final it was ever told.
    pub(super) told: Vec<Resolution>,
    /// It gives its rooms back later.
    releases: bool,
}

pub(super) struct Server {
    ledger: Ledger,
    certain: bool,
    /// The epoch under which it believes to lead.
    leads: Option<u64>,
    /// By its own belief.
    until: Timestamp,
    /// It does nothing before this moment, and then goes on as if nothing had been.
    paused: Timestamp,
    /// It hears nobody and is not heard before this moment.
    cut: Timestamp,
}

#[derive(Debug, Clone)]
enum Message {
    To(usize, usize, Box<Question>),
    From(usize, Box<Answer>),
}

pub(super) struct World {
    rng: StdRng,
    clock: Arc<ManualClock>,
    ids: IdSource,
    pub(super) inventory: Arc<Inventory>,
    pub(super) store: Store,
    pub(super) servers: Vec<Server>,
    pub(super) clients: Vec<Client>,
    flying: Vec<Message>,
    next: u32,
    /// The epoch seen at each step.
    pub(super) epochs: Vec<u64>,
}

impl World {
    pub(super) fn new(seed: u64, broken: Broken) -> Self {
        let clock = Arc::new(ManualClock::at_micros(1_000_000_000));
        let inventory = Arc::new(Inventory::seeded(6, 3));
        let server = || Server {
            ledger: Ledger::new(Arc::clone(&inventory)),
            certain: false,
            leads: None,
            until: Timestamp::default(),
            paused: Timestamp::default(),
            cut: Timestamp::default(),
        };
        Self {
            rng: StdRng::seed_from_u64(seed),
            ids: IdSource::seeded(Arc::clone(&clock) as Arc<dyn Clock>, seed),
            store: Store { broken, ..Store::default() },
            servers: vec![server(), server()],
            inventory: Arc::clone(&inventory),
            clock,
            clients: Vec::new(),
            flying: Vec::new(),
            next: 0,
            epochs: Vec::new(),
        }
    }

    /// One thing happens.
    pub(super) fn step(&mut self) {
        self.clock.advance(Duration::from_millis(self.rng.random_range(0..25)));
        match self.rng.random_range(0..100) {
            0..12 => self.begin(),
            12..40 => self.speak(),
            40..80 => self.deliver(),
            80..92 => self.tend(),
            92..95 => self.pause(),
            95..97 => self.cut(),
            97..98 => self.crash(),
            _ => self.lose_memory(),
        }
        self.epochs.push(self.store.epoch);
    }

    /// Everything heals, and whoever was not answered asks until they are.
    pub(super) fn settle(&mut self) {
        for server in &mut self.servers {
            (server.paused, server.cut) = (Timestamp::default(), Timestamp::default());
        }
        for _ in 0..4 {
            self.clock.advance(LEASE);
            self.tend();
            for client in 0..self.clients.len() {
                self.speak_as(client);
                while !self.flying.is_empty() {
                    self.arrive(0);
                }
                self.speak_as(client);
                while !self.flying.is_empty() {
                    self.arrive(0);
                }
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn begin(&mut self) {
        if self.clients.len() >= 12 {
            return;
        }
        self.next += 1;
        let (classrooms, labs) = (self.rng.random_range(0..4), self.rng.random_range(0..4));
        self.clients.push(Client {
            asked: Solicitation {
                request_id: format!("r{}", self.next),
                faculty: format!("faculty-{:02}", self.next % 3 + 1),
                program: format!("program-{:02}-1", self.next % 3 + 1),
                semester: SEMESTERS[self.rng.random_range(0..2)].to_owned(),
                classrooms: classrooms.max(u32::from(labs == 0)),
                labs,
                minimum_capacity: None,
                equipment: Vec::new(),
                wait: self.rng.random_bool(0.2),
                hold: None,
            },
            proposal: None,
            highest: 0,
            told: Vec::new(),
            releases: self.rng.random_bool(0.2),
        });
    }

    fn speak(&mut self) {
        if !self.clients.is_empty() {
            let client = self.rng.random_range(0..self.clients.len());
            self.speak_as(client);
        }
    }

    /// A client says what it would say now, to both servers: it does not know who leads.
    fn speak_as(&mut self, client: usize) {
        let (ids, this) = (self.ids.clone(), &self.clients[client]);
        let from = Origin { faculty: Some(this.asked.faculty.as_str().into()) };
        let question = match &this.proposal {
            Some((transaction, _)) if this.releases && this.told.iter().any(|told| told.status == Status::Accepted) => {
                Question::Release(transaction.clone())
            }
            Some((transaction_id, accept)) => {
                let (request_id, transaction_id) = (this.asked.request_id.clone(), transaction_id.clone());
                Question::Acknowledge(Acknowledgement { request_id, transaction_id, accept: *accept }, from)
            }
            None => Question::Solicit(this.asked.clone(), from, ids.next()),
        };
        for server in 0..self.servers.len() {
            self.flying.push(Message::To(server, client, Box::new(question.clone())));
        }
    }

    /// A message arrives, or is lost, or arrives and will again. Which one is up to the network.
    fn deliver(&mut self) {
        if self.flying.is_empty() {
            return;
        }
        let place = self.rng.random_range(0..self.flying.len());
        match self.rng.random_range(0..10) {
            0 => {
                self.flying.swap_remove(place);
            }
            1 => {
                let again = self.flying[place].clone();
                self.flying.push(again);
                self.arrive(place);
            }
            _ => self.arrive(place),
        }
    }

    fn arrive(&mut self, place: usize) {
        match self.flying.swap_remove(place) {
            Message::To(server, client, question) => {
                if self.deaf(server) {
                    return;
                }
                if let Some(answer) = self.decide(server, &[*question]) {
                    self.flying.push(Message::From(client, Box::new(answer)));
                }
            }
            Message::From(client, answer) => self.hear(client, *answer),
        }
    }

    fn deaf(&self, server: usize) -> bool {
        let (server, now) = (&self.servers[server], self.now());
        server.paused > now || server.cut > now
    }

    /// What a server does that believes to lead. Its own clock is not asked: a pause may come after that.
    fn decide(&mut self, place: usize, questions: &[Question]) -> Option<Answer> {
        let now = self.now();
        let server = &mut self.servers[place];
        let epoch = server.leads?;
        let moment = Moment { epoch, now, hold: HOLD };
        let memory = (&mut server.ledger, &mut server.certain);
        match self.store.transact(place, epoch, memory, questions, &moment) {
            Outcome::Committed(mut answers) => answers.pop(),
            Outcome::Overtaken => {
                (server.leads, server.certain) = (None, false);
                None
            }
        }
    }

    /// A client hears an answer. One of a lower epoch than it knows is old news.
    fn hear(&mut self, client: usize, answer: Answer) {
        let accept = self.rng.random_bool(0.8);
        let client = &mut self.clients[client];
        let epoch = match &answer {
            Answer::Proposed(proposal) => proposal.epoch,
            Answer::Resolved(resolution) | Answer::Waiting(resolution) => resolution.epoch,
            Answer::NotLeader { .. } => return,
        };
        if epoch < client.highest {
            return;
        }
        client.highest = epoch;
        match answer {
            Answer::Proposed(proposal) if client.proposal.is_none() => {
                client.proposal = Some((proposal.transaction_id, accept));
            }
            Answer::Resolved(resolution) => client.told.push(resolution),
            _ => {}
        }
    }

    /// A server renews, takes over, or ends what is due.
    fn tend(&mut self) {
        let now = self.now();
        for place in 0..self.servers.len() {
            if self.servers[place].paused > now {
                continue;
            }
            if self.servers[place].leads.is_some() {
                self.decide(place, &[]);
                continue;
            }
            // Cut off from the others it cannot tell a dead leader from a living one; the epoch keeps that safe.
            let suspects = self.servers[place].cut > now || self.rng.random_bool(0.1);
            let seen = self.store.epoch;
            if (self.store.expires <= now || suspects) && self.store.take(place, seen, now.plus(LEASE)) {
                let server = &mut self.servers[place];
                (server.leads, server.certain, server.until) = (Some(seen + 1), false, now.plus(LEASE));
            }
        }
    }

    fn pause(&mut self) {
        let (place, span) = (self.rng.random_range(0..self.servers.len()), self.rng.random_range(50..900));
        self.servers[place].paused = self.now().plus(Duration::from_millis(span));
    }

    fn cut(&mut self) {
        let (place, span) = (self.rng.random_range(0..self.servers.len()), self.rng.random_range(50..900));
        self.servers[place].cut = self.now().plus(Duration::from_millis(span));
    }

    /// What it had in memory is gone, and it does not lead any more.
    fn crash(&mut self) {
        let place = self.rng.random_range(0..self.servers.len());
        let server = &mut self.servers[place];
        server.ledger = Ledger::new(Arc::clone(&self.inventory));
        (server.certain, server.leads) = (false, None);
    }

    /// A write whose outcome was not known: it was committed, and the leader forgets.
    fn lose_memory(&mut self) {
        let place = self.rng.random_range(0..self.servers.len());
        self.servers[place].certain = false;
    }

    /// How often each request was allocated, by its key.
    pub(super) fn by_key(&self) -> BTreeMap<(String, String), Vec<kernel::id::Id>> {
        let mut keys: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for record in self.store.records.values() {
            keys.entry((record.faculty.to_string(), record.request_id.to_string())).or_default().push(record.id);
        }
        keys
    }
}
