#![doc = include_str!("../README.md")]

mod core;
pub mod faculty;
pub mod keys;
pub mod message;
pub mod model;
pub mod programme;
pub mod server;
pub mod wire;

pub use crate::core::{Command, Core, Role, Standing};
