//! The other processes: this test program again, told by a variable which part to play.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::clock::{Clock, Timestamp};
use kernel::data_dir::DataDir;
use serde::{Deserialize, Serialize};
use testkit::net::Link;
use testkit::process::Guard;

use crate::campus::{Ahead, serve_agent, settings, start};

const PART: &str = "BEDEL_BACKUP_TEST_PART";
const TEST: &str = "child::plays_its_part";

/// What a child is to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Part {
    Server { url: String, data: PathBuf, jwks: String, replica: String, ahead: Ahead, clock: PathBuf, said: PathBuf },
    Agent { state: PathBuf, allow: PathBuf, listen: String },
}

/// Starts a child whose log goes to `log`.
pub(crate) fn spawn(part: &Part, log: &Path) -> Guard {
    let part = serde_json::to_string(part).expect("JSON");
    Guard::again(TEST, (PART, &part), log)
}

/// Starts a child at the far end of a link.
pub(crate) fn spawn_behind(link: &Link, part: &Part, log: &Path) -> Guard {
    let part = serde_json::to_string(part).expect("JSON");
    let log = File::options().create(true).append(true).open(log).expect("a log");
    let mut command = link.command("env");
    command.arg(format!("{PART}={part}")).arg(std::env::current_exe().expect("this program"));
    command.args(["--exact", TEST, "--nocapture"]).stdout(log.try_clone().expect("the log")).stderr(log);
    Guard::spawn(&mut command)
}

/// A clock that is put forward or back by as many seconds as a file says.
struct Shifted {
    ahead: Ahead,
    by: PathBuf,
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        let shift = fs::read_to_string(&self.by).ok().and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        Timestamp::from_micros(self.ahead.now().as_micros() + shift * 1_000_000)
    }
}

/// Writes a file that others may be reading.
pub(crate) fn tell(path: &Path, text: &str) {
    let fresh = path.with_extension("new");
    fs::write(&fresh, text).expect("writes");
    fs::rename(fresh, path).expect("renames");
}

/// Nothing, unless the variable is set: then a server or an agent, until it is killed.
#[test]
fn plays_its_part() {
    let Ok(part) = std::env::var(PART) else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let part: Part = serde_json::from_str(&part).expect("a part");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match part {
            Part::Server { url, data, jwks, replica, ahead, clock, said } => {
                let clock = Arc::new(Shifted { ahead, by: clock });
                let server = start(clock, &url, &DataDir::new(data), &jwks, &replica, settings()).await;
                tell(&said, &server.http.to_string());
                std::future::pending::<()>().await;
            }
            Part::Agent { state, allow, listen } => {
                let _node = serve_agent(&state, &allow, &listen).await;
                std::future::pending::<()>().await;
            }
        }
    });
}
