//! `bedel agent`: this node's part in backups.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ::backup::agent::{Agent, Identity, Options};
use anyhow::{Context, bail};
use kernel::clock::{Clock, SystemClock};
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use tokio::net::TcpListener;

use crate::cli::backup;
use crate::logging;

/// How long a backup that is under way may take to notice the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Enrols if asked to, then serves until it is asked to end.
///
/// # Errors
/// If the node is not enrolled, a folder does not exist, or the address is taken.
pub(crate) async fn agent(arguments: backup::Agent) -> anyhow::Result<ExitCode> {
    logging::begin(&kernel::config::Log::default(), None)?;
    for folder in &arguments.allow {
        if !folder.is_absolute() || !folder.is_dir() {
            bail!("--allow {}: an absolute path of a folder that exists is expected", folder.display());
        }
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = IdSource::from_os(Arc::clone(&clock));
    // A token that is still in the unit's command line after it was used is no reason not to start.
    let identity = match (&arguments.enroll, Identity::load(&arguments.state)) {
        (_, Ok(identity)) => identity,
        (Some(token), Err(_)) => {
            let identity = Identity::enrol(token, &arguments.state).await?;
            println!("Enrolled as agent {}; its key is in {}.", identity.agent, arguments.state.display());
            identity
        }
        (None, Err(error)) => return Err(error.into()),
    };
    if arguments.nice != 0 {
        rustix::process::nice(arguments.nice).with_context(|| format!("--nice {}", arguments.nice))?;
    }
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}: choose another address with --listen", arguments.listen))?;
    println!("Waiting for the campus's backup server on {}.", listener.local_addr()?);
    let options = Options {
        allow: arguments.allow,
        state: arguments.state,
        hooks: arguments.hooks,
        limit: arguments.limit.map(|kilobytes| kilobytes.saturating_mul(1000)),
    };
    let agent = Agent::new(options, &identity, Arc::clone(&clock), ids)?;
    let lifecycle = Lifecycle::new();
    lifecycle.spawn_essential("agent", agent.serve(listener, lifecycle.clone()));
    lifecycle.spawn(async move {
        if let Err(error) = identity.hello(&*clock).await {
            tracing::info!(error = %error, "the campus was not told: it looks by itself");
        }
    });
    Ok(lifecycle.run_to_end(DRAIN).await)
}
