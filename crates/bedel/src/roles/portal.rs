use std::sync::Arc;

use api::Service;
use kernel::role::Role;
use portal::Hub;
use portal::hub::Deps;

use super::Replica;
use crate::openapi;

/// The portal's files, the API documentation and the hub of live events.
pub(super) async fn spawn(mut replica: Replica) -> anyhow::Result<()> {
    let live = replica.live().await?;
    let verifier = replica.following_verifier(&live)?;
    let listener = replica.listener().await?;
    let hub = Hub::start(Deps {
        live,
        clock: Arc::clone(&replica.clock),
        control: replica.data.control_socket(),
        verifier: Arc::clone(&verifier),
        lifecycle: replica.lifecycle.clone(),
    });
    let service = Service::new(Role::Portal.name(), &replica.name, verifier)
        .lifecycle(replica.lifecycle.clone())
        .fallback(portal::routes(openapi::document(), &hub));
    replica.lifecycle.spawn_essential("http", api::serve(listener, service.build(), replica.lifecycle.clone()));
    Ok(())
}
