//! Grades on both routes, while what they stand on dies.

use std::net::SocketAddr;

use reqwest::Client;
use serde_json::Value;
use testkit::mariadb::MariaDb;
use testkit::redis::Redis;

use crate::count;
use crate::harness::{Campus, PASSWORD, signal};
use crate::registrar::{Account, Registrar, check_kept, enter, until_live_is};

const ROLES: [&str; 3] = ["grades-grpc-client", "grades-grpc-server", "grades-redis"];
/// Acknowledged grades between two faults.
const BETWEEN: usize = 40;

/// A campus with grades and without rooms.
async fn campus(engines: &[(&str, &str)]) -> Campus {
    let replicas = ("BEDEL_ORCHESTRATOR__REPLICAS", "{ files = 1, rooms_server = 0, rooms_faculty = 0 }");
    // A replica more than was asked for would be in the way of counting them.
    let steady = ("BEDEL_ORCHESTRATOR__AUTOSCALE_INTERVAL_MS", "3600000");
    let settings: Vec<_> = engines.iter().copied().chain([replicas, steady]).collect();
    Campus::start(&settings).await
}

async fn until_ready(campus: &Campus, role: &str) {
    let what = format!("{role} is ready");
    campus.until(&what, |_| campus.replicas(role).iter().any(|replica| replica.state == "ready")).await;
}

/// Kills the only replica of a role as soon as there is one.
async fn kill(campus: &Campus, role: &str) {
    until_ready(campus, role).await;
    let ready = campus.replicas(role).into_iter().find(|replica| replica.state == "ready");
    signal(ready.expect("a replica").pid, "KILL");
}

async fn end(campus: &Campus, registrar: Registrar, live_url: &str) -> std::sync::Arc<Account> {
    let account = registrar.end().await;
    println!("{} grades, {:?}; {} sent again", account.len(), account.by_route(), account.retried());
    campus.until_whole().await;
    check_kept(&campus.client, &campus.url, &campus.token, &account).await;
    until_live_is(campus, live_url, account.len()).await;
    account
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_grade_is_kept_once_while_each_role_is_killed() {
    let campus = campus(&[]).await;
    let registrar = Registrar::begin(&campus.url, &campus.token);
    for _ in 0..count(2, 30) {
        for role in ROLES {
            registrar.account.grows(BETWEEN).await;
            kill(&campus, role).await;
        }
    }
    registrar.account.grows(BETWEEN).await;
    let account = end(&campus, registrar, "local").await;
    assert_eq!(account.by_route().len(), 2, "both routes were used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_on_mariadb_and_redis_which_are_killed_too() {
    let (mariadb, redis) = tokio::join!(MariaDb::start(), Redis::start());
    let (sql, live) = (mariadb.url("campus"), redis.url());
    let campus = campus(&[("BEDEL_SQL__URL", &sql), ("BEDEL_LIVE__URL", &live)]).await;
    let registrar = Registrar::begin(&campus.url, &campus.token);
    for _ in 0..count(1, 15) {
        for role in ROLES {
            registrar.account.grows(BETWEEN).await;
            kill(&campus, role).await;
        }
        registrar.account.grows(BETWEEN).await;
        redis.flush();
        registrar.account.grows(BETWEEN).await;
        redis.kill();
        registrar.account.grows(BETWEEN).await;
        redis.restart().await;
        registrar.account.grows(BETWEEN).await;
        mariadb.restart().await;
    }
    registrar.account.grows(BETWEEN).await;
    let account = end(&campus, registrar, &live).await;
    let counted = mariadb.execute("SELECT COUNT(*), COUNT(DISTINCT carnet) FROM campus.grades_records");
    let counted: Vec<usize> = counted.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    assert_eq!(counted, [account.len(), account.len()]);
}

/// Where the replicas of a role listen.
fn addresses(status: &Value, role: &str) -> Vec<SocketAddr> {
    let roles = status["roles"].as_array().expect("roles").iter().filter(|known| known["role"] == role);
    let replicas = roles.flat_map(|known| known["replicas"].as_array().expect("replicas"));
    replicas.filter_map(|replica| replica["address"].as_str()?.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_route_alone_alive_takes_grades() {
    for (alive, way) in [(&ROLES[..2], "route1"), (&ROLES[2..], "route2")] {
        let mut campus = campus(&[]).await;
        let status = campus.until_whole().await;
        let door = addresses(&status, alive[0])[0];
        campus.kill_orchestrator();
        for role in status["roles"].as_array().expect("roles") {
            let dies = !alive.iter().any(|name| role["role"] == *name);
            for replica in role["replicas"].as_array().expect("replicas").iter().filter(|_| dies) {
                signal(replica["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a pid"), "KILL");
            }
        }
        let (client, account) = (Client::new(), Account::default());
        let url = format!("http://{door}");
        for carnet in 1..=count(50, 5_000) {
            enter(&client, &format!("{url}/api/v1/grades/{way}"), &campus.token, carnet, &account).await;
        }
        assert_eq!(account.retried(), 0, "{way}");
        check_kept(&client, &url, &campus.token, &account).await;
        until_live_is(&campus, "local", account.len()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_split_is_exact_and_no_request_fails_while_replicas_come_and_go() {
    let campus = campus(&[]).await;
    let account = Account::default();
    let url = format!("{}/api/v1/grades", campus.url);
    let requests = count(2_000, 100_000);
    let mut token = campus.token.clone();
    for thousand in 0..requests / 1_000 {
        let mut by_grpc = 0;
        for carnet in 1..=1_000 {
            let route = enter(&campus.client, &url, &token, thousand * 1_000 + carnet, &account).await;
            by_grpc += usize::from(route == "grpc");
        }
        assert!((499..=501).contains(&by_grpc), "{by_grpc} of a thousand by one route, after {thousand} thousands");
        // A session's token lives for ten minutes.
        token = campus.log_in("admin", PASSWORD).await;
    }
    let routes = account.by_route();
    // Each of the two gateways is exact to one request.
    assert!(routes["grpc"].abs_diff(routes["redis"]) <= 2, "{routes:?}");
    assert_eq!(account.retried(), 0);

    let registrar = Registrar::begin(&campus.url, &token);
    for role in ROLES {
        for replicas in [3, 1] {
            let scaled = campus.bedel(&["scale", role, &replicas.to_string()]);
            assert!(scaled.status.success(), "{}", String::from_utf8_lossy(&scaled.stderr));
            let what = format!("{role} has {replicas} replicas");
            campus
                .until(&what, |_| {
                    let there = campus.replicas(role);
                    there.len() == replicas && there.iter().all(|replica| replica.state == "ready")
                })
                .await;
            registrar.account.grows(BETWEEN).await;
        }
    }
    let grown = registrar.end().await;
    println!("{} grades while replicas came and went, {:?}", grown.len(), grown.by_route());
    assert_eq!(grown.retried(), 0, "no request failed");
}
