use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use gateway::{AccessLog, Deps, TlsSource};
use kernel::snapshot::Snapshot;

use super::Replica;

/// How long a new gateway waits for the orchestrator's word before it goes by the snapshot on the disk.
const NEWS: Duration = Duration::from_secs(2);

/// The load balancer.
pub(super) async fn spawn(mut replica: Replica) -> anyhow::Result<()> {
    let [http, https] = replica.need_sockets(["http", "https"])?;
    let verifier = replica.following_verifier(&replica.live().await?)?;
    let settings = replica.config.gateway.clone();
    let given = !settings.tls_certificate.as_os_str().is_empty();
    let tls = if given {
        TlsSource::Given { certificate: settings.tls_certificate.clone(), key: settings.tls_key.clone() }
    } else {
        let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
        TlsSource::SelfSigned { folder: replica.data.keys(), names: vec![node] }
    };
    let built = gateway::build(Deps {
        http,
        https,
        control_socket: replica.data.gateway_socket(&replica.name),
        snapshot: last_snapshot(&replica)?,
        tls,
        settings,
        verifier: Some(verifier),
        clock: Arc::clone(&replica.clock),
        ids: replica.ids.clone(),
        lifecycle: replica.lifecycle.clone(),
        access: AccessLog::stderr(replica.config.log.format),
        replica: replica.name,
    })
    .await?;
    built.spawn_when_told(NEWS);
    Ok(())
}

/// What the orchestrator wrote last: a gateway that starts while it is dead still knows the way.
fn last_snapshot(replica: &Replica) -> anyhow::Result<Option<Snapshot>> {
    let path = replica.data.snapshot();
    match std::fs::read(&path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
