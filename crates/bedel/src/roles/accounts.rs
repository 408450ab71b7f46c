use std::sync::Arc;

use accounts::Deps;
use anyhow::Context;
use api::Service;
use api::auth::Signer;
use kernel::role::Role;
use store::Sql;

use super::Replica;

/// Users, roles, sessions and API tokens.
pub(super) async fn spawn(mut replica: Replica) -> anyhow::Result<()> {
    let sql = Sql::open("accounts", &replica.config.sql, &replica.data).await?;
    let live = replica.live().await?;
    let verifier = replica.verifier()?;
    let key = replica.data.signing_key();
    let pem = std::fs::read_to_string(&key).with_context(|| format!("cannot read {}", key.display()))?;
    let listener = replica.listener().await?;
    let (routes, checks) = accounts::build(Deps {
        sql,
        live,
        clock: Arc::clone(&replica.clock),
        ids: replica.ids.clone(),
        verifier: Arc::clone(&verifier),
        signer: Signer::from_pem(&pem).with_context(|| key.display().to_string())?,
        settings: replica.config.accounts.clone(),
        lifecycle: replica.lifecycle.clone(),
    });
    let service = Service::new(Role::Accounts.name(), &replica.name, verifier)
        .lifecycle(replica.lifecycle.clone())
        .routes(routes)
        .checks(checks);
    replica.lifecycle.spawn_essential("http", api::serve(listener, service.build(), replica.lifecycle.clone()));
    Ok(())
}
