//! The remembered campus and the tokens for it.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::clock::{Clock, SystemClock};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use ring::digest::{SHA256, digest};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::tls;

/// Seconds before its end at which an access token is renewed.
const RENEW_AHEAD_S: i64 = 60;

/// Nobody can renew the session: asking again is of no use.
#[derive(Debug)]
pub(crate) struct SessionEnded(String);

impl std::fmt::Display for SessionEnded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the session has ended: bedel login {}", self.0)
    }
}

impl std::error::Error for SessionEnded {}

/// What `bedel login` remembers, in a file of mode 600.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The campus's address, without a slash at its end.
    pub(crate) url: String,
    /// The present access token.
    pub(crate) access_token: String,
    /// What the next one is got with.
    pub(crate) refresh_token: String,
    /// An authority to trust for this campus, in PEM.
    #[serde(default)]
    pub(crate) authority: Option<String>,
    /// The only certificate to accept, as the SHA-256 of its DER in hex.
    #[serde(default)]
    pub(crate) fingerprint: Option<String>,
}

impl Session {
    fn path() -> anyhow::Result<PathBuf> {
        let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
        Ok(config.context("neither XDG_CONFIG_HOME nor HOME is set")?.join("bedel/session.json"))
    }

    /// The remembered session, if there is one.
    ///
    /// # Errors
    /// If the file is there and unreadable.
    pub(crate) fn load() -> anyhow::Result<Option<Self>> {
        let path = Self::path()?;
        match std::fs::read(&path) {
            Ok(text) => Ok(Some(
                serde_json::from_slice(&text)
                    .with_context(|| format!("{} is damaged: log in again", path.display()))?,
            )),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Remembers this session.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        let path = Self::path()?;
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        kernel::data_dir::replace_file(&path, &serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A campus one may speak to.
pub(crate) struct Campus {
    client: Client,
    url: String,
    /// See [`Session`].
    authority: Option<String>,
    /// See [`Session`].
    fingerprint: Option<String>,
    /// `None` when the token came from `BEDEL_TOKEN`, which nobody can renew.
    session: Option<tokio::sync::Mutex<Session>>,
    token: tokio::sync::Mutex<String>,
}

/// The tokens of a log-in or a renewal.
#[derive(Debug, Deserialize)]
pub(crate) struct Tokens {
    /// For requests.
    pub(crate) access_token: String,
    /// For the next tokens.
    pub(crate) refresh_token: String,
}

impl Campus {
    /// The campus of `BEDEL_URL` and `BEDEL_TOKEN`, else the remembered one.
    ///
    /// # Errors
    /// If there is none, with what to do.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let session = Session::load()?;
        if let Some(token) = variable("BEDEL_TOKEN") {
            let url = variable("BEDEL_URL").or_else(|| session.as_ref().map(|session| session.url.clone()));
            let url = url.context("BEDEL_TOKEN is set: set BEDEL_URL too, or log in with `bedel login URL`")?;
            return Self::with_token(&url, token, session.filter(|session| session.url == trimmed(&url)));
        }
        let Some(session) = session else { bail!("log in first: bedel login URL") };
        if let Some(url) = variable("BEDEL_URL").filter(|url| trimmed(url) != session.url) {
            bail!("you are logged in at {}, not at {url}: bedel login {url}", session.url);
        }
        Self::of_session(session)
    }

    fn with_token(url: &str, token: String, same: Option<Session>) -> anyhow::Result<Self> {
        let same = same.unwrap_or_default();
        Ok(Self {
            client: tls::client(same.authority.as_deref(), same.fingerprint.as_deref())?,
            url: trimmed(url),
            authority: same.authority,
            fingerprint: same.fingerprint,
            session: None,
            token: tokio::sync::Mutex::new(token),
        })
    }

    fn of_session(session: Session) -> anyhow::Result<Self> {
        Ok(Self {
            client: tls::client(session.authority.as_deref(), session.fingerprint.as_deref())?,
            url: session.url.clone(),
            authority: session.authority.clone(),
            fingerprint: session.fingerprint.clone(),
            token: tokio::sync::Mutex::new(session.access_token.clone()),
            session: Some(tokio::sync::Mutex::new(session)),
        })
    }

    /// The campus at `url`, if this machine has a token for it; with `BEDEL_TOKEN` it has one for any.
    ///
    /// # Errors
    /// If what is remembered cannot be read.
    pub(crate) fn at(url: &str) -> anyhow::Result<Option<Self>> {
        let session = Session::load()?.filter(|session| session.url == trimmed(url));
        if let Some(token) = variable("BEDEL_TOKEN") {
            return Self::with_token(url, token, session).map(Some);
        }
        session.map(Self::of_session).transpose()
    }

    /// How connections to this campus that the client does not make find out that it is this campus.
    ///
    /// # Errors
    /// If the remembered authority is no certificate.
    pub(crate) fn tls(&self) -> anyhow::Result<rustls::ClientConfig> {
        tls::config(self.authority.as_deref(), self.fingerprint.as_deref())
    }

    /// The campus's address.
    #[must_use]
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The whole address of something that was made, of which the campus told the path.
    ///
    /// # Errors
    /// If it told none.
    pub(crate) fn link(&self, made: &serde_json::Value) -> anyhow::Result<String> {
        let path = made["url"].as_str().context("the campus did not say where it is")?;
        Ok(format!("{}{path}", self.url))
    }

    /// Who asks, for telling one person's notes from another's: the token's subject, or the token's own digest.
    pub(crate) async fn who(&self) -> String {
        let token = self.token.lock().await;
        let subject = claims(&token).and_then(|claims| claims["sub"].as_str().map(str::to_owned));
        subject.unwrap_or_else(|| tls::hex(digest(&SHA256, token.as_bytes()).as_ref()))
    }

    /// A request with a token that is valid for at least [`RENEW_AHEAD_S`]. `target` is a path under `/api/v1` or a whole
    /// address the campus gave.
    ///
    /// # Errors
    /// If the token could not be renewed.
    pub(crate) async fn request(&self, method: Method, target: &str) -> anyhow::Result<RequestBuilder> {
        let url = if target.starts_with("http://") || target.starts_with("https://") {
            target.to_owned()
        } else if target.starts_with("/api/") {
            format!("{}{target}", self.url)
        } else {
            format!("{}/api/v1{target}", self.url)
        };
        if !url.starts_with(&format!("{}/", self.url)) {
            bail!("the campus pointed elsewhere ({url}): no token is sent there");
        }
        Ok(self.client.request(method, url).bearer_auth(self.token().await?))
    }

    /// A token that is valid for at least [`RENEW_AHEAD_S`], if anybody can renew it.
    ///
    /// # Errors
    /// If it has ended and could not be renewed.
    pub(crate) async fn token(&self) -> anyhow::Result<String> {
        let mut token = self.token.lock().await;
        if self.session.is_none() && seconds_left(&token) <= 0 {
            return Err(SessionEnded(self.url.clone()).into());
        }
        if self.session.is_some() && seconds_left(&token) < RENEW_AHEAD_S {
            // A token that is still valid goes on serving while accounts is away.
            match self.renew().await {
                Ok(fresh) => *token = fresh,
                Err(error) if seconds_left(&token) <= 0 => return Err(error),
                Err(_) => {}
            }
        }
        Ok(token.clone())
    }

    /// Several `bedel` processes share one session: the file's lock decides who renews it.
    async fn renew(&self) -> anyhow::Result<String> {
        let Some(shared) = &self.session else { bail!("the token has expired") };
        let mut mine = shared.lock().await;
        let lock_path = Session::path()?.with_extension("lock");
        let lock = tokio::task::spawn_blocking(move || -> anyhow::Result<File> {
            let file = File::options().create(true).truncate(false).write(true).open(lock_path)?;
            flock(&file, FlockOperation::LockExclusive)?;
            Ok(file)
        })
        .await??;
        if let Some(newer) = Session::load()?.filter(|newer| newer.url == mine.url) {
            *mine = newer;
            if seconds_left(&mine.access_token) >= RENEW_AHEAD_S {
                return Ok(mine.access_token.clone());
            }
        }
        let response = self
            .client
            .post(format!("{}/api/v1/auth/refresh", self.url))
            .timeout(Duration::from_secs(20))
            .json(&serde_json::json!({ "refresh_token": mine.refresh_token }))
            .send()
            .await
            .context("the session could not be renewed")?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(SessionEnded(self.url.clone()).into());
        }
        let tokens: Tokens = super::read(response).await.context("the session could not be renewed")?;
        mine.access_token.clone_from(&tokens.access_token);
        mine.refresh_token = tokens.refresh_token;
        mine.save()?;
        drop(lock);
        Ok(tokens.access_token)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// An address without the slash at its end.
#[must_use]
pub(crate) fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// Seconds until the token's `exp`; very many if it names none. The signature is the campus's business.
fn seconds_left(token: &str) -> i64 {
    let expiry = claims(token).and_then(|claims| claims["exp"].as_i64()).unwrap_or(i64::MAX);
    expiry.saturating_sub(SystemClock.now().as_seconds())
}

fn claims(token: &str) -> Option<serde_json::Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?).ok()
}
