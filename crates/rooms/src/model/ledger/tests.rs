use kernel::clock::{Clock, ManualClock};
use kernel::id::IdSource;

use super::*;
use crate::model::Question;

const HOLD: Duration = Duration::from_secs(5);

/// One semester's ledger with everything known.
struct Desk {
    ledger: Ledger,
    clock: Arc<ManualClock>,
    ids: IdSource,
}

impl Desk {
    fn new(classrooms: u32, labs: u32) -> Self {
        let clock = Arc::new(ManualClock::at_micros(1_000_000));
        let ids = IdSource::seeded(Arc::clone(&clock) as Arc<dyn Clock>, 1);
        let mut ledger = Ledger::new(Arc::new(Inventory::seeded(classrooms, labs)));
        ledger.open(&"2025-10".into(), Vec::new());
        Self { ledger, clock, ids }
    }

    fn moment(&self) -> Moment {
        Moment { epoch: 3, now: self.clock.now(), hold: HOLD }
    }

    fn ask(&mut self, request_id: &str, classrooms: u32, labs: u32) -> Answer {
        self.ask_for(Solicitation { classrooms, labs, ..solicitation(request_id) })
    }

    fn ask_for(&mut self, asked: Solicitation) -> Answer {
        let question = Question::Solicit(asked, Origin::default(), self.ids.next());
        let moment = self.moment();
        self.ledger.decide(&[question], &moment).remove(0)
    }

    fn acknowledge(&mut self, proposal: &Proposal, accept: bool) -> Answer {
        let (request_id, transaction_id) = (proposal.request_id.clone(), proposal.transaction_id.clone());
        let given = Acknowledgement { request_id, transaction_id, accept };
        let moment = self.moment();
        self.ledger.decide(&[Question::Acknowledge(given, Origin::default())], &moment).remove(0)
    }

    fn pass(&mut self, span: Duration) {
        self.clock.advance(span);
    }
}

use crate::model::Proposal;

fn solicitation(request_id: &str) -> Solicitation {
    Solicitation {
        request_id: request_id.to_owned(),
        faculty: "faculty-01".to_owned(),
        program: "program-01-1".to_owned(),
        semester: "2025-10".to_owned(),
        classrooms: 1,
        labs: 0,
        minimum_capacity: None,
        equipment: Vec::new(),
        wait: false,
        hold: None,
    }
}

#[track_caller]
fn proposed(answer: Answer) -> Proposal {
    match answer {
        Answer::Proposed(proposal) => proposal,
        other => panic!("a proposal is expected, not {other:?}"),
    }
}

#[track_caller]
fn resolved(answer: Answer) -> (Status, Option<Reason>) {
    match answer {
        Answer::Resolved(resolution) => (resolution.status, resolution.reason),
        other => panic!("a resolution is expected, not {other:?}"),
    }
}

#[test]
fn a_request_is_proposed_accepted_and_answered_the_same_again() {
    let mut desk = Desk::new(3, 1);
    let proposal = proposed(desk.ask("r1", 1, 2));
    assert_eq!((proposal.classrooms.len(), proposal.labs.len(), proposal.mobile_labs.len()), (1, 1, 1));
    assert_eq!((proposal.epoch, proposal.expires_in), (3, HOLD));
    desk.pass(Duration::from_secs(1));
    let again = proposed(desk.ask("r1", 1, 2));
    assert_eq!(again, Proposal { expires_in: Duration::from_secs(4), ..proposal.clone() });
    assert_eq!(
        resolved(desk.ask("r1", 2, 2)),
        (Status::Denied, Some(Reason::Invalid)),
        "another request under its key"
    );
    let accepted = desk.acknowledge(&proposal, true);
    assert_eq!(resolved(accepted.clone()), (Status::Accepted, None));
    assert_eq!(desk.acknowledge(&proposal, true), accepted);
    assert_eq!(desk.acknowledge(&proposal, false), accepted, "what is final stays");
    assert_eq!(desk.ask("r1", 1, 2), accepted);
    let changes = desk.ledger.changes();
    assert_eq!((changes.inserted.len(), changes.updated.len()), (1, 0), "written once, as it came out");
    let kinds: Vec<_> = changes.alerts.iter().map(|alert| alert.kind).collect();
    assert_eq!(kinds, [AlertKind::LabsExhausted]);
    assert_eq!(desk.ledger.changes(), Changes::default());
}

#[test]
fn a_shortage_is_denied_whole_and_alerted_once() {
    let mut desk = Desk::new(2, 1);
    assert_eq!(resolved(desk.ask("r1", 3, 1)), (Status::Denied, Some(Reason::InsufficientRooms)));
    assert_eq!(resolved(desk.ask("r2", 1, 3)), (Status::Denied, Some(Reason::InsufficientRooms)));
    assert_eq!(desk.ledger.changes().alerts.len(), 1);
    proposed(desk.ask("r3", 2, 1));
    assert_eq!(resolved(desk.ask("r1", 3, 1)), (Status::Denied, Some(Reason::InsufficientRooms)), "the stored answer");
}

#[test]
fn a_proposal_ends_by_rejection_or_time_and_its_rooms_are_free_again() {
    let mut desk = Desk::new(1, 0);
    let first = proposed(desk.ask("r1", 1, 0));
    assert_eq!(resolved(desk.acknowledge(&first, false)), (Status::Canceled, Some(Reason::Rejected)));
    let second = proposed(desk.ask("r2", 1, 0));
    assert_eq!(desk.ledger.next_deadline(), Some(desk.clock.now().plus(HOLD)));
    desk.pass(HOLD);
    assert_eq!(resolved(desk.acknowledge(&second, true)), (Status::Canceled, Some(Reason::Expired)));
    let third = proposed(desk.ask("r3", 1, 0));
    assert_eq!(resolved(desk.acknowledge(&third, true)), (Status::Accepted, None));
    desk.pass(HOLD * 2);
    assert_eq!(resolved(desk.acknowledge(&third, true)), (Status::Accepted, None), "confirmed rooms do not expire");
    assert_eq!(desk.ledger.next_deadline(), None);
}

#[test]
fn who_waits_is_served_by_what_is_given_back_in_the_order_of_asking() {
    let mut desk = Desk::new(2, 0);
    let first = proposed(desk.ask("r1", 2, 0));
    desk.acknowledge(&first, true);
    let mut waiting = |request_id: &str, classrooms: u32| {
        desk.pass(Duration::from_millis(1));
        let answer = desk.ask_for(Solicitation { classrooms, wait: true, ..solicitation(request_id) });
        assert!(matches!(answer, Answer::Waiting(_)), "{answer:?}");
    };
    waiting("big", 3);
    waiting("one", 1);
    waiting("two", 1);
    waiting("three", 1);
    let moment = desk.moment();
    let released = desk.ledger.release(&first.transaction_id, &moment);
    assert_eq!(resolved(released.clone()), (Status::Accepted, None));
    assert_eq!(desk.ledger.release(&first.transaction_id, &moment), released, "given back once");
    let one = proposed(desk.ask_for(Solicitation { wait: true, ..solicitation("one") }));
    proposed(desk.ask_for(Solicitation { wait: true, ..solicitation("two") }));
    desk.acknowledge(&one, false);
    let three = proposed(desk.ask_for(Solicitation { wait: true, ..solicitation("three") }));
    assert_eq!(three.classrooms, one.classrooms);
}

#[test]
fn whoever_is_wrong_changes_nothing() {
    let mut desk = Desk::new(2, 0);
    let proposal = proposed(desk.ask("r1", 1, 0));
    desk.ledger.changes();
    let given = |request_id: &str, transaction_id: &str| Acknowledgement {
        request_id: request_id.to_owned(),
        transaction_id: transaction_id.to_owned(),
        accept: true,
    };
    let from = |faculty: &str| Origin { faculty: Some(faculty.into()) };
    let moment = desk.moment();
    let unknown = [
        (given("r1", &proposal.transaction_id), from("faculty-02")),
        (given("r2", &proposal.transaction_id), from("faculty-01")),
        (given("r1", "nonsense"), Origin::default()),
        (given("r1", "0000000000000000000000000a"), Origin::default()),
    ];
    for (given, from) in unknown {
        let answer = desk.ledger.acknowledge(&given, &from, &moment);
        assert_eq!(resolved(answer), (Status::Canceled, Some(Reason::UnknownTransaction)), "{given:?}");
    }
    let id = desk.ids.next();
    let answer = desk.ledger.solicit(&solicitation("r9"), &from("faculty-02"), id, &moment);
    assert_eq!(resolved(answer), (Status::Denied, Some(Reason::Invalid)));
    let base = solicitation("r9");
    let invalid = [
        Solicitation { request_id: String::new(), ..base.clone() },
        Solicitation { request_id: "a b".to_owned(), ..base.clone() },
        Solicitation { semester: "2025-40".to_owned(), ..base.clone() },
        Solicitation { semester: "25-10".to_owned(), ..base.clone() },
        Solicitation { program: "program-02-1".to_owned(), ..base.clone() },
        Solicitation { classrooms: 0, ..base.clone() },
        Solicitation { classrooms: 1_000_000, ..base },
    ];
    for asked in invalid {
        let answer = desk.ask_for(asked.clone());
        assert_eq!(resolved(answer), (Status::Denied, Some(Reason::Invalid)), "{asked:?}");
    }
    assert_eq!(desk.ledger.changes(), Changes::default(), "nothing was reserved, nothing is to be written");
}

#[test]
fn a_ledger_that_forgot_everything_is_as_good_once_it_was_told_again() {
    let mut desk = Desk::new(3, 0);
    let first = proposed(desk.ask("r1", 1, 0));
    let second = proposed(desk.ask("r2", 1, 0));
    desk.acknowledge(&first, true);
    let live = desk.ledger.changes().inserted;
    desk.ledger.clear();
    assert_eq!((desk.ledger.len(), desk.ledger.is_open("2025-10")), (0, false));
    desk.ledger.open(&"2025-10".into(), live);
    assert_eq!(resolved(desk.acknowledge(&second, true)), (Status::Accepted, None));
    let third = proposed(desk.ask("r3", 1, 0));
    assert!(third.classrooms != first.classrooms && third.classrooms != second.classrooms);
    assert_eq!(resolved(desk.ask("r4", 1, 0)), (Status::Denied, Some(Reason::InsufficientRooms)));
}
