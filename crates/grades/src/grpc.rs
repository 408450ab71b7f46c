//! gRPC: between the two roles of route 1, and for whoever speaks it from outside.

mod batch;
mod client;
mod convert;
mod deadline;
mod pool;
mod replicas;
mod server;

/// What `proto/grades.proto` becomes: `cargo xtask proto`.
#[expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::needless_pass_by_value,
    reason = "written by a generator"
)]
mod messages {
    include!("grpc/generated/messages.rs");
}

pub use client::GrpcClient;
pub use server::{Deps, routes};

/// What reflection shows.
const DESCRIPTORS: &[u8] = include_bytes!("grpc/generated/descriptors.bin");
