//! `bedel share` and `bedel voucher`: what they print is what people who have no account use.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::Campus;
use crate::puts::{files, run, text};

fn value(output: &[u8]) -> Value {
    serde_json::from_slice(output).unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_made_used_listed_and_removed() {
    let campus = Campus::start(&[]).await;
    let source = campus.data().join("thesis.txt");
    std::fs::write(&source, b"of some length").expect("writes");
    let stored = run(&campus, &campus.url, &["put", source.to_str().expect("UTF-8"), "--json"]);
    let id = value(&stored.stdout)["id"].as_str().expect("an id").to_owned();

    let said_aloud = run(&campus, &campus.url, &["share", &id, "--password", "secret"]);
    assert_eq!(said_aloud.status.code(), Some(2), "a password is no argument: {}", text(&said_aloud.stderr));
    let unasked = run(&campus, &campus.url, &["share", &id, "--password"]);
    assert!(text(&unasked.stderr).contains("--password-stdin"), "{}", text(&unasked.stderr));

    let mut making = campus
        .bedel_command(&["share", "thesis.txt", "--expires", "7d", "--limit", "1", "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    making.stdin.take().expect("a pipe").write_all(b"secret\n").expect("writes");
    let made = making.wait_with_output().expect("ends");
    assert!(made.status.success(), "{}", text(&made.stderr));
    let link = text(&made.stdout).trim().to_owned();
    assert!(link.starts_with(&format!("{}/s/", campus.url)), "{link}");
    let said = text(&made.stderr);
    let content = said.split_whitespace().find(|word| word.ends_with("/content")).expect("an address for curl");
    let refused = campus.client.get(content).send().await.expect("an answer");
    assert_eq!(refused.status(), 401);
    let opened = campus.client.get(content).basic_auth("", Some("secret")).send().await.expect("an answer");
    assert_eq!(opened.bytes().await.expect("bytes").as_ref(), b"of some length");

    for arguments in [["share", "list", "--json"].as_slice(), &["share", "list", &id, "--json"]] {
        let listed = value(&run(&campus, &campus.url, arguments).stdout);
        let seen = (&listed["file_name"], &listed["state"], &listed["downloads"], &listed["has_password"]);
        assert_eq!(seen, (&"thesis.txt".into(), &"used_up".into(), &1.into(), &true.into()));
    }
    let another = value(&run(&campus, &campus.url, &["share", &id, "--json"]).stdout);
    let (link, share) = (another["url"].as_str().expect("a link"), another["id"].as_str().expect("an id"));
    let content = format!("{}/api/v1/shares/{}/content", campus.url, link.rsplit('/').next().expect("a token"));
    assert!(run(&campus, &campus.url, &["share", "remove", share]).status.success());
    assert_eq!(campus.client.get(content).send().await.expect("an answer").status(), 410);
    let twice = run(&campus, &campus.url, &["share", "remove", share]);
    assert!(!twice.status.success() && text(&twice.stderr).contains("404"), "{}", text(&twice.stderr));
    let bad = run(&campus, &campus.url, &["share", &id, "--expires", "yesterday"]);
    assert!(bad.status.code() == Some(2) && text(&bad.stderr).contains("7d"), "{}", text(&bad.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_uploads_with_what_was_printed() {
    let campus = Campus::start(&[]).await;
    let arguments = ["voucher", "--for", "Thesis of Ana", "--expires", "2w", "--size", "1M", "--files", "2"];
    let made = run(&campus, &campus.url, &arguments);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(text(&made.stdout).starts_with(&format!("{}/v/", campus.url)), "{}", text(&made.stdout));
    let said = text(&made.stderr);
    let from = said.find("  curl ").expect("a command for the guest");
    let command = &said[from..said[from..].find("@FILE").expect("its end") + from + "@FILE".len()];
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("thesis.pdf"), vec![7; 600_000]).expect("writes");
    let guest = |command: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-ec", &command.replace("FILE", "thesis.pdf").replacen("curl", "curl -sS -f", 1)]);
        shell.current_dir(home.path()).output().expect("runs")
    };
    let sent = guest(command);
    assert!(sent.status.success(), "{} {}", command, text(&sent.stderr));
    let arrived = files(&campus).await;
    assert_eq!((&arrived[0]["name"], &arrived[0]["size"]), (&"thesis.pdf".into(), &600_000.into()));
    let too_much = guest(command);
    assert!(!too_much.status.success(), "the voucher takes a million bytes altogether");

    let receipt = said.split_whitespace().find(|word| word.ends_with("/receipt")).expect("an address");
    let receipt: Value = campus.client.get(receipt).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(receipt["items"][0]["state"], "done", "{receipt}");
    let listed = value(&run(&campus, &campus.url, &["voucher", "list", "--json"]).stdout);
    assert_eq!((&listed["note"], &listed["files"]), (&"Thesis of Ana".into(), &1.into()));
    let long = text(&run(&campus, &campus.url, &["ls", "--long"]).stdout);
    assert!(long.contains("owner:admin") && long.contains(arrived[0]["sha256"].as_str().expect("hex")), "{long}");
    let id = listed["id"].as_str().expect("an id");
    assert!(run(&campus, &campus.url, &["voucher", "remove", id]).status.success());
    assert!(text(&run(&campus, &campus.url, &["voucher", "list"]).stdout).contains("No vouchers"));
}
