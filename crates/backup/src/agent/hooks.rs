//! What the node's administrator has run before and after a backup: the executables `pre` and `post` of a folder that was
//! named when the agent was started. The server knows nothing of them and says nothing to them but the path.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// How long a hook may take.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs a hook, if there is one.
///
/// # Errors
/// What a person can act on: it failed, took too long, or cannot be run.
pub(super) async fn run(folder: Option<&Path>, name: &str, path: &str) -> Result<(), String> {
    let Some(hook) = folder.map(|folder| folder.join(name)).filter(|hook| hook.exists()) else { return Ok(()) };
    let failed = |why: String| Err(format!("the hook {} {why}", hook.display()));
    let mut command = tokio::process::Command::new(&hook);
    command.env("BEDEL_BACKUP_PATH", path).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(LIMIT, command.status()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => failed(format!("ended with {status}")),
        Ok(Err(error)) => failed(format!("cannot be run: {error}")),
        Err(_) => failed(format!("took longer than {} minutes", LIMIT.as_secs() / 60)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_hook_is_given_the_path_and_its_failure_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("writes");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("sets");
        };
        assert_eq!(run(None, "pre", "/srv").await, Ok(()));
        assert_eq!(run(Some(folder.path()), "pre", "/srv").await, Ok(()));
        write("pre", "#!/bin/sh\ntest \"$BEDEL_BACKUP_PATH\" = /srv\n");
        assert_eq!(run(Some(folder.path()), "pre", "/srv").await, Ok(()));
        let other = run(Some(folder.path()), "pre", "/other").await.expect_err("the test fails");
        assert!(other.contains("exit status: 1"), "{other}");
    }
}
