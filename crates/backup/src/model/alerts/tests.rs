use std::sync::Arc;

use kernel::clock::ManualClock;
use kernel::id::IdSource;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_micros(minutes * 60_000_000)
}

fn ids() -> IdSource {
    IdSource::seeded(Arc::new(ManualClock::at_micros(0)), 1)
}

fn target() -> Target {
    let ids = ids();
    let address = Address::check("web-1", 9750).expect("an address");
    Target {
        id: ids.next(),
        node: Node { id: ids.next(), address, agent: None, quota: None, used: 0 },
        path: "/srv".to_owned(),
        every: HOUR,
        next_at: at(60),
        failures: 0,
        good_at: Some(at(0)),
        pin_last_good: false,
        created_at: at(-600),
    }
}

fn archive(entries: u64, span: u64) -> Archive {
    let target = target();
    Archive {
        id: ids().next(),
        node: target.node.id,
        address: target.node.address,
        path: target.path,
        number: 0,
        at: at(0),
        size: span / 2,
        span,
        entries,
        warnings: 0,
        kept: true,
        proof: None,
    }
}

fn told(now: Timestamp, target: Target, busy: bool, failed: Option<&str>) -> Vec<AlertKind> {
    let watched = Watched { target, busy, failed: failed.map(str::to_owned) };
    of_target(now, &watched).iter().map(|concern| concern.kind).collect()
}

#[test]
fn a_path_is_overdue_half_an_interval_late_unless_its_backup_is_under_way() {
    assert_eq!(told(at(90), target(), false, None), []);
    assert_eq!(told(at(91), target(), false, None), [AlertKind::Overdue]);
    assert_eq!(told(at(91), target(), true, None), []);
    let new = Target { good_at: None, failures: 1, created_at: at(0), ..target() };
    assert_eq!(told(at(90), new.clone(), false, None), []);
    assert_eq!(told(at(91), new, false, None), [AlertKind::Overdue]);
    let before_it_was_noted = Target { good_at: None, ..target() };
    assert_eq!(told(at(90), before_it_was_noted, false, None), []);
    assert_eq!(grace(Duration::from_secs(60)), GRACE_LEAST);
    assert_eq!(grace(HOUR * 24 * 30), GRACE_MOST);
}

#[test]
fn three_failures_in_a_row_of_a_node_that_answers_are_told() {
    for (failures, failed, expected) in [(2, Some("why"), 0), (3, Some("why"), 1), (30, None, 0)] {
        let target = Target { failures, ..target() };
        assert_eq!(told(at(1), target, false, failed).len(), expected, "{failures} {failed:?}");
    }
}

#[test]
fn a_quota_is_nearly_reached_at_nine_tenths_and_no_longer_below_85_hundredths() {
    let node = |used, quota| Node { used, quota, ..target().node };
    assert!(of_node(&node(899, Some(1000)), |_| false).is_none());
    assert!(of_node(&node(900, Some(1000)), |_| false).is_some());
    assert!(of_node(&node(850, Some(1000)), |_| true).is_some());
    assert!(of_node(&node(849, Some(1000)), |_| true).is_none());
    assert!(of_node(&node(u64::MAX, None), |_| false).is_none());
    assert!(of_node(&node(0, Some(0)), |_| false).is_some(), "a node that may have nothing has it all");
}

#[test]
fn a_disk_is_nearly_full_below_a_twentieth_and_a_rehearsal_never_makes_it_so() {
    let disk = |free| Disk { free, total: 1000 };
    assert!(of_disk(disk(50), |_| false).is_none());
    assert!(of_disk(disk(49), |_| false).is_some());
    assert!(of_disk(disk(79), |_| true).is_some());
    assert!(of_disk(disk(80), |_| true).is_none());
    assert!(disk(150).has_room_for(100) && !disk(150).has_room_for(101) && !disk(10).has_room_for(11));
}

#[test]
fn a_backup_that_lost_or_changed_nearly_everything_is_told_with_the_one_before() {
    let kinds = |before: (u64, u64), after: (u64, u64), shared| {
        let (before, after) = (archive(before.0, before.1), archive(after.0, after.1));
        let concerns = of_backup(&target(), &before, &after, shared);
        assert!(concerns.iter().all(|concern| concern.backup == Some(before.id)));
        concerns.iter().map(|concern| concern.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds((100, 1000), (50, 900), 900), []);
    assert_eq!(kinds((100, 1000), (49, 900), 900), [AlertKind::Shrunk], "files");
    assert_eq!(kinds((100, 1000), (100, 499), 499), [AlertKind::Shrunk], "content");
    assert_eq!(kinds((99, 1000), (1, 10), 0), [], "few files may change as they like");
    assert_eq!(kinds((100, 1000), (100, 1000), 99), [AlertKind::Changed]);
    assert_eq!(kinds((100, 1000), (100, 1000), 100), []);
}

#[test]
fn the_same_concern_has_the_same_key() {
    let one = Concern::of_target(AlertKind::Overdue, &target(), "now".to_owned());
    let later = Concern::of_target(AlertKind::Overdue, &target(), "still".to_owned());
    let other = Concern::of_target(AlertKind::Failing, &target(), "now".to_owned());
    assert!(one.key() == later.key() && one.key() != other.key() && one.key().len() <= 64);
}
