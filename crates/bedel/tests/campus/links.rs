//! Links that are cut and narrow, connections that are reset, and gateways that are killed.

use std::process::{Child, Stdio};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use testkit::net::Link;
use testkit::proxy::{Cut, FaultProxy, Faults};

use crate::count;
use crate::harness::Campus;
use crate::kills::{Traffic, kill_one};
use crate::transfer::piece;

fn door(campus: &Campus) -> std::net::SocketAddr {
    campus.url.trim_start_matches("http://").parse().expect("an address")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_survive_broken_connections_and_the_death_of_gateways() {
    let campus = Campus::start(&[]).await;
    let proxy = FaultProxy::start(door(&campus), 7).await;
    proxy.set(Faults {
        latency: Duration::from_millis(2),
        cut_after: Some(1_000_000..60_000_000),
        cut: Cut::Reset,
        ..Faults::default()
    });
    let traffic = Traffic::begin(&format!("http://{}", proxy.address()), &campus.token, count(20_000_000, 100_000_000));
    let mut rng = StdRng::seed_from_u64(43);
    for turn in 0..count(10, 30) {
        tokio::time::sleep(Duration::from_millis(count(1_000, 2_000))).await;
        match turn % 5 {
            0 => proxy.cut_all(),
            1 => proxy.change(|faults| faults.stalled = true),
            2 => proxy.change(|faults| faults.stalled = false),
            _ => {
                kill_one(&campus, if turn % 5 == 3 { "gateway" } else { "files" }, &mut rng);
            }
        }
    }
    proxy.set(Faults::default());
    traffic.end("files-links", "links cut and stalled, gateways and replicas killed").await;
}

/// A `bedel` client behind the link, and where its account of itself goes.
fn client(link: &Link, campus: &Campus, url: &str, name: &str, arguments: &[&str]) -> Child {
    let said = std::fs::File::create(campus.data().join(format!("{name}.said"))).expect("a file");
    link.command(env!("CARGO_BIN_EXE_bedel"))
        .args(arguments)
        .env("BEDEL_URL", url)
        .env("BEDEL_TOKEN", &campus.token)
        .env("HOME", campus.data().join(format!("home-{name}")))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
        .expect("starts")
}

/// The offsets at which a client said it went on.
fn resumed_at(campus: &Campus, name: &str) -> Vec<u64> {
    let said = std::fs::read_to_string(campus.data().join(format!("{name}.said"))).expect("reads");
    let offsets = said.lines().filter_map(|line| line.split("resumed at ").nth(1)?.split(' ').next()?.parse().ok());
    offsets.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_behind_a_link_that_comes_and_goes_get_everything_through() {
    let campus = Campus::start(&[("BEDEL_FILES__CHECKPOINT", "1048576")]).await;
    let link = Link::new();
    // The campus listens on loopback; this is how the link's other end reaches it.
    let bridge = FaultProxy::start_on(link.near_address(), door(&campus), 11).await;
    let url = format!("http://{}", bridge.address());
    let people = count(4, 12);
    let size = count(12 << 20, 64 << 20);
    link.shape(80_000);

    let source = |person: u64| campus.data().join(format!("source-{person}"));
    let put: Vec<_> = (0..people)
        .map(|person| {
            std::fs::write(source(person), piece(person, 0, usize::try_from(size).expect("small"))).expect("writes");
            let path = source(person);
            client(&link, &campus, &url, &format!("put-{person}"), &["put", path.to_str().expect("UTF-8")])
        })
        .collect();
    trouble(&campus, &link).await;
    await_all(put, &campus, "put");

    let get: Vec<_> = (0..people)
        .map(|person| {
            let target = campus.data().join(format!("target-{person}"));
            let target = target.to_str().expect("UTF-8").to_owned();
            client(&link, &campus, &url, &format!("get-{person}"), &["get", &format!("source-{person}"), "-o", &target])
        })
        .collect();
    trouble(&campus, &link).await;
    await_all(get, &campus, "get");

    let mut resumed = 0;
    for person in 0..people {
        let back = std::fs::read(campus.data().join(format!("target-{person}"))).expect("reads");
        assert_eq!(back, std::fs::read(source(person)).expect("reads"), "person {person}");
        for name in [format!("put-{person}"), format!("get-{person}")] {
            let offsets = resumed_at(&campus, &name);
            assert!(offsets.is_sorted(), "{name} went back below an acknowledged offset: {offsets:?}");
            resumed += offsets.len();
        }
    }
    println!("{people} people, {size} bytes up and down each, {resumed} times resumed");
}

/// Cuts and mends the link, narrows and widens it, and kills a gateway.
async fn trouble(campus: &Campus, link: &Link) {
    let mut rng = StdRng::seed_from_u64(44);
    for turn in 0..count(2, 10) {
        tokio::time::sleep(Duration::from_millis(700)).await;
        link.down();
        tokio::time::sleep(Duration::from_millis(if turn % 2 == 0 { 7_000 } else { 400 })).await;
        link.up();
        link.shape(if turn % 2 == 0 { 20_000 } else { 200_000 });
        kill_one(campus, "gateway", &mut rng);
    }
    link.unshape();
}

fn await_all(clients: Vec<Child>, campus: &Campus, what: &str) {
    for (person, mut client) in clients.into_iter().enumerate() {
        let ended = client.wait().expect("waits");
        let said = std::fs::read_to_string(campus.data().join(format!("{what}-{person}.said"))).unwrap_or_default();
        assert!(ended.success(), "{what} of person {person}: {said}");
    }
}
