#![doc = include_str!("../README.md")]

pub mod chunk;
pub mod chunker;
pub mod fragment;
pub mod gzip;
pub mod layout;
pub mod manifest;
pub mod repository;
pub mod tar;
pub mod wire;

pub use chunk::{Chunk, ChunkId};
pub use repository::Repository;
