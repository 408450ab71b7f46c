//! Whoever is asked for the bytes of a backup finds the leader: only it has the repositories open. Another server hands
//! the request on, so that the gateway's choice does not matter.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderName, Method};
use store::Sql;
use tokio::sync::Notify;

use crate::error::BackupError;
use crate::model::Archive;
use crate::server::leading::{Standing, Term};
use crate::store::{archives, leader};
use kernel::id::Id;
use vault::Repository;

/// A request that was handed on once is not handed on again.
const HANDED_ON: HeaderName = HeaderName::from_static("x-bedel-handed-on");
const FORTH: [HeaderName; 4] = [AUTHORIZATION, RANGE, IF_RANGE, IF_NONE_MATCH];
const BACK: [HeaderName; 6] = [ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG];

/// Finds the leader.
#[derive(Clone)]
pub(crate) struct Leader {
    pub(crate) standing: Standing,
    pub(crate) sql: Sql,
    pub(crate) client: reqwest::Client,
    /// Where this server takes HTTP.
    pub(crate) here: Option<SocketAddr>,
    /// Wakes the scheduler, if it is here.
    pub(crate) nudge: Arc<Notify>,
}

impl Leader {
    /// The lead, if it is here.
    pub(crate) fn term(&self) -> Option<Arc<Term>> {
        self.standing.borrow().clone().filter(|term| term.holds())
    }

    /// A backup's repository, by the leader alone.
    pub(crate) async fn repository(&self, term: &Term, id: Id) -> Result<(Archive, Arc<Repository>), BackupError> {
        let archive = archives::get(self.sql.reader(), id).await?.ok_or(BackupError::NotFound)?;
        if !archive.kept {
            return Err(BackupError::Dropped);
        }
        let repository = term.shelf.repository(archive.node, &archive.address).await?;
        Ok((archive, repository))
    }

    /// Asks the server that leads; its answer streams through.
    pub(crate) async fn hand_on(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Response, BackupError> {
        if headers.contains_key(HANDED_ON) {
            return Err(BackupError::NoLeader);
        }
        let leader = leader::http(self.sql.reader()).await?.filter(|address| Some(*address) != self.here);
        let address = leader.ok_or(BackupError::NoLeader)?;
        let mut request = self.client.request(method, format!("http://{address}{path}")).header(HANDED_ON, "1");
        for name in FORTH {
            if let Some(value) = headers.get(&name) {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await.map_err(|_| BackupError::NoLeader)?;
        let mut back = HeaderMap::new();
        for name in BACK {
            if let Some(value) = answer.headers().get(&name) {
                back.insert(name, value.clone());
            }
        }
        let status = answer.status();
        Ok((status, back, Body::from_stream(answer.bytes_stream())).into_response())
    }
}
