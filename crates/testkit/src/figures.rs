//! What tests measured: printed, and kept for the report when `make soak` asks for it.

use std::fs;
use std::path::PathBuf;

/// Prints `lines`, and writes them as a list to `NAME.md` in the folder that `BEDEL_TEST_FIGURES` names, if it does.
///
/// # Panics
/// If they cannot be written.
pub fn report(name: &str, lines: &[String]) {
    let list: String = lines.iter().map(|line| format!("- {line}\n")).collect();
    print!("{name}:\n{list}");
    if let Some(folder) = std::env::var_os("BEDEL_TEST_FIGURES") {
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(PathBuf::from(folder).join(format!("{name}.md")), list).expect("the report is written");
    }
}
