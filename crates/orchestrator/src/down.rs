//! `bedel down` when the orchestrator is dead.

use std::sync::Arc;

use kernel::data_dir::DataDir;
use kernel::role::Role;
use rustix::process::Signal;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::adopt::{self, Living};
use crate::campus::{BuildError, lock, remove_traces};
use crate::name::Name;
use crate::proc;
use crate::record::Record;

/// Ends a campus whose orchestrator is dead, from what it wrote down: gateways first, then the others, each with its
/// drain time. Returns how many replicas were ended; 0 when nothing ran.
///
/// # Errors
/// [`BuildError::Running`] when an orchestrator is alive (it is to be asked instead); [`BuildError::Data`] when the
/// folder cannot be used.
pub async fn down_without_orchestrator(data: &DataDir) -> Result<usize, BuildError> {
    if !data.run().is_dir() {
        return Ok(0);
    }
    let root = data.root().canonicalize().map_err(|error| BuildError::data(data.root(), error))?;
    let data = DataDir::new(root);
    let _lock = lock(&data)?;
    let boot_id = proc::boot_id().map_err(|error| BuildError::data("/proc", error))?;
    let (gateways, others): (Vec<_>, Vec<_>) =
        adopt::living(&Record::load(&data, &boot_id)).into_iter().partition(|(name, _)| name.role == Role::Gateway);
    let recorded = gateways.len() + others.len();
    end_all(gateways).await;
    end_all(others).await;
    let strays = adopt::end_strays(&data, &[]).await;
    remove_traces(&data);
    Ok(recorded + strays)
}

async fn end_all(replicas: Vec<(Name, Living)>) {
    let mut ending = JoinSet::new();
    for (name, living) in replicas {
        let process = Arc::new(living.process);
        ending.spawn(async move {
            process.signal(Signal::TERM);
            if timeout(name.role.manifest().drain, process.ended()).await.is_err() {
                tracing::warn!(replica.id = %name, "drain time is over: killing");
                process.kill();
                process.ended().await;
            }
        });
    }
    while ending.join_next().await.is_some() {}
}
