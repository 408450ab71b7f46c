//! `bedel rm`.

use anyhow::bail;
use reqwest::Method;

use super::{Campus, accept};
use crate::cli::Rm;

/// Deletes a file, and says how to undo it.
///
/// # Errors
/// If there is none, or one may not.
pub(crate) async fn rm(arguments: Rm) -> anyhow::Result<()> {
    if arguments.id.parse::<kernel::id::Id>().is_err() {
        bail!("{} is not a file's id: see `bedel ls`", arguments.id);
    }
    let campus = Campus::open()?;
    let purge = if arguments.purge { "?purge=true" } else { "" };
    accept(campus.request(Method::DELETE, &format!("/files/{}{purge}", arguments.id)).await?.send().await?).await?;
    if arguments.purge {
        println!("{} was deleted for good.", arguments.id);
    } else {
        println!("{0} is in the trash. To undo: bedel restore {0}", arguments.id);
    }
    Ok(())
}
