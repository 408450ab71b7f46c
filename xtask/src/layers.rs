//! The one direction in which crates may import each other, read off `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::Complaints;

/// Which of the workspace's crates a crate may import. Tests may import `testkit` besides.
const LAYERS: [(&str, &[&str]); 14] = [
    ("bedel-kernel", &[]),
    ("bedel-testkit", &[]),
    ("bedel-store", &["bedel-kernel"]),
    ("bedel-api", &["bedel-kernel"]),
    ("bedel-vault", &["bedel-kernel"]),
    ("bedel-portal", &["bedel-kernel", "bedel-api"]),
    ("bedel-gateway", &["bedel-kernel", "bedel-api"]),
    ("bedel-orchestrator", &["bedel-kernel", "bedel-api"]),
    ("bedel-accounts", &["bedel-kernel", "bedel-api", "bedel-store"]),
    ("bedel-files", &["bedel-kernel", "bedel-api", "bedel-store"]),
    ("bedel-rooms", &["bedel-kernel", "bedel-api", "bedel-store"]),
    ("bedel-backup", &["bedel-kernel", "bedel-api", "bedel-store", "bedel-vault"]),
    (
        "bedel",
        &[
            "bedel-kernel",
            "bedel-api",
            "bedel-store",
            "bedel-portal",
            "bedel-gateway",
            "bedel-orchestrator",
            "bedel-accounts",
            "bedel-files",
            "bedel-rooms",
            "bedel-backup",
        ],
    ),
    ("xtask", &[]),
];

/// What a crate must not reach, not even through others: so the compiler proves that it stands when that falls.
const UNREACHABLE: [(&str, &[&str]); 5] = [
    ("bedel-kernel", &["sea-orm", "sqlx", "redis", "axum", "hyper", "tonic"]),
    ("bedel-gateway", &["sea-orm", "sqlx", "redis"]),
    ("bedel-orchestrator", &["sea-orm", "sqlx", "redis"]),
    ("bedel-portal", &["sea-orm", "sqlx", "redis"]),
    ("bedel-vault", &["sea-orm", "sqlx", "redis", "axum", "hyper", "tonic"]),
];

/// What `cargo metadata` says of the workspace.
pub(crate) fn metadata(root: &Path) -> anyhow::Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")
}

pub(crate) fn check(metadata: &Value) -> Complaints {
    let graph = Graph::of(metadata);
    let mut complaints = Complaints::new();
    for package in &graph.members {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| name == package) else {
            complaints.push(format!("{package} has no layer: say in xtask/src/layers.rs what it may import"));
            continue;
        };
        for (import, tests_only) in &graph.imports[package] {
            let ours = graph.members.contains(import);
            if ours && !allowed.contains(&import.as_str()) && !(*tests_only && import == "bedel-testkit") {
                complaints.push(format!("{package} must not import {import}"));
            }
        }
    }
    for (package, forbidden) in UNREACHABLE {
        for reached in graph.reached_from(package) {
            if forbidden.contains(&reached.as_str()) {
                complaints.push(format!("{package} must not reach {reached}: see `cargo tree -e normal -p {package}`"));
            }
        }
    }
    complaints
}

struct Graph {
    members: BTreeSet<String>,
    /// Per member: what it imports, and whether only for its tests.
    imports: BTreeMap<String, BTreeSet<(String, bool)>>,
    /// Per package: the packages that its own code, not its tests, is built from.
    built_from: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn of(metadata: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let names: BTreeMap<String, String> =
            list(&metadata["packages"]).iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
        let name = |id: &Value| names.get(&text(id)).cloned().unwrap_or_default();
        let members: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(name).collect();

        let mut imports: BTreeMap<String, BTreeSet<(String, bool)>> = BTreeMap::new();
        let mut built_from: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let package = name(&node["id"]);
            let built_from = built_from.entry(package.clone()).or_default();
            let imports = imports.entry(package).or_default();
            for dependency in list(&node["deps"]) {
                let import = name(&dependency["pkg"]);
                for kind in list(&dependency["dep_kinds"]) {
                    imports.insert((import.clone(), kind["kind"] == "dev"));
                    if kind["kind"].is_null() {
                        built_from.insert(import.clone());
                    }
                }
            }
        }
        Self { members, imports, built_from }
    }

    fn reached_from(&self, package: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut ahead = vec![package.to_owned()];
        while let Some(package) = ahead.pop() {
            for import in self.built_from.get(&package).into_iter().flatten() {
                if reached.insert(import.clone()) {
                    ahead.push(import.clone());
                }
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A workspace of these imports: (package, import, "normal" or "dev").
    fn workspace(imports: &[(&str, &str, &str)]) -> Value {
        let names: BTreeSet<&str> = imports.iter().flat_map(|(package, import, _)| [*package, *import]).collect();
        let packages: Vec<Value> = names.iter().map(|name| json!({"id": name, "name": name})).collect();
        let ours: Vec<&&str> = names.iter().filter(|name| name.starts_with("bedel")).collect();
        let nodes: Vec<Value> = names
            .iter()
            .map(|name| {
                let dependencies: Vec<Value> = imports
                    .iter()
                    .filter(|(package, _, _)| package == name)
                    .map(|(_, import, kind)| {
                        let kind = if *kind == "normal" { Value::Null } else { json!(kind) };
                        json!({"pkg": import, "dep_kinds": [{"kind": kind}]})
                    })
                    .collect();
                json!({"id": name, "deps": dependencies})
            })
            .collect();
        json!({"packages": packages, "workspace_members": ours, "resolve": {"nodes": nodes}})
    }

    #[test]
    fn an_import_against_the_direction_is_found() {
        let good = workspace(&[("bedel-files", "bedel-store", "normal"), ("bedel-files", "bedel-testkit", "dev")]);
        assert_eq!(check(&good), Complaints::new());
        for (package, import, kind) in [
            ("bedel-gateway", "bedel-store", "normal"),
            ("bedel-gateway", "bedel-store", "dev"),
            ("bedel-files", "bedel-accounts", "normal"),
            ("bedel-kernel", "bedel-api", "normal"),
            ("bedel-files", "bedel-testkit", "normal"),
        ] {
            let complaints = check(&workspace(&[(package, import, kind)]));
            assert_eq!(complaints, [format!("{package} must not import {import}")]);
        }
    }

    #[test]
    fn a_database_behind_two_others_is_found_and_one_behind_tests_is_not() {
        let far = workspace(&[("bedel-gateway", "innocent", "normal"), ("innocent", "sea-orm", "normal")]);
        assert_eq!(check(&far).len(), 1);
        assert_eq!(check(&workspace(&[("bedel-gateway", "sea-orm", "dev")])), Complaints::new());
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        let complaints = check(&workspace(&[("bedel-parking", "serde", "normal")]));
        assert!(complaints[0].starts_with("bedel-parking has no layer"), "{complaints:?}");
    }
}
