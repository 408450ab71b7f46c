//! Checks and generators of this workspace: `cargo xtask check`, `cargo xtask generated [--write]`, `cargo xtask proto`.

mod crates;
mod generated;
mod layers;
mod proto;
mod sizes;
mod sources;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What is wrong, a line each.
type Complaints = Vec<String>;

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = root();
    let complaints = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["check"] => check(&root)?,
        ["generated"] => generated::compare(&root)?,
        ["generated", "--write"] => {
            generated::write(&root)?;
            Complaints::new()
        }
        ["proto"] => {
            generated::write_proto(&root)?;
            Complaints::new()
        }
        _ => {
            eprintln!("usage: cargo xtask check\n       cargo xtask generated [--write]\n       cargo xtask proto");
            return Ok(ExitCode::from(2));
        }
    };
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(root: &Path) -> anyhow::Result<Complaints> {
    let sources = sources::read(root)?;
    let mut complaints = layers::check(&layers::metadata(root)?);
    complaints.extend(sizes::check(&sources));
    complaints.extend(words::check(&sources));
    complaints.extend(crates::check(root)?);
    Ok(complaints)
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_workspace_keeps_its_rules() {
        assert_eq!(super::check(&super::root()).expect("the sources are readable"), super::Complaints::new());
    }
}
