//! Files that `bedel` itself writes and that are committed so that others can read them without building.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::Complaints;

/// A file and the arguments with which `bedel` prints it.
const GENERATED: [(&str, &[&str]); 2] =
    [("docs/config.schema.json", &["config", "schema"]), ("web/openapi.json", &["openapi"])];

/// Complains of each file that is not what `bedel` prints now.
pub(crate) fn compare(root: &Path) -> anyhow::Result<Complaints> {
    let printed = print_all(root)?;
    let stale = printed
        .into_iter()
        .filter(|(file, text)| std::fs::read_to_string(root.join(file)).map_or(true, |committed| committed != *text));
    Ok(stale.map(|(file, _)| format!("{file} is not up to date: cargo xtask generated --write")).collect())
}

/// Writes the files.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    for (file, text) in print_all(root)? {
        std::fs::write(root.join(file), text).with_context(|| format!("cannot write {file}"))?;
    }
    Ok(())
}

fn print_all(root: &Path) -> anyhow::Result<Vec<(&'static str, String)>> {
    let executable = build(root)?;
    GENERATED
        .into_iter()
        .map(|(file, arguments)| {
            let output = Command::new(&executable).args(arguments).output().context("cannot start bedel")?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "bedel {} failed: {said}", arguments.join(" "));
            Ok((file, String::from_utf8(output.stdout).context("bedel printed no UTF-8")?))
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
