//! `bedel run ROLE`: config → build → spawn, one function a role.

mod accounts;
mod backup_server;
mod files;
mod gateway;
mod inherited;
mod portal;
mod rooms_faculty;
pub(crate) mod rooms_links;
mod rooms_server;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use api::auth::Verifier;
use kernel::clock::{Clock, SystemClock};
use kernel::config::Config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use kernel::role::Role;
use kernel::secret::Secret;
use store::Sql;
use toml::Table;

use crate::cli::Run;
use crate::{keys, logging, settings};

/// What every role is built from.
struct Replica {
    name: String,
    config: Config,
    data: DataDir,
    clock: Arc<dyn Clock>,
    ids: IdSource,
    lifecycle: Lifecycle,
    listeners: Listeners,
}

/// Where the role listens.
enum Listeners {
    /// Sockets the orchestrator bound, by name.
    Inherited(Vec<(String, std::net::TcpListener)>),
    /// An address to bind.
    Bind(SocketAddr),
}

/// Runs one replica until it is asked to end.
///
/// # Errors
/// If it cannot be built.
pub(crate) async fn run(arguments: Run) -> anyhow::Result<ExitCode> {
    let (config, data) = settings::load(&arguments.settings, Table::new())?;
    logging::begin(&config.log, None)?;
    let role = arguments.role;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let replica = Replica {
        name: arguments.replica.unwrap_or_else(|| format!("{role}-1")),
        listeners: if arguments.listen_fd.is_empty() {
            let fallback =
                if role == Role::Gateway { config.gateway.listen } else { SocketAddr::from(([127, 0, 0, 1], 0)) };
            Listeners::Bind(arguments.listen.unwrap_or(fallback))
        } else {
            Listeners::Inherited(inherited::sockets(&arguments.listen_fd)?)
        },
        ids: IdSource::from_os(Arc::clone(&clock)),
        clock,
        config,
        data,
        lifecycle: Lifecycle::new(),
    };
    let lifecycle = replica.lifecycle.clone();
    tracing::info!(role = role.name(), replica = replica.name, "starting");
    match role {
        Role::Gateway => gateway::spawn(replica).await?,
        Role::Accounts => accounts::spawn(replica).await?,
        Role::Files => files::spawn(replica).await?,
        Role::RoomsServer => rooms_server::spawn(replica).await?,
        Role::RoomsFaculty => rooms_faculty::spawn(replica).await?,
        Role::BackupServer => backup_server::spawn(replica).await?,
        Role::Portal => portal::spawn(replica).await?,
    }
    Ok(lifecycle.run_to_end(role.manifest().drain).await)
}

/// Brings every service's tables up to date and sees to it that there is an administrator.
///
/// # Errors
/// If a database cannot be reached or a migration fails.
pub(crate) async fn migrate(config: &Config, data: &DataDir) -> anyhow::Result<()> {
    data.create()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = IdSource::from_os(Arc::clone(&clock));
    let services = [
        ("accounts", ::accounts::migrations()),
        ("files", ::files::migrations()),
        ("rooms", ::rooms::migrations()),
        ("backups", ::backup::migrations()),
    ];
    for (service, migrations) in services {
        let sql = Sql::open(service, &config.sql, data).await?;
        store::migrate(&sql, migrations).await.with_context(|| format!("the tables of {service}"))?;
        if service == "accounts" {
            let password = Secret::new(keys::admin_password(data, &ids)?);
            ::accounts::ensure_admin(&sql, &clock, &ids, password).await.context("the first administrator")?;
        }
    }
    Ok(())
}

impl Replica {
    /// The one socket of a role that is no gateway.
    async fn listener(&mut self) -> anyhow::Result<tokio::net::TcpListener> {
        match &mut self.listeners {
            Listeners::Inherited(sockets) => {
                let (_, socket) = sockets.pop().context("--listen-fd names no socket")?;
                socket.set_nonblocking(true)?;
                Ok(tokio::net::TcpListener::from_std(socket)?)
            }
            Listeners::Bind(address) => tokio::net::TcpListener::bind(*address)
                .await
                .with_context(|| format!("cannot listen on {address}: choose another address with --listen")),
        }
    }

    /// What verifies tokens and learns of what `accounts` revokes.
    fn following_verifier(&self, live: &Arc<dyn Live>) -> anyhow::Result<Arc<Verifier>> {
        let verifier = self.verifier()?;
        let soft = self.lifecycle.soft().clone();
        self.lifecycle.spawn(api::auth::follow_revocations(Arc::clone(&verifier), Arc::clone(live), soft));
        Ok(verifier)
    }

    /// What verifies tokens.
    fn verifier(&self) -> anyhow::Result<Arc<Verifier>> {
        let path = self.data.verifying_keys();
        let keys = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}: `bedel up` makes it", path.display()))?;
        let verifier = Verifier::new(&keys, Arc::clone(&self.clock)).with_context(|| path.display().to_string())?;
        Ok(Arc::new(verifier))
    }

    async fn live(&self) -> anyhow::Result<Arc<dyn Live>> {
        store::open_live(&self.config.live, &self.data, Arc::clone(&self.clock)).await.context("the live store")
    }

    fn need_sockets(&mut self, names: [&str; 2]) -> anyhow::Result<[std::net::TcpListener; 2]> {
        match &mut self.listeners {
            Listeners::Inherited(sockets) => {
                let mut take = |name: &str| {
                    let place = sockets.iter().position(|(known, _)| known == name);
                    place
                        .map(|place| sockets.swap_remove(place).1)
                        .with_context(|| format!("--listen-fd {name}=… is missing"))
                };
                Ok([take(names[0])?, take(names[1])?])
            }
            Listeners::Bind(address) => {
                let bind = |address: SocketAddr| {
                    std::net::TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
                };
                let tls = self.config.gateway.listen_tls;
                if *address == tls {
                    bail!("gateway.listen and gateway.listen_tls are the same address");
                }
                Ok([bind(*address)?, bind(tls)?])
            }
        }
    }
}
