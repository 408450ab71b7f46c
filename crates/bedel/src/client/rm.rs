//! `bedel rm`.

use anyhow::bail;
use reqwest::Method;

use super::{Campus, accept};
use crate::cli::Rm;

/// Deletes a file.
///
/// # Errors
/// If there is none, or one may not.
pub(crate) async fn rm(arguments: Rm) -> anyhow::Result<()> {
    if arguments.id.parse::<kernel::id::Id>().is_err() {
        bail!("{} is not a file's id: see `bedel ls`", arguments.id);
    }
    let campus = Campus::open()?;
    accept(campus.request(Method::DELETE, &format!("/files/{}", arguments.id)).await?.send().await?).await?;
    println!("{} was deleted.", arguments.id);
    Ok(())
}
