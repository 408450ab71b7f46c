//! The other processes: this test program again, told by a variable which part to play.

use std::path::{Path, PathBuf};

use kernel::data_dir::DataDir;
use serde::{Deserialize, Serialize};
use testkit::process::Guard;

use crate::campus::{Ahead, serve_agent, start};

const PART: &str = "BEDEL_BACKUP_TEST_PART";

/// What a child is to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Part {
    Server { url: String, data: PathBuf, jwks: String, ahead: Ahead, said: PathBuf },
    Agent { state: PathBuf, allow: PathBuf, listen: String },
}

/// Starts a child whose log goes to `log`.
pub(crate) fn spawn(part: &Part, log: &Path) -> Guard {
    let part = serde_json::to_string(part).expect("JSON");
    Guard::again("child::plays_its_part", (PART, &part), log)
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
            Part::Server { url, data, jwks, ahead, said } => {
                let server = start(&url, &DataDir::new(data), &jwks, "backup-server-1", ahead).await;
                let fresh = said.with_extension("new");
                std::fs::write(&fresh, server.http.to_string()).expect("writes");
                std::fs::rename(fresh, said).expect("renames");
                std::future::pending::<()>().await;
            }
            Part::Agent { state, allow, listen } => {
                let _node = serve_agent(&state, &allow, &listen).await;
                std::future::pending::<()>().await;
            }
        }
    });
}
