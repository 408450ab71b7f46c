//! What is decided, durably.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use kernel::config;
use rooms::model::{Answer, Reason, Solicitation, Status};

use crate::campus::{Campus, proposed, resolved, settings, solicitation};

pub(crate) async fn what_was_answered_is_kept_and_answered_again(campus: &Campus) {
    let first = campus.server("rooms-server-1").await;
    assert_eq!(first.leads().await, 1);
    let proposal = proposed(first.ask(solicitation("r1", 7, 2)).await);
    let open = proposed(first.ask(solicitation("r2", 7, 2)).await);
    let denied = resolved(first.ask(solicitation("r3", 400, 0)).await);
    assert_eq!((denied.status, denied.reason), (Status::Denied, Some(Reason::InsufficientRooms)));
    let accepted = resolved(first.acknowledge(&proposal, true).await);
    assert_eq!((accepted.status, &accepted.classrooms), (Status::Accepted, &proposal.classrooms));
    // Another process, which remembers nothing.
    drop(first);
    let second = campus.server("rooms-server-1").await;
    assert_eq!(second.leads().await, 2);
    let again = resolved(second.ask(solicitation("r1", 7, 2)).await);
    assert_eq!((again.status, &again.classrooms, again.epoch), (Status::Accepted, &proposal.classrooms, 2));
    let still = proposed(second.ask(solicitation("r2", 7, 2)).await);
    assert_eq!((&still.transaction_id, &still.classrooms), (&open.transaction_id, &open.classrooms));
    assert_eq!(resolved(second.acknowledge(&open, true).await).status, Status::Accepted, "carried over");
    assert_eq!(resolved(second.ask(solicitation("r3", 400, 0)).await).status, Status::Denied);
    let other = resolved(second.ask(solicitation("r1", 8, 2)).await);
    assert_eq!(other.reason, Some(Reason::Invalid), "its name was used for another request");
}

pub(crate) async fn many_at_once_get_what_there_is_and_no_room_twice(campus: &Campus) {
    let server = campus.server("rooms-server-1").await;
    server.leads().await;
    let one = async |number: u32| {
        let faculty = number % 10 + 1;
        let asked = Solicitation {
            faculty: format!("faculty-{faculty:02}"),
            program: format!("program-{faculty:02}-1"),
            ..solicitation(&format!("r{number}"), 10, 4)
        };
        // A repeat on the way changes nothing.
        let (answer, repeat) = tokio::join!(server.ask(asked.clone()), server.ask(asked));
        match (answer, repeat) {
            (Answer::Proposed(proposal), Answer::Proposed(again)) => {
                assert_eq!(proposal.transaction_id, again.transaction_id);
                let resolution = resolved(server.acknowledge(&proposal, true).await);
                assert_eq!(resolution.status, Status::Accepted);
                let rooms = [resolution.classrooms, resolution.labs, resolution.mobile_labs].concat();
                assert_eq!(rooms.len(), 14);
                Some(rooms)
            }
            (Answer::Resolved(denied), Answer::Resolved(_)) => {
                assert_eq!(denied.reason, Some(Reason::InsufficientRooms));
                None
            }
            other => panic!("{other:?}"),
        }
    };
    // An invalid one among them harms nobody.
    let wrong = server.ask(Solicitation { semester: "never".to_owned(), ..solicitation("bad", 1, 0) });
    let (wrong, all) = tokio::join!(wrong, join_all((0..50).map(one)));
    assert_eq!(resolved(wrong).reason, Some(Reason::Invalid));
    let served: Vec<_> = all.into_iter().flatten().collect();
    assert_eq!(served.len(), 31, "440 rooms are 31 times 14 and six more");
    let rooms: BTreeSet<_> = served.iter().flatten().collect();
    assert_eq!(rooms.len(), 31 * 14, "no room twice");
}

pub(crate) async fn a_proposal_that_nobody_answers_ends_by_itself(campus: &Campus) {
    let brief = config::Rooms { ack_timeout_ms: 150, ..settings() };
    let server = campus.server_with("rooms-server-1", brief).await;
    server.leads().await;
    let waits = Solicitation { wait: true, hold: Some(Duration::from_secs(600)), ..solicitation("w1", 380, 60) };
    let held = proposed(server.ask(solicitation("r1", 1, 0)).await);
    assert!(matches!(server.ask(waits.clone()).await, Answer::Waiting(_)));
    testkit::process::eventually("who waits is served", crate::campus::PATIENCE, async || {
        matches!(server.ask(waits.clone()).await, Answer::Proposed(_))
    })
    .await;
    let late = resolved(server.acknowledge(&held, true).await);
    assert_eq!((late.status, late.reason), (Status::Canceled, Some(Reason::Expired)));
}
