//! `bedel ls`.

use reqwest::Method;
use serde::Deserialize;

use super::{Campus, File, read};
use crate::cli::Ls;

#[derive(Deserialize)]
struct Page {
    items: Vec<File>,
    next_cursor: Option<String>,
}

/// Prints the files one may see.
///
/// # Errors
/// If the campus cannot be asked.
pub(crate) async fn ls(arguments: Ls) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let files = find(&campus, arguments.query.as_deref().unwrap_or_default()).await?;
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
            print!("  sha256:{sha256}  downloads:{downloads}  ends:{}", ends.unwrap_or("-"));
        }
        println!();
    }
    Ok(())
}

/// All files that match, page by page.
///
/// # Errors
/// If the campus cannot be asked.
pub(super) async fn find(campus: &Campus, query: &str) -> anyhow::Result<Vec<File>> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut request = campus.request(Method::GET, "/files").await?.query(&[("limit", "500"), ("q", query)]);
        if let Some(cursor) = &cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let page: Page = read(request.send().await?).await?;
        found.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(found),
        }
    }
}
