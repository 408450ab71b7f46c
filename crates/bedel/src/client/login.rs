//! `bedel login`.

use std::io::{IsTerminal, stdin};
use std::time::Duration;

use anyhow::{Context, bail};

use super::prompt::{ask, ask_secretly, read_password};
use super::session::{Session, Tokens, trimmed};
use super::tls;
use crate::cli::Login;

/// What to do where nobody can be asked.
const UNASKED: &str = "pass --username and --password-stdin";

/// Logs in and remembers the session.
///
/// # Errors
/// If the campus cannot be reached, is not trusted, or refuses.
pub(crate) async fn login(arguments: Login) -> anyhow::Result<()> {
    let url = trimmed(&arguments.url);
    if !url.starts_with("http://") && !url.starts_with("https://") {
        bail!("an address begins with http:// or https://: bedel login http://{url}");
    }
    let authority = match &arguments.ca {
        Some(path) => Some(std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?),
        None => None,
    };
    let fingerprint = match arguments.fingerprint {
        Some(fingerprint) => Some(fingerprint),
        None if authority.is_none() && url.starts_with("https://") => confirmed_fingerprint(&url).await?,
        None => None,
    };
    let username = match arguments.username {
        Some(username) => username,
        None => ask("Username: ", UNASKED)?,
    };
    let password = if arguments.password_stdin { read_password()? } else { ask_secretly("Password: ", UNASKED)? };
    let client = tls::client(authority.as_deref(), fingerprint.as_deref())?;
    let response = client
        .post(format!("{url}/api/v1/auth/login"))
        .timeout(Duration::from_secs(30))
        .json(&serde_json::json!({ "username": username, "password": password }))
        .send()
        .await
        .with_context(|| format!("{url} could not be reached"))?;
    let Tokens { access_token, refresh_token } = super::read(response).await?;
    Session { url: url.clone(), access_token, refresh_token, authority, fingerprint }.save()?;
    println!("Logged in at {url} as {username}.");
    Ok(())
}

/// `None` if the system's authorities vouch for the campus; else the fingerprint the person confirmed.
async fn confirmed_fingerprint(url: &str) -> anyhow::Result<Option<String>> {
    if tls::client(None, None)?.get(format!("{url}/-/healthz")).timeout(Duration::from_secs(10)).send().await.is_ok() {
        return Ok(None);
    }
    let found = tls::shown_fingerprint(url).await?;
    if !stdin().is_terminal() {
        bail!("no known authority vouches for {url}: pass --ca FILE, or --fingerprint {found} if that is the campus's");
    }
    println!("No known authority vouches for {url}. The SHA-256 fingerprint of its certificate is\n  {found}");
    if ask("Is it the campus's? (yes/no) ", UNASKED)?.to_lowercase().starts_with(['y', 's']) {
        Ok(Some(found))
    } else {
        bail!("not confirmed: nothing was sent")
    }
}
