//! Backups as a campus runs them: two servers, an agent, and an administrator at the command line.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use testkit::claim::Claim;
use testkit::process::{Guard, eventually};

use crate::harness::{Campus, PATIENCE, signal};

pub(crate) const ROLES: &str =
    "{ gateway = 1, accounts = 1, files = 0, portal = 0, rooms_server = 0, rooms_faculty = 0, backup_server = 2 }";

#[track_caller]
pub(crate) fn good(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// What went wrong, for people.
#[track_caller]
fn bad(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn agent(campus: &Campus, listen: &str, tree: &Path, state: &Path, token: Option<&str>) -> Guard {
    let mut command = campus.bedel_command(&["agent", "--listen", listen, "--nice", "0"]);
    command.arg("--allow").arg(tree).arg("--state").arg(state);
    if let Some(token) = token {
        command.args(["--enroll", token]);
    }
    let log = fs::File::options().create(true).append(true).open(campus.data().join("logs/agent.log")).expect("a log");
    command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
    Guard::spawn(&mut command)
}

/// The pid of the server that leads.
pub(crate) async fn leader(campus: &Campus) -> i32 {
    let mut found = None;
    eventually("a backup server leads", PATIENCE, async || {
        let status = campus.status().unwrap_or_default();
        let roles = status["roles"].as_array().cloned().unwrap_or_default();
        let replicas = roles.iter().find(|role| role["role"] == "backup-server").map(|role| role["replicas"].clone());
        let replicas = replicas.unwrap_or_default();
        let leads = replicas.as_array().into_iter().flatten().find(|replica| replica["leader"] == true);
        found = leads.and_then(|replica| replica["pid"].as_i64());
        found.is_some()
    })
    .await;
    i32::try_from(found.expect("was found")).expect("a pid")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_backed_up_and_restored_at_the_command_line() {
    let campus = Campus::start(&[("BEDEL_ORCHESTRATOR__REPLICAS", ROLES)]).await;
    fs::create_dir_all(campus.data().join("node/tree/below")).expect("makes");
    let root = campus.data().join("node").canonicalize().expect("a path");
    let (tree, state) = (root.join("tree"), root.join("state"));
    for number in 0..50 {
        fs::write(tree.join(format!("below/{number}")), format!("file {number}\n").repeat(number)).expect("writes");
    }
    // Version 2: the owner, user 1234, the group, the mask, others; each with what it may.
    let list = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\xd2\x04\0\0\x04\0\0\0\xff\xff\xff\xff\
                 \x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff";
    const ACL: &str = "system.posix_acl_access";
    rustix::fs::setxattr(tree.join("below/7"), ACL, list, rustix::fs::XattrFlags::empty()).expect("sets");
    let path = tree.to_str().expect("UTF-8");
    let port = Claim::port();
    let listen = format!("127.0.0.1:{}", port.number());

    let refused = agent(&campus, &listen, &tree, &state, None).wait(PATIENCE).await;
    assert!(!refused.success(), "an agent that is not enrolled serves nobody");
    let token = good(&campus.bedel(&["backup", "enroll-token"]));
    let mut node = agent(&campus, &listen, &tree, &state, Some(token.trim()));
    leader(&campus).await;
    let said = good(&campus.bedel(&["backup", "register", &listen, path, "--every", "60"]));
    assert!(said.contains("is registered"), "{said}");
    let said = bad(&campus.bedel(&["backup", "register", &listen, path, "--every", "60"]));
    assert!(said.contains("registered already"), "{said}");
    for (node, path, every) in [(&*listen, path, "0"), (&listen, path, "-3"), (&listen, "srv", "5"), ("web", "/", "5")]
    {
        let said = bad(&campus.bedel(&["backup", "register", node, path, "--every", every]));
        assert!(said.contains("expected"), "{said}");
    }
    // The first one begins by itself; whoever runs it meanwhile waits for that one.
    eventually("an attempt succeeds", PATIENCE, async || {
        campus.bedel(&["backup", "run", "127.0.0.1", path]).status.success()
    })
    .await;
    let said = good(&campus.bedel(&["backup", "run", &listen, path]));
    assert!(said.contains("unchanged"), "{said}");
    let listed: Value =
        serde_json::from_str(&good(&campus.bedel(&["backup", "list", "127.0.0.1", path, "--json"]))).expect("JSON");
    let id = listed["id"].as_str().expect("an id").to_owned();
    assert!(good(&campus.bedel(&["backup", "verify"])).contains("good"));
    let out = root.join("out");
    let restore = ["backup", "restore", &id, "--to", out.to_str().expect("UTF-8")];
    assert!(good(&campus.bedel(&restore)).contains("Restored"));
    assert_eq!(fs::read_to_string(out.join("below/49")).expect("reads"), "file 49\n".repeat(49));
    let mut restored = [0; 100];
    let length = rustix::fs::getxattr(out.join("below/7"), ACL, &mut restored[..]).expect("an access list");
    assert_eq!(&restored[..length], list);
    assert!(bad(&campus.bedel(&restore)).contains("exists"));
    // What a try that was killed left is no obstacle, and nothing of it comes into what is restored.
    let again = root.join("again");
    fs::create_dir(root.join("again.bedel-part")).expect("makes");
    fs::write(root.join("again.bedel-part/left"), "left").expect("writes");
    let one = ["backup", "restore", &id, "--to", again.to_str().expect("UTF-8"), "--connections", "1"];
    assert!(good(&campus.bedel(&one)).contains("Restored"));
    assert!(again.join("below/49").exists() && !again.join("left").exists());
    assert!(!root.join("again.bedel-part").exists());
    let said = good(&campus.bedel(&["backup", "rehearse", &id]));
    assert!(said.contains("proven") && said.contains("compared"), "{said}");
    assert!(bad(&campus.bedel(&["backup", "rehearse", "01arz3ndektsv4rrffq69g5fav"])).contains("404"));
    assert!(good(&campus.bedel(&["backup", "list"])).contains("proven"));
    assert!(good(&campus.bedel(&["backup", "alerts"])).contains("Nothing is wrong"));
    assert!(good(&campus.bedel(&["backup", "quota", "127.0.0.1"])).contains("no quota"));
    assert!(good(&campus.bedel(&["backup", "quota", "127.0.0.1", "5G"])).contains("of 5"));
    assert!(good(&campus.bedel(&["backup", "quota", "127.0.0.1", "none"])).contains("no quota"));
    assert!(good(&campus.bedel(&["backup", "agents"])).contains("certified until"));
    assert!(bad(&campus.bedel(&["backup", "restore", "01arz3ndektsv4rrffq69g5fav"])).contains("404"));

    signal(leader(&campus).await, "KILL");
    fs::write(tree.join("below/new"), "new").expect("writes");
    eventually("a backup after the leader's death", PATIENCE, async || {
        campus.bedel(&["backup", "run", "127.0.0.1", path]).status.success()
    })
    .await;
    assert_eq!(good(&campus.bedel(&["backup", "list"])).lines().count(), 2);

    node.terminate(PATIENCE).await;
    let gone = campus.bedel(&["backup", "run", "127.0.0.1", path]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stdout).contains("does not answer"), "{gone:?}");
    let log = good(&campus.bedel(&["backup", "log", "--outcome", "unreachable"]));
    assert!(log.contains("unreachable"), "{log}");
    assert!(good(&campus.bedel(&["backup", "unregister", "127.0.0.1", path])).contains("no longer"));
    assert!(bad(&campus.bedel(&["backup", "unregister", "127.0.0.1", path])).contains("not registered"));
    assert_eq!(good(&campus.bedel(&["backup", "list"])).lines().count(), 2, "backups stay");
}
