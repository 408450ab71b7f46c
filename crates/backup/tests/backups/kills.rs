//! `kill -9` of server and agent at random moments: no backup that was listed is ever lost.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use api::auth::UserRole;
use backup::agent::Identity;
use serde_json::{Value, json};
use testkit::claim::Claim;
use testkit::process::{Guard, eventually};

use crate::campus::{Campus, Http, PATIENCE};
use crate::child::{Part, spawn};
use crate::rehearsals::leftovers;
use crate::tree::{noise, plant, untar};

/// How often one of them is killed; more where it is asked for.
fn kills() -> u64 {
    if std::env::var_os("BEDEL_TEST_FULL").is_some() { 1000 } else { 20 }
}

struct World<'c> {
    campus: &'c Campus,
    tree: PathBuf,
    said: PathBuf,
    log: PathBuf,
    state: PathBuf,
    port: Claim,
    agent: Part,
}

impl<'c> World<'c> {
    /// A tree that an agent may give, once it runs.
    fn new(campus: &'c Campus) -> Self {
        let (tree, state, port) = (campus.path("tree"), campus.path("agent"), Claim::port());
        fs::create_dir_all(&tree).expect("makes");
        let listen = format!("127.0.0.1:{}", port.number());
        let agent = Part::Agent { state: state.clone(), allow: tree.clone(), listen };
        Self { campus, tree, said: campus.path("said"), log: campus.path("log"), state, port, agent }
    }

    /// Enrols the agent and registers the tree, with a server that runs; gives the target.
    async fn registered(&self) -> String {
        let admin = self.admin().await;
        let (_, made) = admin.post("/enroll-tokens", &Value::Null).await;
        let token = backup::EnrollToken {
            url: admin.base.clone(),
            ca: made["ca"].as_str().expect("a digest").to_owned(),
            id: made["id"].as_str().expect("an id").parse().expect("an id"),
            secret: made["secret"].as_str().expect("a secret").to_owned(),
        };
        Identity::enrol(&token.encode(), &self.state).await.expect("enrols");
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], self.port.number()));
        admin.register(address, &self.tree).await
    }

    fn server(&self) -> Guard {
        let _ = fs::remove_file(&self.said);
        let (url, data) = (self.campus.url.clone(), self.campus.data.root().to_owned());
        let (jwks, ahead, said) = (self.campus.jwks.clone(), self.campus.noon, self.said.clone());
        spawn(&Part::Server { url, data, jwks, ahead, said }, &self.log)
    }

    /// Whoever is asked, wherever the server is now.
    async fn admin(&self) -> Http {
        let mut http = String::new();
        eventually("the server says where it is", PATIENCE, async || {
            http = fs::read_to_string(&self.said).unwrap_or_default();
            !http.is_empty()
        })
        .await;
        let token = self.campus.token(UserRole::Admin);
        Http { base: format!("http://{http}"), token, client: reqwest::Client::new() }
    }
}

/// Content of the tree's one file in a round.
fn content(round: u64) -> Vec<u8> {
    noise(round, 2_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_backup_is_lost_to_kills() {
    let campus = &Campus::sqlite().await;
    let world = World::new(campus);
    let tree = &world.tree;
    let mut server = world.server();
    fs::write(tree.join("file"), content(0)).expect("writes");
    let target = world.registered().await;
    let mut node = spawn(&world.agent, &world.log);
    let admin = world.admin().await;
    admin.attempt("done").await;
    let mut dice = blake3::Hasher::new().update(b"kills").finalize_xof();
    let mut listed: Vec<(String, u64)> = Vec::new();
    for round in 1..=kills() {
        let mut random = [0; 2];
        dice.fill(&mut random);
        fs::write(tree.join("file"), content(round)).expect("writes");
        let admin = world.admin().await;
        let (status, _) = admin.post(&format!("/targets/{target}/run"), &Value::Null).await;
        assert_eq!(status, 202);
        // From before the call to after the commit, on a machine of any speed: chance decides, not the clock.
        tokio::time::sleep(Duration::from_millis(u64::from(random[0]))).await;
        if random[1] % 2 == 0 {
            server.kill9();
            server = world.server();
        } else {
            node.kill9();
            node = spawn(&world.agent, &world.log);
        }
        let admin = world.admin().await;
        eventually("a backup after the kill", PATIENCE, async || {
            let run = admin.run(&target).await;
            matches!(run["outcome"].as_str(), Some("done" | "unchanged"))
        })
        .await;
        let newest = admin.get("?limit=1").await.1["items"][0].clone();
        let id = newest["id"].as_str().unwrap_or_else(|| panic!("no backup: {newest}")).to_owned();
        let out = campus.path(&format!("out-{round}"));
        untar(&admin.archive(&id).await, &out);
        assert!(fs::read(out.join("file")).expect("reads") == content(round), "round {round}: not the newest");
        fs::remove_dir_all(out).expect("removes");
        if listed.iter().all(|(known, _)| *known != id) {
            listed.push((id, round));
        }
    }
    let admin = world.admin().await;
    let mut seen = 0;
    for (id, round) in listed {
        if admin.get(&format!("/{id}")).await.1["kept"] != json!(true) {
            continue;
        }
        seen += 1;
        let out = campus.path("out");
        untar(&admin.archive(&id).await, &out);
        assert!(fs::read(out.join("file")).expect("reads") == content(round), "round {round} is lost");
        fs::remove_dir_all(out).expect("removes");
    }
    assert!(seen >= 5, "{seen} of the kept backups were looked at");
    server.kill9();
    node.kill9();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_that_is_killed_is_made_again_and_leaves_nothing() {
    let campus = &Campus::sqlite().await;
    let world = World::new(campus);
    plant(&world.tree);
    let mut server = world.server();
    world.registered().await;
    let _node = spawn(&world.agent, &world.log);
    let backup = world.admin().await.attempt("done").await["backup"].as_str().expect("a backup").to_owned();
    let mut dice = blake3::Hasher::new().update(b"rehearsals").finalize_xof();
    for round in 1..=kills() / 2 {
        let mut random = [0];
        dice.fill(&mut random);
        let (status, asked) = world.admin().await.post(&format!("/{backup}/rehearse"), &Value::Null).await;
        assert_eq!(status, 202, "{asked}");
        // From before it begins to after its end, on a machine of any speed: chance decides, not the clock.
        tokio::time::sleep(Duration::from_millis(4 * u64::from(random[0]))).await;
        server.kill9();
        server = world.server();
        let admin = world.admin().await;
        let ended = admin.ended(&asked).await;
        assert_eq!(ended["outcome"], "proven", "round {round}: {ended}");
        assert_eq!(ended["detail"], Value::Null, "what is proven is proven, however often it was begun: {ended}");
        eventually("nothing is left", PATIENCE, async || leftovers(campus).is_empty()).await;
        assert_eq!(admin.get("/alerts").await.1["items"], json!([]), "round {round}");
    }
    let (_, log) = world.admin().await.get("/log?kind=rehearsal").await;
    assert_eq!(log["items"].as_array().map(|all| all.len() as u64), Some(kills() / 2), "each is told once: {log}");
    server.kill9();
}
