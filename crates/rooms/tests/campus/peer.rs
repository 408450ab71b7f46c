//! pyzmq, as whatever is asked of it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use testkit::process::Guard;

/// A running `tests/clients/zmq/peer.py`.
pub(crate) struct Peer {
    guard: Guard,
    lines: BufReader<ChildStdout>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Peer {
    pub(crate) fn start(kind: &str, spec: &Value) -> Self {
        let python = root().join(".tools/venv/bin/python");
        assert!(python.exists(), "{} is missing: `make test` makes it", python.display());
        let mut command = Command::new(python);
        command.arg(root().join("tests/clients/zmq/peer.py")).arg(kind).arg(spec.to_string()).stdout(Stdio::piped());
        let mut guard = Guard::spawn(&mut command);
        let lines = BufReader::new(guard.child().stdout.take().expect("its output"));
        Self { guard, lines }
    }

    /// The next line; `None` when it has ended.
    pub(crate) fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        (!line.is_empty()).then(|| serde_json::from_str(&line).expect("JSON"))
    }

    /// Every line until its end, which must be a good one.
    pub(crate) async fn finish(self) -> Vec<Value> {
        let Self { mut guard, lines } = self;
        let lines = tokio::task::spawn_blocking(move || {
            lines.lines().map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON")).collect()
        });
        let lines = lines.await.expect("reads");
        assert!(guard.wait(Duration::from_secs(10)).await.success(), "the peer failed");
        lines
    }

    /// Starts it and waits for its end.
    pub(crate) async fn run(kind: &str, spec: &Value) -> Vec<Value> {
        Self::start(kind, spec).finish().await
    }
}
