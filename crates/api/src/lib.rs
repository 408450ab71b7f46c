#![doc = include_str!("../README.md")]

pub mod auth;
mod context;
pub mod csv;
pub mod disposition;
mod edge;
pub mod health;
pub mod idempotency;
mod json;
mod metrics;
pub mod openapi;
mod page;
mod problem;
mod query;
pub mod serve;
mod service;
pub mod signed;

#[doc(hidden)]
pub use axum::extract::FromRef;
pub use context::{ClientAddress, RequestId, X_REQUEST_ID};
pub use health::Check;
pub use json::{Json, MAX_JSON, parse as parse_json};
pub use metrics::Metrics;
pub use page::{DEFAULT_LIMIT, MAX_LIMIT, Page, Paged};
pub use problem::{FieldError, Problem, ProblemBody};
pub use prometheus_client;
pub use query::{Path, Query};
pub use serve::serve;
pub use service::Service;

/// Lets handlers extract one capability each out of `$all`, which has them as its fields; axum's derive is in a feature
/// we do not build.
#[macro_export]
macro_rules! capabilities {
    ($all:ty => $($field:ident: $type:ty),+ $(,)?) => {
        $(impl $crate::FromRef<$all> for $type {
            fn from_ref(all: &$all) -> Self {
                all.$field.clone()
            }
        })+
    };
}
