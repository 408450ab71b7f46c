//! Connections to replicas.

pub(crate) mod connect;
pub(crate) mod dedicated;
pub(crate) mod h1;
pub(crate) mod h2;
pub(crate) mod pool;

use http::StatusCode;

use crate::proxy::request_body::RequestBody;

/// Why an exchange with a replica gave no answer.
pub(crate) struct Failure {
    /// How far it came.
    pub(crate) stage: Stage,
    /// The request's body, if nothing of the request was sent.
    pub(crate) unsent: Option<RequestBody>,
    /// What happened, for the log.
    pub(crate) detail: String,
}

/// How far an exchange came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No connection: nothing was sent, whoever listens there is gone.
    Connect,
    /// A connection that closed before the request was on it.
    Unsent,
    /// The request was sent, at least in part, and the exchange broke before the answer began.
    Sent,
    /// The request was sent and no answer began in time.
    Late,
}

impl Stage {
    /// What a client is told when nothing more can be tried.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Late => StatusCode::GATEWAY_TIMEOUT,
            Self::Connect | Self::Unsent | Self::Sent => StatusCode::BAD_GATEWAY,
        }
    }
}
