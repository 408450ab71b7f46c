//! Rust for `proto/*.proto`, written by a compiler in Rust: a user needs no protoc.

use std::path::Path;

use anyhow::Context as _;
use prost::Message as _;

/// Where the code goes.
const FOLDER: &str = "crates/grades/src/grpc/generated";

/// The files that follow from `proto/grades.proto`: the messages with client and server, and the descriptors that
/// reflection shows.
pub(crate) fn files(root: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let described = protox::compile(["grades.proto"], [root.join("proto")]).context("proto/grades.proto")?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .build_transport(false)
        .out_dir(folder.path())
        .compile_fds(described.clone())
        .context("proto/grades.proto")?;
    let code = std::fs::read(folder.path().join("bedel.grades.v1.rs")).context("no code was written")?;
    Ok(vec![(format!("{FOLDER}/messages.rs"), code), (format!("{FOLDER}/descriptors.bin"), described.encode_to_vec())])
}
