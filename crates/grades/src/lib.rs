#![doc = include_str!("../README.md")]

mod failure;
pub mod model;
mod recorder;

pub use failure::Failure;
pub use recorder::Ingest;
