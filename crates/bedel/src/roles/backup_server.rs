use anyhow::Context;
use api::Service;
use backup::{Authority, Deps};
use kernel::role::Role;
use std::sync::Arc;
use store::Sql;

use super::Replica;

/// Schedules, receives, keeps and serves backups.
pub(super) async fn spawn(mut replica: Replica) -> anyhow::Result<()> {
    let sql = Sql::open("backups", &replica.config.sql, &replica.data).await?;
    let live = replica.live().await?;
    let verifier = replica.following_verifier(&live)?;
    let authority = Authority::ensure(&replica.data.keys(), replica.clock.now()).context("the authority of backups")?;
    let listener = replica.listener().await?;
    let built = backup::build(Deps {
        sql,
        folder: replica.data.backups(),
        live,
        authority,
        clock: Arc::clone(&replica.clock),
        ids: replica.ids.clone(),
        settings: replica.config.backups.clone(),
        replica: replica.name.clone(),
        http: listener.local_addr().ok(),
        client: reqwest::Client::builder().no_proxy().build()?,
        lifecycle: replica.lifecycle.clone(),
    })?;
    let leads = built.leads;
    let service = Service::new(Role::BackupServer.name(), &replica.name, verifier)
        .lifecycle(replica.lifecycle.clone())
        .leads(move || leads())
        .routes(built.routes)
        .checks(built.checks);
    replica.lifecycle.spawn_essential("http", api::serve(listener, service.build(), replica.lifecycle.clone()));
    Ok(())
}
