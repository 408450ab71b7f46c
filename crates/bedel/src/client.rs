//! The commands that speak to a campus over HTTP.

pub(crate) mod get;
pub(crate) mod login;
pub(crate) mod ls;
pub(crate) mod progress;
pub(crate) mod put;
pub(crate) mod restore;
pub(crate) mod rm;
pub(crate) mod rooms;
mod session;
mod tls;
mod uploads;

pub(crate) use session::Campus;

use anyhow::{Context, bail};
use reqwest::Response;
use serde::Deserialize;

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
pub(crate) async fn read<T: serde::de::DeserializeOwned>(response: Response) -> anyhow::Result<T> {
    accept(response).await?.json().await.context("the campus's answer was not understood")
}
