//! `bedel ls`.

use super::{Campus, File, list};
use crate::cli::Ls;

/// Prints the files one may see.
///
/// # Errors
/// If the campus cannot be asked.
pub(crate) async fn ls(arguments: Ls) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let files: Vec<File> = list(&campus, "/files", &[("q", arguments.query.as_deref().unwrap_or_default())]).await?;
    if arguments.json {
        for file in files {
            println!("{}", serde_json::to_string(&file)?);
        }
        return Ok(());
    }
    if files.is_empty() {
        println!("No files. Upload one: bedel put FILE");
    }
    for file in files {
        let seen = file.rest.get("created_at").and_then(|at| at.as_str()).unwrap_or_default();
        let day = seen.get(..10).unwrap_or_default();
        print!("{}  {:>13}  {day}  {}", file.id, file.size, file.name);
        if arguments.long {
            let downloads = file.rest.get("downloads").and_then(serde_json::Value::as_u64).unwrap_or(0);
            let ends = file.rest.get("expires_at").and_then(|at| at.as_str()).and_then(|at| at.get(..10));
            let sha256 = file.sha256.as_deref().unwrap_or("-");
            let owner = file.rest.get("owner_name").and_then(|name| name.as_str()).unwrap_or("-");
            print!("  sha256:{sha256}  owner:{owner}  downloads:{downloads}  ends:{}", ends.unwrap_or("-"));
        }
        println!();
    }
    Ok(())
}
