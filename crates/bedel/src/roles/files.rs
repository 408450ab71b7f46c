use std::sync::Arc;

use api::Service;
use files::Deps;
use kernel::role::Role;
use store::{LocalBlobs, Sql};

use super::Replica;

/// Resumable upload and download, catalogue, transfer state.
pub(super) async fn spawn(mut replica: Replica) -> anyhow::Result<()> {
    let sql = Sql::open("files", &replica.config.sql, &replica.data).await?;
    let live = replica.live().await?;
    let verifier = replica.verifier()?;
    let listener = replica.listener().await?;
    let built = files::build(Deps {
        sql,
        blobs: Arc::new(LocalBlobs::open(replica.data.blobs())?),
        live,
        clock: Arc::clone(&replica.clock),
        ids: replica.ids.clone(),
        verifier: Arc::clone(&verifier),
        settings: replica.config.files.clone(),
        data: replica.data.clone(),
        lifecycle: replica.lifecycle.clone(),
        replica: replica.name.clone(),
    })?;
    let service = Service::new(Role::Files.name(), &replica.name, verifier)
        .lifecycle(replica.lifecycle.clone())
        .routes(built.routes)
        .checks(built.checks);
    built.counts.register(&service.metrics());
    replica.lifecycle.spawn_essential("http", api::serve(listener, service.build(), replica.lifecycle.clone()));
    Ok(())
}
