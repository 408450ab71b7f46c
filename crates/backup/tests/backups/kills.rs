//! `kill -9` of server and agent at random moments: no backup that was listed is ever lost.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::process::eventually;

use crate::campus::{Campus, PATIENCE};
use crate::count;
use crate::rehearsals::leftovers;
use crate::stage::{SERVER, Stage};
use crate::tree::{noise, plant, untar};

/// Content of the tree's one file in a round.
fn content(round: u64) -> Vec<u8> {
    noise(round, 2_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_backup_is_lost_to_kills() {
    let campus = &Campus::sqlite().await;
    let stage = Stage::new(campus);
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    fs::write(tree.join("file"), content(0)).expect("writes");
    let mut server = stage.server(SERVER);
    let mut node = stage.agent("agent", &tree).await;
    let target = {
        let admin = stage.admin(SERVER).await;
        let target = admin.register(node.address, &tree).await;
        admin.attempt("done").await;
        target
    };
    let mut dice = blake3::Hasher::new().update(b"kills").finalize_xof();
    let mut listed: Vec<(String, u64)> = Vec::new();
    for round in 1..=count(20, 1000) {
        let mut random = [0; 2];
        dice.fill(&mut random);
        fs::write(tree.join("file"), content(round)).expect("writes");
        let (status, _) = stage.admin(SERVER).await.post(&format!("/targets/{target}/run"), &Value::Null).await;
        assert_eq!(status, 202);
        // From before the call to after the commit, on a machine of any speed: chance decides, not the clock.
        tokio::time::sleep(Duration::from_millis(u64::from(random[0]))).await;
        if random[1] % 2 == 0 {
            server.kill9();
            server = stage.server(SERVER);
        } else {
            node.replace();
        }
        let admin = stage.admin(SERVER).await;
        admin.succeed(&target).await;
        let id = admin.newest().await;
        let out = campus.path(&format!("out-{round}"));
        untar(&admin.archive(&id).await, &out);
        assert!(fs::read(out.join("file")).expect("reads") == content(round), "round {round}: not the newest");
        fs::remove_dir_all(out).expect("removes");
        if listed.iter().all(|(known, _)| *known != id) {
            listed.push((id, round));
        }
    }
    let admin = stage.admin(SERVER).await;
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_that_is_killed_is_made_again_and_leaves_nothing() {
    let campus = &Campus::sqlite().await;
    let stage = Stage::new(campus);
    let tree = campus.path("tree");
    plant(&tree);
    let mut server = stage.server(SERVER);
    let node = stage.agent("agent", &tree).await;
    let backup = {
        let admin = stage.admin(SERVER).await;
        admin.register(node.address, &tree).await;
        admin.attempt("done").await["backup"].as_str().expect("a backup").to_owned()
    };
    let rounds = count(10, 500);
    let mut dice = blake3::Hasher::new().update(b"rehearsals").finalize_xof();
    for round in 1..=rounds {
        let mut random = [0];
        dice.fill(&mut random);
        let (status, asked) = stage.admin(SERVER).await.post(&format!("/{backup}/rehearse"), &Value::Null).await;
        assert_eq!(status, 202, "{asked}");
        // From before it begins to after its end, on a machine of any speed: chance decides, not the clock.
        tokio::time::sleep(Duration::from_millis(4 * u64::from(random[0]))).await;
        server.kill9();
        server = stage.server(SERVER);
        let admin = stage.admin(SERVER).await;
        let ended = admin.ended(&asked).await;
        assert_eq!(ended["outcome"], "proven", "round {round}: {ended}");
        assert_eq!(ended["detail"], Value::Null, "what is proven is proven, however often it was begun: {ended}");
        eventually("nothing is left", PATIENCE, async || leftovers(campus).is_empty()).await;
        assert_eq!(admin.get("/alerts").await.1["items"], json!([]), "round {round}");
    }
    let (_, log) = stage.admin(SERVER).await.get("/log?kind=rehearsal").await;
    assert_eq!(log["items"].as_array().map(|all| all.len() as u64), Some(rounds), "each is told once: {log}");
    server.kill9();
}
