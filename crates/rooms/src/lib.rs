#![doc = include_str!("../README.md")]

mod core;
mod error;
pub mod faculty;
mod http;
mod jobs;
pub mod keys;
mod leader;
mod members;
pub mod message;
mod migrations;
pub mod model;
mod notes;
pub mod programme;
pub mod server;
mod service;
#[cfg(test)]
mod simulation;
mod store;
pub mod wire;

pub use crate::core::{Command, Core, Role, Standing};
pub use crate::migrations::migrations;
pub use crate::service::{Built, Deps, build, openapi};
