//! CP1 to CP10.

use kernel::config::Pattern;
use rooms::model::{Reason, Status};

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
