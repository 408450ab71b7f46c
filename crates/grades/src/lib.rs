#![doc = include_str!("../README.md")]

mod failure;
pub mod figures;
pub mod grpc;
mod http;
pub mod jobs;
pub mod live;
mod migrations;
pub mod model;
mod recorder;
pub mod rights;
mod service;
mod store;

pub use failure::Failure;
pub use migrations::migrations;
pub use recorder::{Ingest, QUEUE, Recorder, RecorderDeps};
pub use service::{Deps, build, openapi, sql_check};
