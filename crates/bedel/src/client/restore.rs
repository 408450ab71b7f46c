//! `bedel restore`.

use anyhow::bail;
use reqwest::Method;

use super::{Campus, File, read};
use crate::cli::Restore;

/// Brings a file back from the trash.
///
/// # Errors
/// If there is none, or one may not.
pub(crate) async fn restore(arguments: Restore) -> anyhow::Result<()> {
    if arguments.id.parse::<kernel::id::Id>().is_err() {
        bail!("{} is not a file's id: it is what `bedel rm` was given", arguments.id);
    }
    let campus = Campus::open()?;
    let request = campus.request(Method::POST, &format!("/files/{}/restore", arguments.id)).await?;
    let file: File = read(request.send().await?).await?;
    if arguments.json {
        println!("{}", serde_json::to_string(&file)?);
    } else {
        println!("{} is back: {}", file.id, file.name);
    }
    Ok(())
}
