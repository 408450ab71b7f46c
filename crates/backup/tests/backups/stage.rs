//! Servers and agents as processes of their own, so that they can be killed, stopped and cut off.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use api::auth::UserRole;
use backup::agent::Identity;
use testkit::claim::Claim;
use testkit::process::{Guard, eventually};

use crate::campus::{Campus, Http, PATIENCE};
use crate::child::{Part, spawn, tell};

/// The one server that most of these tests have.
pub(crate) const SERVER: &str = "backup-server-1";

/// Where they play: one campus's data.
pub(crate) struct Stage<'c> {
    pub(crate) campus: &'c Campus,
    pub(crate) log: PathBuf,
}

/// An agent that listens on a port of its own.
pub(crate) struct Player {
    part: Part,
    log: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) process: Guard,
    _port: Claim,
}

impl Player {
    /// `kill -9`, and it is started again.
    pub(crate) fn replace(&mut self) {
        self.process.kill9();
        self.process = spawn(&self.part, &self.log);
    }
}

impl<'c> Stage<'c> {
    pub(crate) fn new(campus: &'c Campus) -> Self {
        Self { campus, log: campus.path("log") }
    }

    fn said(&self, replica: &str) -> PathBuf {
        self.campus.path(&format!("{replica}.said"))
    }

    fn clock(&self) -> PathBuf {
        self.campus.path("clock")
    }

    /// Puts the servers' clock so many seconds before the system's.
    pub(crate) fn shift_clock(&self, seconds: i64) {
        tell(&self.clock(), &seconds.to_string());
    }

    /// Starts a server.
    pub(crate) fn server(&self, replica: &str) -> Guard {
        let said = self.said(replica);
        let _ = fs::remove_file(&said);
        let part = Part::Server {
            url: self.campus.url.clone(),
            data: self.campus.data.root().to_owned(),
            jwks: self.campus.jwks.clone(),
            replica: replica.to_owned(),
            ahead: self.campus.day,
            clock: self.clock(),
            said,
        };
        spawn(&part, &self.log)
    }

    /// An administrator at a server, wherever it is now.
    pub(crate) async fn admin(&self, replica: &str) -> Http {
        let mut http = String::new();
        eventually("the server says where it is", PATIENCE, async || {
            http = fs::read_to_string(self.said(replica)).unwrap_or_default();
            !http.is_empty()
        })
        .await;
        let token = self.campus.token(UserRole::Admin);
        Http { base: format!("http://{http}"), token, client: reqwest::Client::new() }
    }

    /// Enrols an agent that gives what is below `allow`, and starts it.
    pub(crate) async fn agent(&self, name: &str, allow: &Path) -> Player {
        let state = self.campus.path(name);
        Identity::enrol(&self.admin(SERVER).await.enroll_token().await, &state).await.expect("enrols");
        let port = Claim::port();
        let address = SocketAddr::from(([127, 0, 0, 1], port.number()));
        let part = Part::Agent { state, allow: allow.to_owned(), listen: address.to_string() };
        let process = spawn(&part, &self.log);
        Player { part, log: self.log.clone(), address, process, _port: port }
    }
}
