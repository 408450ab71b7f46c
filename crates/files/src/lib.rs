#![doc = include_str!("../README.md")]

mod admission;
mod counts;
mod cut;
mod download;
mod http;
mod ingest;
mod jobs;
mod key;
mod migrations;
pub mod model;
mod passwords;
mod recorder;
mod service;
mod store;
mod thumbnails;
mod tracker;
mod views;
mod writers;

pub use counts::Counts;
pub use jobs::Jobs;
pub use migrations::migrations;
pub use service::{Built, Deps, build, openapi};
