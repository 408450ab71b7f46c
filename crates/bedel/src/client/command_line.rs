//! The command that is running, as a person would type it again, and the wish that it stop.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

/// A command and where it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invocation {
    folder: PathBuf,
    command: String,
}

impl Invocation {
    /// This process's.
    #[must_use]
    pub(crate) fn ours() -> Self {
        let arguments = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
        let words: Vec<String> = std::iter::once("bedel".to_owned()).chain(arguments).collect();
        Self { folder: std::env::current_dir().unwrap_or_default(), command: words.join(" ") }
    }

    /// What to type, from `here`, to run it again.
    #[must_use]
    pub(crate) fn again(&self, here: &Path) -> String {
        if self.folder == here {
            self.command.clone()
        } else {
            format!("cd {} && {}", quoted(&self.folder.to_string_lossy()), self.command)
        }
    }
}

/// A word as a shell reads it back.
#[must_use]
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Ends when somebody asks this command to stop: Ctrl-C, or SIGTERM.
pub(crate) async fn interrupted() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_typed_again() {
        assert_eq!(quoted("course/año-1.pdf"), "course/año-1.pdf");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
        let given = Invocation { folder: "/srv/my files".into(), command: "bedel put a".to_owned() };
        assert_eq!(given.again(Path::new("/srv/my files")), "bedel put a");
        assert_eq!(given.again(Path::new("/")), "cd '/srv/my files' && bedel put a");
    }
}
