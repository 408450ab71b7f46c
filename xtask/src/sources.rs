//! The hand-written sources: those of Rust and of the portal.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A source file.
pub(crate) struct Source {
    /// Below the workspace's folder.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) text: String,
}

const FOLDERS: [&str; 4] = ["crates", "xtask", "web", "tests"];
const NOT_OURS: [&str; 4] = ["node_modules", "dist", "target", "public"];
/// Written by a generator, so no one reads them.
const GENERATED: [&str; 2] = ["crates/grades/src/grpc/generated/messages.rs", "web/src/api/schema.ts"];

pub(crate) fn read(root: &Path) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for folder in FOLDERS {
        let folder = root.join(folder);
        if folder.is_dir() {
            walk(root, &folder, &mut sources)?;
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn walk(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !NOT_OURS.contains(&&*name) && !name.starts_with('.') {
                walk(root, &path, sources)?;
            }
            continue;
        }
        let ours = [".rs", ".ts", ".tsx", ".mjs", ".toml"].iter().any(|ending| name.ends_with(ending));
        let relative = path.strip_prefix(root)?.to_path_buf();
        if ours && !GENERATED.iter().any(|generated| relative == Path::new(generated)) {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            sources.push(Source { path: relative, text });
        }
    }
    Ok(())
}
