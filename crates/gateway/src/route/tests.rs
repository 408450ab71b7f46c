use std::collections::HashMap;
use std::net::SocketAddr;

use kernel::role::Protocol;
use kernel::snapshot::{Endpoint, Upstream};
use proptest::prelude::*;

use super::*;

fn endpoint(id: &str, port: u16) -> Endpoint {
    Endpoint {
        id: id.to_owned(),
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        ready_since: Timestamp::default(),
        draining: false,
    }
}

fn upstream(role: Role, ports: &[u16]) -> Upstream {
    let replicas = ports.iter().map(|&port| endpoint(&format!("{role}-{port}"), port)).collect();
    Upstream { role, protocol: Protocol::Http1, replicas }
}

fn route(path: &str, role: Role) -> Route {
    Route { path: path.to_owned(), exact: false, method: None, targets: vec![Target { role, weight: 1 }] }
}

fn compile(snapshot: &Snapshot, former: &Table) -> Table {
    Table::compile(snapshot, former, Timestamp::from_micros(1), Instant::now())
}

fn role_of(found: &Found<'_>) -> Option<Role> {
    match found {
        Found::Cluster(cluster) => Some(cluster.role),
        Found::Down(role) => Some(*role),
        Found::Nothing => None,
    }
}

#[test]
fn the_longest_prefix_of_whole_segments_wins() {
    let upstreams = vec![upstream(Role::Portal, &[1]), upstream(Role::Files, &[2]), upstream(Role::Accounts, &[3])];
    let mut exact = route("/api/v1/files/special", Role::Portal);
    exact.exact = true;
    let mut posted = route("/api/v1/files", Role::Accounts);
    posted.method = Some("POST".to_owned());
    let routes = vec![route("/", Role::Portal), route("/api/v1/files", Role::Files), exact, posted];
    let table = compile(&Snapshot { generation: 1, routes, upstreams, gateways: 1 }, &Table::default());
    let cases = [
        ("GET", "/", Role::Portal),
        ("GET", "/api/v1/filesystem", Role::Portal),
        ("GET", "/api/v1/files", Role::Files),
        ("GET", "/api/v1/files/", Role::Files),
        ("GET", "/api/v1/files/x/content", Role::Files),
        ("GET", "/api/v1/files/special", Role::Portal),
        ("GET", "/api/v1/files/special/more", Role::Files),
        ("POST", "/api/v1/files/x", Role::Accounts),
        ("GET", "//api", Role::Portal),
    ];
    for (method, path, role) in cases {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        assert_eq!(role_of(&table.find(&method, path)), Some(role), "{method} {path}");
    }
}

#[test]
fn a_role_without_replicas_is_down_and_an_unknown_path_is_nothing() {
    let upstreams = vec![upstream(Role::Files, &[])];
    let routes = vec![route("/files", Role::Files)];
    let table = compile(&Snapshot { generation: 1, routes, upstreams, gateways: 1 }, &Table::default());
    assert!(matches!(table.find(&Method::GET, "/files"), Found::Down(Role::Files)));
    assert!(matches!(table.find(&Method::GET, "/other"), Found::Nothing));
}

#[test]
fn a_dead_side_of_a_split_gets_nothing() {
    let mut split = route("/grades", Role::Files);
    split.targets.push(Target { role: Role::Accounts, weight: 1 });
    let upstreams = vec![upstream(Role::Files, &[]), upstream(Role::Accounts, &[1])];
    let table = compile(&Snapshot { generation: 1, routes: vec![split], upstreams, gateways: 1 }, &Table::default());
    for _ in 0..10 {
        assert_eq!(role_of(&table.find(&Method::GET, "/grades")), Some(Role::Accounts));
    }
}

#[test]
fn a_kept_replica_keeps_its_state_and_a_replacement_does_not() {
    let mut snapshot =
        Snapshot { generation: 1, routes: vec![], upstreams: vec![upstream(Role::Files, &[1, 2])], gateways: 1 };
    let first = compile(&snapshot, &Table::default());
    snapshot.upstreams[0].replicas[1].ready_since = Timestamp::from_micros(9);
    let second = compile(&snapshot, &first);
    let (old, new) = (&first.clusters[0].replicas, &second.clusters[0].replicas);
    assert!(Arc::ptr_eq(&old[0], &new[0]));
    assert!(!Arc::ptr_eq(&old[1], &new[1]));
}

proptest! {
    #[test]
    fn a_split_is_exact_to_one_request(one in 1_u32..20, two in 1_u32..20, requests in 1_usize..500, reload in 0_usize..500) {
        let mut split = route("/grades", Role::Files);
        split.targets = vec![Target { role: Role::Files, weight: one }, Target { role: Role::Accounts, weight: two }];
        let upstreams = vec![upstream(Role::Files, &[1]), upstream(Role::Accounts, &[2])];
        let snapshot = Snapshot { generation: 1, routes: vec![split], upstreams, gateways: 1 };
        let mut table = compile(&snapshot, &Table::default());
        let mut seen: HashMap<Role, f64> = HashMap::new();
        for n in 0..requests {
            if n == reload {
                table = compile(&snapshot, &table);
            }
            let role = role_of(&table.find(&Method::POST, "/grades")).expect("routed");
            *seen.entry(role).or_default() += 1.0;
        }
        let share = f64::from(one) / f64::from(one + two);
        let wanted = share * requests as f64;
        prop_assert!((seen.get(&Role::Files).copied().unwrap_or(0.0) - wanted).abs() <= 1.0);
    }
}
