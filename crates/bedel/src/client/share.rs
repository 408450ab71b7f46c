//! `bedel share`: links that open one file for whoever has them.

use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt, stream};
use kernel::clock::{Clock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};

use super::prompt::{ask_secretly, read_password};
use super::{Campus, File, accept, get, list, read};
use crate::cli::{Share, ShareAction};

/// How many files are asked about at once.
const AT_ONCE: usize = 8;

/// Makes a link, lists links, or removes one.
///
/// # Errors
/// If there is no such file or link, one may not, or the campus cannot be asked.
pub(crate) async fn share(arguments: Share) -> anyhow::Result<()> {
    match &arguments.action {
        Some(ShareAction::List { file, json }) => all(file.as_deref(), *json).await,
        Some(ShareAction::Remove { id }) => remove(id).await,
        None => make(&arguments).await,
    }
}

async fn make(arguments: &Share) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let file = get::find(&campus, arguments.file.as_deref().context("name a file: see `bedel ls`")?).await?;
    let wanted = json!({
        "expires_at": arguments.expires.map(|until| until.moment(SystemClock.now())),
        "password": password(arguments)?,
        "max_downloads": arguments.limit,
        "note": arguments.note,
    });
    let request = campus.request(Method::POST, &format!("/files/{}/shares", file.id)).await?.json(&wanted);
    let mut made: Value = read(request.send().await?).await?;
    let link = campus.link(&made)?;
    made["url"] = link.clone().into();
    if arguments.json {
        println!("{made}");
        return Ok(());
    }
    // The link alone on standard output: it is what is copied, piped, and not shown again.
    println!("{link}");
    eprintln!("It opens {} for whoever has it{}, and is not shown again.", file.name, limits(&made));
    let token = made["token"].as_str().unwrap_or_default();
    let password = if made["has_password"] == true { "-u :PASSWORD " } else { "" };
    eprintln!("Without a browser: curl -OJ {password}{}/api/v1/shares/{token}/content", campus.url());
    eprintln!("To end it: bedel share remove {}", made["id"].as_str().unwrap_or_default());
    Ok(())
}

fn password(arguments: &Share) -> anyhow::Result<Option<String>> {
    if arguments.password_stdin {
        return read_password().map(Some);
    }
    if !arguments.password {
        return Ok(None);
    }
    let instead = "pass --password-stdin";
    let first = ask_secretly("Password of the link: ", instead)?;
    if ask_secretly("The same again: ", instead)? != first {
        bail!("the two are not the same: nothing was made");
    }
    Ok(Some(first))
}

async fn all(file: Option<&str>, json: bool) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let files = match file {
        Some(wanted) => vec![get::find(&campus, wanted).await?],
        None => list(&campus, "/files", &[("owner", "me")]).await?,
    };
    let shares = stream::iter(&files).map(|file| of(&campus, file)).buffered(AT_ONCE);
    let shares: Vec<Vec<Value>> = shares.try_collect().await?;
    let shares: Vec<Value> = shares.into_iter().flatten().collect();
    if json {
        shares.iter().for_each(|share| println!("{share}"));
        return Ok(());
    }
    if shares.is_empty() {
        println!("No links. Make one: bedel share ID");
    }
    for share in shares {
        let text = |name: &str| share[name].as_str().unwrap_or_default();
        let note = if text("note").is_empty() { String::new() } else { format!("  ({})", text("note")) };
        println!("{}  {:<8}  {}{}{note}", text("id"), text("state"), text("file_name"), limits(&share));
    }
    Ok(())
}

async fn of(campus: &Campus, file: &File) -> anyhow::Result<Vec<Value>> {
    let mut shares: Vec<Value> = list(campus, &format!("/files/{}/shares", file.id), &[]).await?;
    for share in &mut shares {
        share["file_id"] = file.id.clone().into();
        share["file_name"] = file.name.clone().into();
    }
    Ok(shares)
}

async fn remove(id: &str) -> anyhow::Result<()> {
    if id.parse::<kernel::id::Id>().is_err() {
        bail!("{id} is not a link's id: see `bedel share list`");
    }
    let campus = Campus::open()?;
    accept(campus.request(Method::DELETE, &format!("/shares/{id}")).await?.send().await?).await?;
    println!("The link {id} opens nothing any more.");
    Ok(())
}

/// What ends a link, as a person reads it.
fn limits(share: &Value) -> String {
    let mut said = String::new();
    if let Some(ends) = share["expires_at"].as_str() {
        said.push_str(&format!(", until {ends}"));
    }
    match (share["max_downloads"].as_u64(), share["downloads"].as_u64().unwrap_or(0)) {
        (Some(most), downloads) => said.push_str(&format!(", {downloads} of {most} downloads")),
        (None, 0) => {}
        (None, downloads) => said.push_str(&format!(", {downloads} downloads")),
    }
    if share["has_password"] == true {
        said.push_str(", with a password");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_link_is_said() {
        let free = json!({ "expires_at": null, "max_downloads": null, "downloads": 0, "has_password": false });
        assert_eq!(limits(&free), "");
        let bound =
            json!({ "expires_at": "2026-12-31T23:59:59Z", "max_downloads": 3, "downloads": 1, "has_password": true });
        assert_eq!(limits(&bound), ", until 2026-12-31T23:59:59Z, 1 of 3 downloads, with a password");
    }
}
