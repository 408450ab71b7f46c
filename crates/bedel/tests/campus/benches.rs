//! Benchmarks at a size that says nothing of speed, and everything of whether they measure what they say.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use testkit::claim::Claim;
use testkit::process::Guard;

fn bedel(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_bedel")).args(arguments).output().expect("runs");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn table_3_comes_out_as_the_document_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().to_str().expect("text");
    let output =
        bedel(&["bench", "rooms", "--rounds", "2", "--kills", "1", "--pattern", "async", "--json", "--report", report]);
    let measured = json(&output);
    let loads: Vec<&Value> = measured.as_array().expect("a list").iter().collect();
    let answers: Vec<_> = loads.iter().map(|load| (&load["satisfied"], &load["not_satisfied"])).collect();
    let [small, large, too_large] = <[_; 3]>::try_from(answers).expect("three loads");
    assert_eq!(
        (small, large),
        ((&50.into(), &0.into()), (&50.into(), &0.into())),
        "all of 25 programmes fit, adapted or not"
    );
    // Of a semester's 440 rooms 31 requests of 14 have theirs, and two rounds are two semesters.
    assert_eq!(too_large, (&62.into(), &38.into()));
    for load in loads {
        assert_eq!(load["recovery"]["count"], 1, "{load}");
        let faculties = load["by_faculty"].as_object().expect("faculties");
        assert_eq!(faculties.len() as u64 * 5, load["programmes"].as_u64().expect("a number"));
        let asked: f64 = faculties.values().map(|faculty| faculty["SOL"]["count"].as_f64().expect("a number")).sum();
        assert!((asked - load["programmes"].as_f64().expect("a number") * 2.0).abs() < 0.5, "{asked} of {load}");
        assert!(
            load["usage"].as_array().expect("processes").iter().all(|used| used["peak_memory_bytes"] != 0),
            "{load}"
        );
    }
    for file in ["md", "csv", "json"].map(|ending| format!("rooms.{ending}")) {
        assert!(folder.path().join(&file).metadata().expect("is written").len() > 500, "{file}");
    }
    for plot in ["times", "rate", "cpu", "memory"] {
        let svg = std::fs::read_to_string(folder.path().join(format!("rooms-{plot}.svg"))).expect("is written");
        assert!(svg.contains("50 maximum") && !svg.contains("NaN"), "{svg}");
    }
}

/// `bench/peers/rooms/server.py`, which speaks as the document's server.
fn peer(folder: &Path, workers: &str) -> (Claim, Claim, Guard) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (service, beats) = (Claim::port(), Claim::port());
    let mut command = Command::new(python(&root));
    command
        .arg(root.join("bench/peers/rooms/server.py"))
        .args(["--listen", &format!("tcp://127.0.0.1:{}", service.number()), "--workers", workers])
        .args(["--heartbeats", &format!("tcp://127.0.0.1:{}", beats.number())])
        .arg("--database")
        .arg(folder.join(format!("rooms-{workers}.db")))
        .arg("--keys")
        .arg(folder)
        .stdin(Stdio::null());
    (service, beats, Guard::spawn(&mut command))
}

/// One with pyzmq.
fn python(root: &Path) -> PathBuf {
    let python = root.join(".tools/venv/bin/python");
    assert!(python.exists(), "{} is missing: `make test` makes it", python.display());
    python
}

#[test]
fn one_client_drives_both_servers() {
    let small = ["--json", "--seconds", "1", "--warm-up", "0", "--in-flight", "2"];
    for pattern in ["async", "broker"] {
        let found = json(&bedel(&[&["bench", "rooms-server", "--pattern", pattern], &small[..]].concat()));
        assert!(found["accepted"].as_u64() > Some(0) && found["not_accepted"] == 0, "{pattern}: {found}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().to_str().expect("text");
    for name in std::iter::once("server".to_owned()).chain((1..=10).map(|number| format!("faculty-{number:02}"))) {
        bedel(&["rooms", "keygen", &name, "--dir", keys]);
    }
    for workers in ["0", "4"] {
        let (service, _beats, _peer) = peer(folder.path(), workers);
        let at = format!("tcp://127.0.0.1:{}", service.number());
        // It dials until the peer listens.
        let found = json(&bedel(&[&["bench", "rooms-server", "--at", &at, "--keys", keys], &small[..]].concat()));
        assert!(found["accepted"].as_u64() > Some(0) && found["not_accepted"] == 0, "{workers} workers: {found}");
    }
}
