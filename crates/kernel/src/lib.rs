#![doc = include_str!("../README.md")]

pub mod blobs;
pub mod clock;
pub mod config;
pub mod control;
pub mod data_dir;
pub mod error;
pub mod id;
pub mod lifecycle;
pub mod live;
pub mod role;
pub mod secret;
pub mod snapshot;
pub mod status;
pub mod turn;
