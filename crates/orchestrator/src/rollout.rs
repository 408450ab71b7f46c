//! Changing a role's replicas: another number, or the same number of new ones.

use std::sync::Arc;

use kernel::lifecycle::Lifecycle;
use kernel::role::Role;
use tokio::time::timeout;

use crate::name::Name;
use crate::supervisor::Supervisor;

/// Why a command was not carried out, for whoever gave it.
pub(crate) type Refusal = String;

/// Wants another number of replicas; returns at once, they come and go by themselves.
pub(crate) async fn scale(
    supervisor: &Arc<Supervisor>,
    role: Role,
    replicas: u32,
    lifecycle: &Lifecycle,
) -> Result<(), Refusal> {
    let most = role.manifest().max_replicas;
    if replicas > most {
        return Err(format!("{role} has at most {most} replicas; {replicas} were asked for"));
    }
    let _rollout = supervisor.rollout(role).lock().await;
    if supervisor.read(|roster| roster.ending) {
        return Err("the campus is ending".to_owned());
    }
    supervisor.alter(|roster| roster.desired.insert(role, replicas));
    tracing::info!(role = %role, replicas.desired = replicas, "scaled");
    supervisor.reconcile(role, lifecycle);
    Ok(())
}

/// Replaces each replica: a new one first, and when that is ready the old one drains. Returns when the last old one has
/// gone, or when a new one did not become ready: then the old ones that are left stay.
pub(crate) async fn restart(supervisor: &Arc<Supervisor>, role: Role, lifecycle: &Lifecycle) -> Result<(), Refusal> {
    let _rollout = supervisor.rollout(role).lock().await;
    let old: Vec<Name> = supervisor
        .read(|roster| roster.of(role).filter(|(_, replica)| replica.stays()).map(|(name, _)| name).collect());
    for name in old {
        let Some(fresh) = supervisor.add(role, 0, lifecycle) else { return Err("the campus is ending".to_owned()) };
        tracing::info!(replica.id = %name, replica.replacement = %fresh, "replacing");
        let ready = supervisor.until(|roster| match roster.replicas.get(&fresh) {
            Some(replica) if roster.in_service(fresh, replica) => Some(true),
            Some(replica) if replica.stays() => None,
            _ => Some(false),
        });
        match timeout(supervisor.startup_timeout(), ready).await {
            Ok(true) => retire(supervisor, name).await,
            Ok(false) => return Err("the campus is ending".to_owned()),
            Err(_) => {
                let trouble = supervisor.read(|roster| roster.replicas.get(&fresh)?.trouble.clone());
                retire(supervisor, fresh).await;
                return Err(format!(
                    "{fresh}, the replacement of {name}, did not become ready within {} ms, so {name} stays: {}; see {}",
                    supervisor.settings.startup_timeout_ms,
                    trouble.unwrap_or_else(|| "it gave no reason".to_owned()),
                    supervisor.data.logs().join(format!("{fresh}.log")).display(),
                ));
            }
        }
    }
    // One that died for good or was taken away meanwhile leaves a gap.
    supervisor.reconcile(role, lifecycle);
    Ok(())
}

/// Drains a replica and waits until it has gone.
async fn retire(supervisor: &Supervisor, name: Name) {
    supervisor.alter(|roster| {
        if let Some(replica) = roster.replicas.get(&name) {
            replica.retire.cancel();
        }
    });
    gone(supervisor, |other| other == name).await;
}

/// Waits until no replica that is meant is left.
async fn gone(supervisor: &Supervisor, meant: impl Fn(Name) -> bool) {
    supervisor.until(|roster| (!roster.replicas.keys().any(|name| meant(*name))).then_some(())).await;
}

/// Drains the whole campus: first the doors and the gateways, which finish what they have with the help of all others,
/// then the others, which nobody calls any more.
pub(crate) async fn end(supervisor: &Supervisor) {
    supervisor.doors.close();
    let retire = |gateways: bool| {
        supervisor.alter(|roster| {
            roster.ending = true;
            for (name, replica) in &roster.replicas {
                if (name.role == Role::Gateway) == gateways {
                    replica.retire.cancel();
                }
            }
        });
    };
    retire(true);
    gone(supervisor, |name| name.role == Role::Gateway).await;
    retire(false);
    gone(supervisor, |_| true).await;
}
