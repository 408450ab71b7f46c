use kernel::snapshot::Endpoint;
use proptest::prelude::*;

use super::*;

fn name(role: Role, ordinal: u32) -> Name {
    Name { role, ordinal }
}

fn replica(state: ReplicaState, port: u16) -> Replica {
    let mut replica = Replica::new(0);
    replica.state = state;
    replica.address = Some(SocketAddr::from(([127, 0, 0, 1], port)));
    replica.ready_since =
        matches!(state, ReplicaState::Ready | ReplicaState::Draining).then(|| Timestamp::from_micros(i64::from(port)));
    replica
}

fn roster() -> Roster {
    Roster::new(Role::ALL.into_iter().map(|role| (role, role.manifest().default_replicas)).collect(), 7)
}

fn endpoints(roster: &Roster, role: Role) -> Vec<Endpoint> {
    let upstream = roster.snapshot().upstreams.iter().find(|upstream| upstream.role == role);
    upstream.expect("every service is named, also one that is down").replicas.clone()
}

#[test]
fn gateways_learn_of_ready_and_draining_replicas_only() {
    let mut roster = roster();
    for (ordinal, state) in [
        ReplicaState::Ready,
        ReplicaState::Draining,
        ReplicaState::Starting,
        ReplicaState::Unready,
        ReplicaState::Backoff,
    ]
    .into_iter()
    .enumerate()
    {
        let ordinal = u32::try_from(ordinal).expect("fits") + 1;
        roster.replicas.insert(name(Role::Files, ordinal), replica(state, 100));
    }
    roster.replicas.insert(name(Role::Gateway, 1), replica(ReplicaState::Ready, 0));
    roster.refresh();
    let files = endpoints(&roster, Role::Files);
    let told: Vec<(&str, bool)> = files.iter().map(|one| (one.id.as_str(), one.draining)).collect();
    assert_eq!(told, [("files-1", false), ("files-2", true)]);
    assert_eq!(roster.snapshot().gateways, 1);
    assert!(roster.snapshot().upstreams.iter().all(|upstream| upstream.role != Role::Gateway));
    assert!(!roster.snapshot().routes.is_empty());
}

#[test]
fn a_replica_that_drains_before_it_was_ready_is_never_told_of() {
    let mut roster = roster();
    let mut early = replica(ReplicaState::Draining, 100);
    early.ready_since = None;
    roster.replicas.insert(name(Role::Files, 1), early);
    roster.refresh();
    assert_eq!(endpoints(&roster, Role::Files), []);
}

#[test]
fn the_generation_rises_with_each_change_that_matters_and_only_then() {
    let mut roster = roster();
    roster.refresh();
    assert_eq!(roster.snapshot().generation, 8);
    roster.replicas.insert(name(Role::Files, 1), replica(ReplicaState::Ready, 100));
    roster.refresh();
    assert_eq!(roster.snapshot().generation, 9);
    if let Some(files) = roster.replicas.get_mut(&name(Role::Files, 1)) {
        files.cpu_percent = 50.0;
        files.trouble = Some("none".to_owned());
    }
    roster.refresh();
    assert_eq!(roster.snapshot().generation, 9);
}

#[test]
fn who_gets_no_traffic_goes_first_then_the_highest_numbers() {
    let mut roster = roster();
    for (ordinal, state) in
        [(1, ReplicaState::Ready), (2, ReplicaState::Backoff), (3, ReplicaState::Ready), (4, ReplicaState::Ready)]
    {
        roster.replicas.insert(name(Role::Files, ordinal), replica(state, 100));
    }
    roster.desired.insert(Role::Files, 2);
    assert_eq!(roster.difference(Role::Files), (0, vec![name(Role::Files, 4), name(Role::Files, 2)]));
    roster.desired.insert(Role::Files, 6);
    assert_eq!(roster.difference(Role::Files), (2, vec![]));
    assert_eq!(roster.free_name(Role::Files), name(Role::Files, 5));
    roster.replicas.remove(&name(Role::Files, 2));
    assert_eq!(roster.free_name(Role::Files), name(Role::Files, 2));
}

#[test]
fn a_snapshot_is_confirmed_by_every_gateway_that_could_still_route() {
    let mut roster = roster();
    assert!(roster.confirmed(9), "nobody routes");
    let mut gateway = replica(ReplicaState::Ready, 0);
    gateway.confirmed = 8;
    roster.replicas.insert(name(Role::Gateway, 1), gateway);
    assert!(roster.confirmed(9), "it has no process");
}

#[test]
fn a_replica_is_in_service_once_every_ready_gateway_knows_it() {
    let mut roster = roster();
    let files = name(Role::Files, 1);
    let told = |roster: &mut Roster, gateway, generation| {
        roster.replicas.get_mut(&name(Role::Gateway, gateway)).expect("is there").confirmed = generation;
        roster.refresh();
    };
    for ordinal in [1, 2] {
        roster.replicas.insert(name(Role::Gateway, ordinal), replica(ReplicaState::Ready, 0));
    }
    roster.replicas.insert(files, replica(ReplicaState::Ready, 100));
    roster.refresh();
    let generation = roster.snapshot().generation;
    told(&mut roster, 1, generation);
    assert_eq!(roster.ready(Role::Files), 0);
    let status = roster.status("here", &BTreeMap::new(), Timestamp::default());
    let shown = status.roles.iter().flat_map(|role| &role.replicas).find(|replica| replica.id == "files-1");
    assert_eq!(shown.expect("is shown").state, ReplicaState::Unready);
    told(&mut roster, 2, generation);
    assert_eq!(roster.ready(Role::Files), 1);
    // Later snapshots, and gateways that are only starting, change nothing for those who were told of before.
    roster.replicas.insert(name(Role::Files, 2), replica(ReplicaState::Ready, 101));
    roster.replicas.insert(name(Role::Gateway, 3), replica(ReplicaState::Starting, 0));
    roster.refresh();
    assert_eq!(roster.ready(Role::Files), 1);
}

#[test]
fn a_role_that_is_not_wanted_is_not_missed_and_one_service_is_enough_to_operate() {
    let mut roster = roster();
    let status = |roster: &Roster| roster.status("here", &BTreeMap::new(), Timestamp::default());
    assert!(!status(&roster).ready && !status(&roster).operating);
    roster.replicas.insert(name(Role::Files, 1), replica(ReplicaState::Ready, 100));
    roster.refresh();
    assert!(!status(&roster).ready && status(&roster).operating);
    assert!(!all_ready(&status(&roster)));
    roster.desired = BTreeMap::from([(Role::Files, 1)]);
    assert!(status(&roster).ready && all_ready(&status(&roster)));
    roster.desired = BTreeMap::from([(Role::Files, 2)]);
    assert!(status(&roster).ready && !all_ready(&status(&roster)));
}

proptest! {
    #[test]
    fn adding_and_retiring_what_differs_gives_the_number_wanted(
        ordinals in proptest::collection::btree_set(1_u32..12, 0..8),
        desired in 0_u32..8,
    ) {
        let mut roster = roster();
        for ordinal in ordinals {
            roster.replicas.insert(name(Role::Files, ordinal), replica(ReplicaState::Ready, 100));
        }
        roster.desired.insert(Role::Files, desired);
        let (missing, surplus) = roster.difference(Role::Files);
        prop_assert!(missing == 0 || surplus.is_empty());
        for name in surplus {
            roster.replicas.remove(&name);
        }
        for _ in 0..missing {
            let fresh = roster.free_name(Role::Files);
            prop_assert!(roster.replicas.insert(fresh, Replica::new(0)).is_none(), "no name is given twice");
        }
        prop_assert_eq!(roster.difference(Role::Files), (0, vec![]));
        prop_assert_eq!(roster.of(Role::Files).count(), desired as usize);
    }
}
