//! The commands that speak to a campus over HTTP.

pub(crate) mod backup;
mod command_line;
pub(crate) mod get;
pub(crate) mod login;
pub(crate) mod ls;
mod many;
mod notes;
mod progress;
mod prompt;
pub(crate) mod put;
pub(crate) mod restore;
pub(crate) mod rm;
pub(crate) mod rooms;
mod session;
pub(crate) mod share;
mod tls;
pub(crate) mod transfers;
pub(crate) mod voucher;

pub(crate) use session::Campus;

use std::path::Path;

use anyhow::{Context, bail};
use reqwest::{Method, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// A file as the campus describes it; what the client does not use is kept for `--json`.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
pub(crate) struct File {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Lower-case hex; absent while it is being computed.
    pub sha256: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub(crate) rest: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    errors: Vec<FieldProblem>,
}

#[derive(Deserialize)]
struct FieldProblem {
    #[serde(default)]
    field: String,
    #[serde(default)]
    message: String,
}

/// Turns an answer that is no success into an error that says what the campus said.
///
/// # Errors
/// For every status but 2xx.
pub(crate) async fn accept(response: Response) -> anyhow::Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    let Ok(problem) = serde_json::from_str::<Problem>(&text) else {
        bail!("the campus answered {status}");
    };
    let mut said = if problem.detail.is_empty() { problem.title } else { problem.detail };
    for field in problem.errors {
        said.push_str(&format!("\n  {}: {}", field.field, field.message));
    }
    if let Some(id) = problem.request_id {
        said.push_str(&format!(" (request {id})"));
    }
    bail!("{said} [{}]", status.as_u16())
}

/// Reads a JSON answer.
///
/// # Errors
/// If it is no success or not what was expected.
pub(crate) async fn read<T: DeserializeOwned>(response: Response) -> anyhow::Result<T> {
    accept(response).await?.json().await.context("the campus's answer was not understood")
}

/// One page of a list.
#[derive(Deserialize)]
struct Listed<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

/// A whole list, page by page.
///
/// # Errors
/// If the campus cannot be asked.
async fn list<T: DeserializeOwned>(campus: &Campus, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Vec<T>> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut request = campus.request(Method::GET, path).await?.query(&[("limit", "500")]).query(query);
        if let Some(cursor) = &cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let page: Listed<T> = read(request.send().await?).await?;
        found.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(found),
        }
    }
}

/// The innermost reason: what a person can act on.
fn reason(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// The SHA-256 of a file, in hex.
///
/// # Errors
/// If it cannot be read.
async fn digest_of(path: &Path) -> anyhow::Result<String> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut hasher = Sha256::new();
        let mut file = std::fs::File::open(&path)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            match std::io::Read::read(&mut file, &mut buffer)? {
                0 => return Ok(tls::hex(&hasher.finalize())),
                read => hasher.update(&buffer[..read]),
            }
        }
    })
    .await?
}
