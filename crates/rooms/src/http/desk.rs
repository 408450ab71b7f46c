//! Whoever is asked over HTTP finds the leader: this server answers by itself while it leads, and otherwise hands the
//! request on, so that the gateway's choice of replica does not matter.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kernel::id::IdSource;
use serde::Serialize;
use store::Sql;
use tokio::time::Instant;

use crate::core::Core;
use crate::error::RoomsError;
use crate::model::{Answer, Reason};
use crate::store::leader;

/// A request that was handed on once is not handed on again.
const HANDED_ON: HeaderName = HeaderName::from_static("x-bedel-handed-on");
/// Between two looks for a leader.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long another server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the leader, wherever it is.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) core: Core,
    pub(crate) sql: Sql,
    pub(crate) client: reqwest::Client,
    /// Where this server takes HTTP.
    pub(crate) here: Option<SocketAddr>,
    /// How long a leader is looked for.
    pub(crate) limit: Duration,
    /// Where names of requests come from.
    pub(crate) ids: IdSource,
}

/// The leader's answer, here or there.
pub(crate) enum Decided {
    /// By this server.
    Here(Answer),
    /// By another one, as it came.
    There(Response),
}

/// What another server is sent.
pub(crate) struct Errand<'a, B> {
    pub(crate) path: String,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a B,
}

impl Desk {
    /// For a request that came without a name.
    pub(crate) fn new_name(&self) -> String {
        format!("http-{}", self.ids.next())
    }

    /// Asks until somebody leads. Asking again is harmless: every write can be repeated.
    ///
    /// # Errors
    /// [`RoomsError::NoLeader`].
    pub(crate) async fn decide<B: Serialize + Sync, F: Future<Output = Answer>>(
        &self,
        ask: impl Fn(Core) -> F,
        errand: Errand<'_, B>,
    ) -> Result<Decided, RoomsError> {
        let limit = Instant::now() + self.limit;
        loop {
            match ask(self.core.clone()).await {
                Answer::NotLeader { .. } => {}
                Answer::Resolved(resolution) if resolution.reason == Some(Reason::Unavailable) => {
                    return Err(RoomsError::NoLeader);
                }
                answer => return Ok(Decided::Here(answer)),
            }
            if errand.headers.contains_key(HANDED_ON) {
                return Err(RoomsError::NoLeader);
            }
            if let Some(address) = self.leader().await
                && let Some(response) = self.hand_on(address, &errand).await
            {
                return Ok(Decided::There(response));
            }
            if Instant::now() >= limit {
                return Err(RoomsError::NoLeader);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Where another leader takes HTTP.
    pub(crate) async fn leader(&self) -> Option<SocketAddr> {
        let leader = leader::read(self.sql.reader()).await.ok().flatten()?;
        leader.http.filter(|address| Some(*address) != self.here)
    }

    /// `None`: it did not answer, or does not lead.
    async fn hand_on<B: Serialize>(&self, address: SocketAddr, errand: &Errand<'_, B>) -> Option<Response> {
        let json = serde_json::to_vec(errand.body).ok()?;
        let request = self
            .client
            .post(format!("http://{address}{}", errand.path))
            .header(AUTHORIZATION, errand.headers.get(AUTHORIZATION)?)
            .header(CONTENT_TYPE, "application/json")
            .header(HANDED_ON, "1")
            .timeout(PATIENCE)
            .body(json);
        let response = request.send().await.ok()?;
        let status = response.status();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        let kind = response.headers().get(CONTENT_TYPE).cloned();
        let body = response.bytes().await.ok()?;
        let kind = kind.unwrap_or(HeaderValue::from_static("application/json"));
        Some((status, [(CONTENT_TYPE, kind)], body).into_response())
    }
}
