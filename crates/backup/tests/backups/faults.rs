//! Full and failing disks, torn writes, cut and silent links, stopped agents, clocks that jump: what was committed stays as
//! it was, byte for byte, and the next attempt makes a backup.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::disk::Disk;
use testkit::process::{Guard, eventually};
use testkit::proxy::{Cut, FaultProxy, Faults};

use crate::campus::{Campus, Http, PATIENCE};
use crate::count;
use crate::stage::{Player, SERVER, Stage};
use crate::tree::{noise, untar};

/// In bytes; what does not deflate.
const CONTENT: u64 = 1_500_000;
/// So that an attempt lasts long enough to be met in its middle.
const SLOW: u64 = 6_000_000;

/// Numbers, the same for the same seed.
struct Dice(blake3::OutputReader);

impl Dice {
    fn new(seed: &[u8]) -> Self {
        Self(blake3::Hasher::new().update(seed).finalize_xof())
    }

    fn below(&mut self, limit: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % limit
    }
}

/// Time goes by from round to round, so that what is dropped grows old; less than a day in all, for agents go by the system's
/// clock.
fn drift(round: u64) -> i64 {
    i64::try_from(round).expect("small") * 80
}

/// One node, one server, a proxy in between, and packs on a disk that fills up.
struct Scene<'c> {
    stage: &'c Stage<'c>,
    disk: Disk,
    nodes: PathBuf,
    tree: PathBuf,
    server: Guard,
    agent: Player,
    link: FaultProxy,
    target: String,
    dice: Dice,
    /// Every backup that was listed, and the digest of its archive.
    listed: Vec<(String, blake3::Hash)>,
}

impl Scene<'_> {
    async fn admin(&self) -> Http {
        self.stage.admin(SERVER).await
    }

    /// Asks for an attempt; gives it once it has begun, or at least is asked for.
    async fn ask(&self) -> Value {
        let (status, attempt) = self.admin().await.post(&format!("/targets/{}/run", self.target), &Value::Null).await;
        assert_eq!(status, 202, "{attempt}");
        attempt
    }

    async fn somewhere_in_it(&mut self) {
        // Chance decides where in the attempt, not the clock.
        tokio::time::sleep(Duration::from_millis(self.dice.below(300))).await;
    }

    /// An attempt that must fail, and says why.
    async fn fails(&self) -> String {
        let attempt = self.ask().await;
        let ended = self.admin().await.ended(&attempt).await;
        assert_eq!(ended["outcome"], "failed", "{ended}");
        ended["detail"].as_str().expect("why").to_owned()
    }

    async fn full_disk(&mut self) {
        let free = rustix::fs::statvfs(&self.nodes).expect("a file system");
        let spare = self.dice.below(CONTENT);
        let filler = self.nodes.join("filler");
        let file = File::create(&filler).expect("makes");
        let taken = (free.f_bavail * free.f_frsize).saturating_sub(spare);
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, taken).expect("takes the space");
        let why = self.fails().await;
        assert!(why.contains("no space left"), "{why}");
        self.unharmed(2).await;
        fs::remove_file(filler).expect("removes");
    }

    async fn read_only_disk(&mut self) {
        self.disk.read_only(true);
        let why = self.fails().await;
        assert!(why.contains("store of backups failed"), "{why}");
        self.unharmed(2).await;
        self.disk.read_only(false);
    }

    /// The server dies, and with it what the disk had not been told to keep.
    async fn torn_writes(&mut self) {
        self.link.change(|faults| faults.bytes_per_second = Some(SLOW));
        self.ask().await;
        self.somewhere_in_it().await;
        self.server.kill9();
        for node in fs::read_dir(&self.nodes).expect("lists") {
            tear(&node.expect("an entry").path(), &mut self.dice);
        }
        self.server = self.stage.server(SERVER);
    }

    async fn cut_link(&mut self) {
        let after = self.dice.below(CONTENT);
        self.link.set(Faults { cut_after: Some(after..after + 1), cut: Cut::Reset, ..Faults::default() });
        let attempt = self.ask().await;
        let ended = self.admin().await.ended(&attempt).await;
        assert!(matches!(ended["outcome"].as_str(), Some("failed" | "unreachable")), "{ended}");
    }

    async fn silent_link(&mut self) {
        self.link.change(|faults| faults.bytes_per_second = Some(SLOW));
        let attempt = self.ask().await;
        self.somewhere_in_it().await;
        self.link.change(|faults| faults.stalled = true);
        self.somewhere_in_it().await;
        self.link.change(|faults| faults.stalled = false);
        self.admin().await.ended(&attempt).await;
    }

    async fn stopped_agent(&mut self) {
        self.link.change(|faults| faults.bytes_per_second = Some(SLOW));
        let attempt = self.ask().await;
        self.somewhere_in_it().await;
        self.agent.process.stop();
        self.somewhere_in_it().await;
        if self.dice.below(2) == 0 {
            self.agent.replace();
        }
        self.agent.process.cont();
        self.admin().await.ended(&attempt).await;
    }

    /// Forth and back by up to ten minutes, while an attempt is under way.
    async fn jumping_clock(&mut self, round: u64) {
        self.ask().await;
        self.somewhere_in_it().await;
        let jump = i64::try_from(self.dice.below(1200)).expect("small") - 600;
        self.stage.shift_clock(drift(round) + jump);
    }

    /// As many as `some` of the backups that are kept have the archives that they had.
    async fn unharmed(&mut self, some: usize) {
        let admin = self.admin().await;
        let mut seen = 0;
        for (id, digest) in self.listed.iter().rev().take(some) {
            if admin.get(&format!("/{id}")).await.1["kept"] == json!(true) {
                assert_eq!(blake3::hash(&admin.archive(id).await), *digest, "{id} is not what it was");
                seen += 1;
            }
        }
        assert!(seen > 0 || self.listed.is_empty(), "nothing was compared");
    }
}

/// What a loss of power may leave: of packs without an index, which nothing counts on yet, a beginning, zeros or garbage; a
/// part of an index or of a record; and an index less.
fn tear(node: &Path, dice: &mut Dice) {
    let names = |kind: &str| -> Vec<String> {
        let entries = fs::read_dir(node.join(kind)).into_iter().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a number")).collect();
        names.sort();
        names
    };
    let (packs, indexes, records) = (names("packs"), names("index"), names("backups"));
    for name in packs.iter().filter(|name| !indexes.contains(name)) {
        let pack = File::options().write(true).open(node.join("packs").join(name)).expect("opens");
        let length = pack.metadata().expect("a length").len();
        let at = dice.below(length + 1);
        match dice.below(4) {
            0 => pack.set_len(at).expect("cuts"),
            1 => {
                pack.set_len(at).expect("cuts");
                pack.set_len(length).expect("zeros");
            }
            2 => pack.write_all_at(&noise(at, 5000), length).expect("writes"),
            _ => {}
        }
        if let (1, Some(other)) = (dice.below(2), indexes.first()) {
            let whole = fs::read(node.join("index").join(other)).expect("reads");
            let part = &whole[..usize::try_from(dice.below(whole.len() as u64)).expect("small")];
            fs::write(node.join("index").join(name), part).expect("writes");
        }
    }
    if let (1, Some(last)) = (dice.below(2), records.last()) {
        let whole = fs::read(node.join("backups").join(last)).expect("reads");
        let part = &whole[..usize::try_from(dice.below(whole.len() as u64)).expect("small")];
        let next = u64::from_str_radix(last, 16).expect("a number") + 1;
        fs::write(node.join("backups").join(format!("{next:016x}")), part).expect("writes");
    }
    if let (1, Some(last)) = (dice.below(2), indexes.last()) {
        File::options().write(true).open(node.join("index").join(last)).expect("opens").set_len(20).expect("cuts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_backup_is_lost_to_faults() {
    let campus = &Campus::sqlite().await;
    let stage = &Stage::new(campus);
    let (nodes, tree) = (campus.data.backups().join("nodes"), campus.path("tree"));
    let disk = Disk::mount(&nodes, 192);
    fs::create_dir_all(&tree).expect("makes");
    let server = stage.server(SERVER);
    let agent = stage.agent("agent", &tree).await;
    let link = FaultProxy::start(agent.address, 1).await;
    // Nothing begins by itself but what was broken off.
    let target = stage.admin(SERVER).await.register_every(link.address(), &tree, 100_000).await;
    let (dice, listed) = (Dice::new(b"faults"), Vec::new());
    let mut scene = Scene { stage, disk, nodes, tree, server, agent, link, target, dice, listed };
    for round in 0..count(20, 1000) {
        let content = noise(round, usize::try_from(CONTENT).expect("small"));
        fs::write(scene.tree.join("file"), &content).expect("writes");
        stage.shift_clock(drift(round));
        if round > 0 {
            match round % 7 {
                0 => scene.full_disk().await,
                1 => scene.torn_writes().await,
                2 => scene.cut_link().await,
                3 => scene.silent_link().await,
                4 => scene.stopped_agent().await,
                5 => scene.jumping_clock(round).await,
                _ => scene.read_only_disk().await,
            }
        }
        scene.link.set(Faults::default());
        let admin = scene.admin().await;
        admin.succeed(&scene.target).await;
        let id = admin.newest().await;
        let archive = admin.archive(&id).await;
        let out = campus.path("out");
        untar(&archive, &out);
        assert!(fs::read(out.join("file")).expect("reads") == content, "round {round}: not the newest");
        fs::remove_dir_all(out).expect("removes");
        if scene.listed.iter().all(|(known, _)| *known != id) {
            scene.listed.push((id, blake3::hash(&archive)));
        }
        scene.unharmed(2).await;
    }
    scene.unharmed(usize::MAX).await;
    let admin = scene.admin().await;
    let kept = admin.get("?limit=500").await.1["items"].as_array().cloned().expect("items");
    for backup in kept.iter().filter(|backup| backup["kept"] == json!(true)) {
        let id = backup["id"].as_str().expect("an id");
        assert_eq!(admin.post(&format!("/{id}/verify"), &Value::Null).await.1["good"], json!(true), "{backup}");
    }
}

/// A clock that was hours ahead made the next attempt due in hours.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_does_not_stop_the_schedule() {
    let campus = &Campus::sqlite().await;
    let stage = &Stage::new(campus);
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    fs::write(tree.join("file"), "before").expect("writes");
    stage.shift_clock(50_000);
    let _server = stage.server(SERVER);
    let agent = stage.agent("agent", &tree).await;
    let admin = stage.admin(SERVER).await;
    admin.register_every(agent.address, &tree, 1).await;
    admin.attempt("done").await;
    fs::write(tree.join("file"), "after").expect("writes");
    stage.shift_clock(0);
    eventually("another backup", PATIENCE, async || {
        let done = admin.get("/log?outcome=done").await.1;
        done["items"].as_array().is_some_and(|items| items.len() == 2)
    })
    .await;
}
