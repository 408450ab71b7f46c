#![doc = include_str!("../README.md")]

pub mod agent;
mod authority;
mod error;
mod http;
mod migrations;
mod model;
pub mod restore;
mod server;
mod service;
mod store;
mod token;
mod wire;
mod workers;

pub use crate::authority::{Authority, AuthorityError};
pub use crate::error::BackupError;
pub use crate::migrations::migrations;
pub use crate::service::{Built, Deps, build, openapi};
pub use crate::token::{BadToken, EnrollToken};
