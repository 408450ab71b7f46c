//! Files that are written by a program and committed, so that others can read them without building: Rust for
//! `proto/`, and what `bedel` itself prints.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{Complaints, proto};

/// A file and the arguments with which `bedel` prints it.
const GENERATED: [(&str, &[&str]); 2] =
    [("docs/config.schema.json", &["config", "schema"]), ("web/openapi.json", &["openapi"])];

/// Complains of each file that is not what would be written now.
pub(crate) fn compare(root: &Path) -> anyhow::Result<Complaints> {
    let written = proto::files(root)?.into_iter().chain(print_all(root)?);
    let stale =
        written.filter(|(file, text)| std::fs::read(root.join(file)).map_or(true, |committed| committed != *text));
    Ok(stale.map(|(file, _)| format!("{file} is not up to date: cargo xtask generated --write")).collect())
}

/// Writes the files: what `bedel` is built from, then what it prints.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    write_proto(root)?;
    put(root, print_all(root)?)
}

/// Writes Rust for `proto/` alone: what was changed there may keep `bedel` from building.
pub(crate) fn write_proto(root: &Path) -> anyhow::Result<()> {
    put(root, proto::files(root)?)
}

fn put(root: &Path, files: Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    for (file, text) in files {
        let path = root.join(&file);
        // An equal file stays as old as it is, so that nothing is built again for it.
        if std::fs::read(&path).map_or(true, |present| present != text) {
            std::fs::write(path, text).with_context(|| format!("cannot write {file}"))?;
        }
    }
    Ok(())
}

fn print_all(root: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let executable = build(root)?;
    GENERATED
        .into_iter()
        .map(|(file, arguments)| {
            let output = Command::new(&executable).args(arguments).output().context("cannot start bedel")?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "bedel {} failed: {said}", arguments.join(" "));
            Ok((file.to_owned(), output.stdout))
        })
        .collect()
}

/// Builds `bedel` and says where it is.
fn build(root: &Path) -> anyhow::Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--package", "bedel", "--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "bedel does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(str::to_owned))
        .next_back()
        .context("cargo named no executable")
}
