//! CP1 to CP10.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures::future::join_all;
use kernel::config::Pattern;
use rooms::keys::Campus as Keys;
use rooms::model::{Reason, Resolution, Status};

use crate::campus::{Campus, Plan, asked};

const BOTH: [Pattern; 2] = [Pattern::Async, Pattern::Broker];

#[tokio::test]
async fn cp01_basic_request() {
    for pattern in BOTH {
        let campus = Campus::start(Plan { pattern, ..Plan::default() }).await;
        let said = campus.ask(&asked("program-01-1", "r-1", 7, 2)).await;
        assert_eq!((said.status, said.reason), (Status::Accepted, None), "{said:?}");
        assert_eq!((said.classrooms.len(), said.labs.len(), said.mobile_labs.len()), (7, 2, 0));
        let again = campus.ask(&asked("program-01-1", "r-1", 7, 2)).await;
        assert_eq!(again, said, "a repeat gets the same answer");
    }
}

#[tokio::test]
async fn cp04_insufficient_resources() {
    let campus = Campus::start(Plan::default()).await;
    let said = campus.ask(&asked("program-01-1", "r-1", 381, 0)).await;
    assert_eq!((said.status, said.reason), (Status::Denied, Some(Reason::InsufficientRooms)));
    assert!(said.classrooms.is_empty() && said.labs.is_empty() && said.mobile_labs.is_empty());
}

/// Every programme of ten faculties asks at the same time.
async fn all_ask(campus: &Campus, faculties: u32, classrooms: u32, labs: u32) -> Vec<Resolution> {
    let wishes: Vec<_> = (1..=faculties)
        .flat_map(|faculty| (1..=5).map(move |number| Keys::programme(faculty, number)))
        .map(|program| asked(&program, &format!("of-{program}"), classrooms, labs))
        .collect();
    join_all(wishes.iter().map(|wish| campus.ask(wish))).await
}

/// No room is in two lists.
fn assert_disjoint(said: &[Resolution]) {
    let rooms: Vec<_> =
        said.iter().flat_map(|said| said.classrooms.iter().chain(&*said.labs).chain(&*said.mobile_labs)).collect();
    assert_eq!(rooms.iter().collect::<HashSet<_>>().len(), rooms.len(), "a room was given twice");
}

#[tokio::test]
async fn cp02_concurrency() {
    for pattern in BOTH {
        let campus = Campus::start(Plan { pattern, faculties: 10, ..Plan::default() }).await;
        let said = all_ask(&campus, 10, 7, 1).await;
        assert_eq!(said.len(), 50);
        for said in &said {
            assert_eq!((said.status, said.classrooms.len(), said.labs.len()), (Status::Accepted, 7, 1), "{said:?}");
        }
        assert_disjoint(&said);
    }
}

#[tokio::test]
async fn cp03_exact_resources() {
    let campus = Campus::start(Plan::default()).await;
    let said = campus.ask(&asked("program-01-1", "all", 380, 60)).await;
    assert_eq!((said.status, said.classrooms.len(), said.labs.len()), (Status::Accepted, 380, 60));
    let more = campus.ask(&asked("program-01-2", "one", 1, 0)).await;
    assert_eq!((more.status, more.reason), (Status::Denied, Some(Reason::InsufficientRooms)));
}

#[tokio::test]
async fn cp03_classrooms_are_adapted_when_labs_run_out() {
    let campus = Campus::start(Plan { faculties: 5, ..Plan::default() }).await;
    let said = all_ask(&campus, 5, 10, 4).await;
    assert!(said.iter().all(|said| said.status == Status::Accepted));
    assert_eq!(said.iter().map(|said| said.mobile_labs.len()).sum::<usize>(), 40);
    assert_disjoint(&said);
}

#[tokio::test]
async fn cp04_a_faculty_that_wants_no_adapted_rooms_rejects_them() {
    let campus = Campus::start(Plan { accept_mobile: false, ..Plan::default() }).await;
    let said = campus.ask(&asked("program-01-1", "r-1", 0, 61)).await;
    assert_eq!((said.status, said.reason), (Status::Canceled, Some(Reason::Rejected)));
    assert_eq!(
        campus.ask(&asked("program-01-1", "r-2", 380, 60)).await.status,
        Status::Accepted,
        "they are free again"
    );
}

#[tokio::test]
async fn cp05_no_server_is_canceled_after_the_faculty_s_patience() {
    let mut campus = Campus::start(Plan { patience: Duration::from_secs(2), ..Plan::default() }).await;
    campus.servers[0].kill9();
    let begun = Instant::now();
    let said = campus.ask(&asked("program-01-1", "r-1", 7, 2)).await;
    assert_eq!((said.status, said.reason), (Status::Canceled, Some(Reason::Unavailable)));
    assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    campus.restart_server(0).await;
    assert_eq!(campus.ask(&asked("program-01-1", "r-1", 7, 2)).await.status, Status::Accepted, "the same, later");
}

#[tokio::test]
async fn cp10_link_lost_and_retried() {
    for pattern in BOTH {
        let campus = Campus::start(Plan { pattern, cut_links: true, ..Plan::default() }).await;
        for round in 0..3 {
            for number in 1..=5 {
                let program = Keys::programme(1, number);
                let wish = asked(&program, &format!("r-{round}-{number}"), 1, 1);
                let (said, ()) = tokio::join!(campus.ask(&wish), async { campus.cut_links() });
                assert_eq!(said.status, Status::Accepted, "{said:?}");
            }
        }
    }
}
