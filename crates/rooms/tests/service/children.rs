//! What this binary does as another process, and how tests start it.

use std::process::Stdio;

use kernel::data_dir::DataDir;
use rooms::model::{Answer, Solicitation};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::campus::{Campus, PATIENCE, settings, solicitation, start};

/// How a leader elsewhere lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Nobody asks it, and its lease outlasts every test: who follows it did not wait for the lease's end.
    Idle,
    /// So many ask that one transaction follows the other.
    Busy,
    /// Busy, and in a namespace of processes of its own: as on another machine, nobody can end it by its number.
    Apart,
}

/// A leader in a process of its own.
pub(crate) struct Leader {
    pub(crate) child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Leader {
    /// Waits until it says `word`.
    pub(crate) async fn says(&mut self, word: &str) {
        let said = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.next_line().await.expect("reads") {
                if line.contains(word) {
                    return;
                }
            }
            panic!("it ended before it said {word}");
        });
        said.await.expect("in time");
    }

    /// The number of the server's process here.
    pub(crate) fn pid(&self) -> i32 {
        let outer = self.child.id().expect("it runs");
        // `unshare` stays and waits for its child.
        let inner = std::fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).unwrap_or_default();
        let pid = inner.split_ascii_whitespace().next().and_then(|pid| pid.parse().ok());
        pid.unwrap_or_else(|| i32::try_from(outer).expect("a pid"))
    }
}

/// Starts one and waits until it leads.
pub(crate) async fn spawn(campus: &Campus, life: Life) -> Leader {
    let program = std::env::current_exe().expect("this binary");
    let mut command = if life == Life::Apart {
        let mut command = Command::new(testkit::process::tool("unshare", "util-linux"));
        // Who is not root needs a namespace of users for it.
        let user = (!rustix::process::geteuid().is_root()).then_some("--user");
        command.args(user).args(["--pid", "--fork", "--mount-proc", "--kill-child"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command
        .args(["--exact", "children::serves", "--ignored", "--nocapture"])
        .env("BEDEL_TEST_DATA", campus.data.root())
        .env("BEDEL_TEST_URL", &campus.url)
        .env("BEDEL_TEST_JWKS", &campus.jwks)
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if life != Life::Idle {
        command.env("BEDEL_TEST_BUSY", "1");
    }
    let mut child = command.spawn().expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut leader = Leader { child, lines };
    leader.says("LEADS").await;
    leader
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by tests of killed and stopped leaders"]
async fn serves() {
    let given = |name: &str| std::env::var(name).expect("given by the parent");
    let data = DataDir::new(given("BEDEL_TEST_DATA"));
    let busy = std::env::var_os("BEDEL_TEST_BUSY").is_some();
    let mut settings = settings();
    if !busy {
        settings.lease_ms = 3_600_000;
    }
    let server = start(&given("BEDEL_TEST_URL"), &data, &given("BEDEL_TEST_JWKS"), "rooms-server-1", settings).await;
    server.leads().await;
    println!("\nLEADS");
    if busy {
        let asking = (0..64).map(|worker| {
            let server = &server;
            async move {
                for number in 0_u32.. {
                    let semester = format!("{:04}-30", number % 10_000);
                    let wish = Solicitation { semester, ..solicitation(&format!("busy-{worker}-{number}"), 1, 0) };
                    if let Answer::NotLeader { .. } = server.ask(wish).await {
                        break;
                    }
                }
            }
        });
        futures::future::join_all(asking).await;
        println!("\nFOLLOWS");
    }
    std::future::pending().await
}
