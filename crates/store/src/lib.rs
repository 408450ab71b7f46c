#![doc = include_str!("../README.md")]

pub mod blobs;
mod error;
pub mod fault;
pub mod idempotency;
pub mod jobs;
pub mod lease;
pub mod live;
mod migrate;
pub mod outbox;
pub mod query;
pub mod schema;
pub mod sql;

pub use blobs::LocalBlobs;
pub use error::{DbContext, StoreError, is_unique_violation};
pub use live::open_live;
pub use migrate::migrate;
pub use sql::Sql;
