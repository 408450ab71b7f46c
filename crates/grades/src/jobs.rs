//! What is done beside the requests, one job a file.

mod sweep;

pub use sweep::Sweep;
