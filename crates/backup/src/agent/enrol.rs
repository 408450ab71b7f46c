//! Becoming an agent: with a token, a key made here, and a certificate for it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kernel::clock::{Clock, Timestamp};
use kernel::data_dir::replace_file;
use kernel::id::Id;
use rustls::ServerConfig;
use serde::{Deserialize, Serialize};

use crate::authority::{self, AuthorityError};
use crate::token::{BadToken, EnrollToken, proof};

const PATIENCE: Duration = Duration::from_secs(20);
/// How long before its end a certificate is renewed: a campus that is away for months loses no agent.
const RENEW_BEFORE: Duration = Duration::from_secs(120 * 86_400);

/// Why a node did not become an agent.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The agent's folder.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The node has no certificate yet.
    #[error("this node is not enrolled: start the agent once with --enroll TOKEN, from `bedel backup enroll-token`")]
    NotEnrolled,
    /// What is kept is damaged.
    #[error("{path} is damaged: remove it and enrol again", path = .0.display())]
    Damaged(PathBuf),
    /// The token is none.
    #[error(transparent)]
    Token(#[from] BadToken),
    /// The campus could not be asked.
    #[error("the campus at {0} could not be asked: {1}")]
    Unreachable(String, String),
    /// The campus said no.
    #[error("the campus refused: {0}")]
    Refused(String),
    /// Whoever answered is not the campus that gave the token.
    #[error("whoever answered is not the campus that gave this token")]
    Impostor,
    /// A certificate or a key.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// What makes an agent one, kept in a file of mode 600.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Identity {
    /// Which agent.
    pub agent: Id,
    url: String,
    token: Id,
    secret: String,
    key: String,
    certificate: String,
    authority: String,
    /// When the certificate ends; agents of before did not note it.
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

/// What the campus is asked.
#[derive(Serialize)]
struct Asked<'a> {
    token: Id,
    request: &'a str,
    proof: String,
}

/// What it answers.
#[derive(Deserialize)]
struct Answered {
    agent: Id,
    certificate: String,
    authority: String,
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
struct Problem {
    #[serde(default)]
    detail: String,
}

impl Identity {
    fn path(state: &Path) -> PathBuf {
        state.join("agent.key")
    }

    /// The identity of an agent's folder.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn load(state: &Path) -> Result<Self, EnrolError> {
        let path = Self::path(state);
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|_| EnrolError::Damaged(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(EnrolError::NotEnrolled),
            Err(source) => Err(EnrolError::File { path, source }),
        }
    }

    /// Makes a key, has it certified, and keeps both. The secret of the token is never sent, and what comes back is
    /// believed only from the authority that the token names: so the link need not be trusted.
    ///
    /// # Errors
    /// The token is used up or expired, or the campus cannot be reached.
    pub async fn enrol(token: &str, state: &Path) -> Result<Self, EnrolError> {
        let token = EnrollToken::decode(token)?;
        let at = |source| EnrolError::File { path: state.to_owned(), source };
        let mut folder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(folder.recursive(true), 0o700).create(state).map_err(at)?;
        let (key, request) = authority::request()?;
        let asked = Asked { token: token.id, proof: proof(&token.secret, &request), request: &request };
        let answered = ask(&token.url, "enroll", &asked).await?;
        let pinned = authority::certificate(&answered.authority)?;
        if authority::fingerprint(&pinned) != token.ca {
            return Err(EnrolError::Impostor);
        }
        authority::check(&key, &answered.certificate, &answered.authority).map_err(|_| EnrolError::Impostor)?;
        let identity = Self {
            agent: answered.agent,
            url: token.url,
            token: token.id,
            secret: token.secret,
            key,
            certificate: answered.certificate,
            authority: answered.authority,
            expires_at: answered.expires_at,
        };
        identity.keep(state)?;
        Ok(identity)
    }

    fn keep(&self, state: &Path) -> Result<(), EnrolError> {
        let path = Self::path(state);
        let text = serde_json::to_vec(self).unwrap_or_default();
        replace_file(&path, &text).map_err(|source| EnrolError::File { path, source })
    }

    /// Whether the certificate ends soon enough to be renewed.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|ends| now.plus(RENEW_BEFORE) >= ends)
    }

    /// Makes another key and has it certified, by the same authority alone; keeps both. The present certificate is good
    /// until the next renewal, so whoever is interrupted goes on with it.
    ///
    /// # Errors
    /// The campus cannot be reached, or revoked this agent.
    pub async fn renew(&self, state: &Path) -> Result<Self, EnrolError> {
        let (key, request) = authority::request()?;
        let present = authority::fingerprint(&authority::certificate(&self.certificate)?);
        let said = format!("renew {present} {request}");
        let asked = serde_json::json!({
            "token": self.token, "present": present, "request": request, "proof": proof(&self.secret, &said),
        });
        let answered = ask(&self.url, "renew", &asked).await?;
        authority::check(&key, &answered.certificate, &self.authority).map_err(|_| EnrolError::Impostor)?;
        let renewed = Self { key, certificate: answered.certificate, expires_at: answered.expires_at, ..self.clone() };
        renewed.keep(state)?;
        Ok(renewed)
    }

    pub(super) fn called(&self) -> Result<Arc<ServerConfig>, AuthorityError> {
        authority::called(&self.key, &self.certificate, &self.authority)
    }

    /// Tells the campus that this agent answers again, so that what is overdue begins at once. Nothing depends on it: the
    /// server looks by itself every few seconds.
    ///
    /// # Errors
    /// The campus cannot be reached.
    pub async fn hello(&self, clock: &dyn Clock) -> Result<(), EnrolError> {
        let at = clock.now().as_seconds();
        let body = serde_json::json!({
            "token": self.token, "at": at, "proof": proof(&self.secret, &format!("hello {at}")),
        });
        let url = format!("{}/api/v1/backups/hello", self.url);
        let away = |error: reqwest::Error| EnrolError::Unreachable(self.url.clone(), innermost(&error));
        let answer = client()?.post(url).json(&body).send().await.map_err(away)?;
        if answer.status().is_success() { Ok(()) } else { Err(EnrolError::Refused(answer.status().to_string())) }
    }
}

/// Asks the campus for a certificate.
async fn ask(campus: &str, what: &str, asked: &impl Serialize) -> Result<Answered, EnrolError> {
    let away = |error: reqwest::Error| EnrolError::Unreachable(campus.to_owned(), innermost(&error));
    let answer = client()?.post(format!("{campus}/api/v1/backups/{what}")).json(asked).send().await.map_err(away)?;
    if answer.status().is_success() {
        return answer.json().await.map_err(away);
    }
    let status = answer.status();
    let problem: Problem = answer.json().await.unwrap_or_default();
    Err(EnrolError::Refused(if problem.detail.is_empty() { status.to_string() } else { problem.detail }))
}

/// Trusts any certificate: what is said proves itself.
fn client() -> Result<reqwest::Client, EnrolError> {
    reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .timeout(PATIENCE)
        .build()
        .map_err(|error| EnrolError::Unreachable("this machine".to_owned(), innermost(&error)))
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
