//! What is counted and logged of a request, from its head to the end of its answer.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri};
use kernel::role::Role;
use tokio::time::Instant;

use crate::access_log::Line;
use crate::door::connection::Client;
use crate::gateway::Gateway;

/// One request. Dropped when its answer has ended or its client has left, it writes its line.
pub(crate) struct Flight {
    gateway: Arc<Gateway>,
    client: Arc<Client>,
    began: Instant,
    method: Method,
    uri: Uri,
    request_id: HeaderValue,
    status: StatusCode,
    pub(crate) role: Option<Role>,
    pub(crate) upstream: Option<Arc<str>>,
    pub(crate) attempts: u32,
    pub(crate) bytes: u64,
}

/// What is logged for a client that left before its answer began, as nginx has it.
const CLIENT_LEFT: u16 = 499;

impl Flight {
    pub(crate) fn begin(gateway: Arc<Gateway>, client: Arc<Client>, parts: &Parts, request_id: HeaderValue) -> Self {
        client.watch.request_began();
        Self {
            gateway,
            client,
            began: Instant::now(),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            request_id,
            status: StatusCode::from_u16(CLIENT_LEFT).unwrap_or(StatusCode::BAD_REQUEST),
            role: None,
            upstream: None,
            attempts: 0,
            bytes: 0,
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.to_str().ok()
    }

    pub(crate) const fn began(&self) -> Instant {
        self.began
    }

    pub(crate) const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    pub(crate) const fn answered(&mut self, status: StatusCode) {
        self.status = status;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let now = Instant::now();
        self.client.watch.request_ended(now);
        let took = now.saturating_duration_since(self.began);
        self.gateway.metrics.request(self.role, self.status.as_u16(), self.bytes, took);
        if self.gateway.access_on {
            self.gateway.access.write(&Line {
                at: self.gateway.clock.now(),
                peer: self.client.peer_value.to_str().unwrap_or("-"),
                method: &self.method,
                path: self.uri.path(),
                status: self.status.as_u16(),
                bytes: self.bytes,
                upstream: self.upstream.as_deref().unwrap_or("-"),
                attempts: self.attempts,
                took,
                request_id: self.request_id.to_str().unwrap_or("-"),
            });
        }
    }
}
