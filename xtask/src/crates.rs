//! Every crate explains itself, and its README is its documentation.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::Complaints;

const INCLUDES: &str = "#![doc = include_str!(\"../README.md\")]";

pub(crate) fn check(root: &Path) -> anyhow::Result<Complaints> {
    let mut complaints = Complaints::new();
    let folder = root.join("crates");
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().join("Cargo.toml").is_file() {
            continue;
        }
        if !entry.path().join("README.md").is_file() {
            complaints.push(format!("crates/{name}: README.md is missing"));
        }
        let main = ["src/lib.rs", "src/main.rs"].map(|file| entry.path().join(file));
        let includes = main
            .iter()
            .any(|file| fs::read_to_string(file).is_ok_and(|text| text.lines().any(|line| line == INCLUDES)));
        if !includes {
            complaints.push(format!("crates/{name}: lib.rs (or main.rs) must begin with {INCLUDES}"));
        }
    }
    complaints.sort();
    Ok(complaints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_its_readme_is_found() {
        let root = tempfile::tempdir().expect("temporary folder");
        let source = root.path().join("crates/rooms/src");
        fs::create_dir_all(&source).expect("writable");
        fs::write(root.path().join("crates/rooms/Cargo.toml"), "").expect("writable");
        fs::write(source.join("lib.rs"), "//! Rooms.\n").expect("writable");
        assert_eq!(check(root.path()).expect("readable").len(), 2);
        fs::write(source.join("lib.rs"), format!("{INCLUDES}\n")).expect("writable");
        fs::write(root.path().join("crates/rooms/README.md"), "# rooms\n").expect("writable");
        assert_eq!(check(root.path()).expect("readable"), Complaints::new());
    }
}
