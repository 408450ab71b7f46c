//! `bedel up`: the orchestrator, in the foreground.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use files::model::transfer::{self, Transfer, TransferState};
use kernel::clock::{Clock, SystemClock};
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use orchestrator::{Campus, Deps, Launch, View};
use tokio::sync::watch;
use toml::{Table, Value};

use crate::cli::Up;
use crate::{demo, keys, logging, roles, settings};

/// When it is worth saying what is not ready.
const LONG: Duration = Duration::from_secs(15);
/// How often the transfers are counted.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Starts the campus and stays until it is asked to end.
///
/// # Errors
/// If it cannot be built: bad settings, a taken port, a campus that runs already, a folder that cannot be written.
pub(crate) async fn up(arguments: Up) -> anyhow::Result<ExitCode> {
    let mut flags = Table::new();
    if let Some(listen) = arguments.listen {
        let gateway = Table::from_iter([("listen".to_owned(), Value::String(listen.to_string()))]);
        flags.insert("gateway".to_owned(), Value::Table(gateway));
    }
    let (config, data) = settings::load(&arguments.settings, flags)?;
    data.create()?;
    logging::begin(&config.log, Some(&data.logs().join("orchestrator.log")))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = IdSource::from_os(Arc::clone(&clock));
    let (transfers, transfers_seen) = watch::channel(None);
    let campus = Campus::build(Deps {
        data: data.clone(),
        settings: config.orchestrator.clone(),
        launch: launch(&arguments)?,
        public: vec![("http".to_owned(), config.gateway.listen), ("https".to_owned(), config.gateway.listen_tls)],
        clock: Arc::clone(&clock),
        node: node_name(),
        transfers: transfers_seen,
    })
    .await?;
    if campus.adopted() == 0 {
        roles::rooms_links::check_free(&config)?;
    }
    keys::ensure(&config, &data, &ids)?;
    let admin_password = keys::admin_password(&data, &ids)?;
    roles::migrate(&config, &data).await?;
    let lifecycle = Lifecycle::new();
    let live = store::open_live(&config.live, &data, clock).await.context("the live store")?;
    tokio::spawn(lifecycle.soft().clone().run_until_cancelled_owned(count_transfers(live, transfers)));
    let greeting = greet(campus.view(), data, admin_password, arguments.demo, ids);
    let soft = lifecycle.soft().clone();
    tokio::spawn(async move {
        if let Some(Err(error)) = soft.run_until_cancelled(greeting).await {
            eprintln!("bedel: {error:#}");
        }
    });
    let code = campus.run(lifecycle).await;
    println!("The campus has ended.");
    Ok(code)
}

/// How the orchestrator starts a replica: this program, with the settings this process was given.
fn launch(arguments: &Up) -> anyhow::Result<Launch> {
    let mut common = Vec::new();
    if let Some(config) = &arguments.settings.config {
        common.extend(["--config".into(), std::path::absolute(config)?.into_os_string()]);
    }
    Ok(Launch {
        program: std::env::current_exe().context("this program's place is not known")?,
        arguments: common,
        environment: allocator(),
    })
}

/// glibc's allocator: a password's hash takes 19 MiB, which goes back to the system only if large blocks are always
/// mapped; and a heap a thread would cost every idle replica memory. Both are documented in mallopt(3).
fn allocator() -> Vec<(OsString, OsString)> {
    [("MALLOC_MMAP_THRESHOLD_", "4194304"), ("MALLOC_ARENA_MAX", "2")]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec()
}

/// Counts what moves now, for the status; `None` while Live is away.
async fn count_transfers(live: Arc<dyn Live>, told: watch::Sender<Option<u64>>) {
    loop {
        let moves = |(_, value): &(String, Bytes)| {
            serde_json::from_slice::<Transfer>(value)
                .is_ok_and(|transfer| transfer.state == TransferState::Transferring)
        };
        let found = live.scan(transfer::PREFIX).await.ok();
        told.send_replace(found.map(|found| found.iter().filter(|one| moves(one)).count() as u64));
        tokio::time::sleep(COUNT_EVERY).await;
    }
}

fn node_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Says where the campus is once it is ready, and makes the demonstration's users and files.
async fn greet(
    view: View,
    data: DataDir,
    admin_password: String,
    wants_demo: bool,
    ids: IdSource,
) -> anyhow::Result<()> {
    if tokio::time::timeout(LONG, view.all_ready()).await.is_err() {
        let status = view.status();
        let missing: Vec<_> = status.roles.iter().filter(|role| !role.ready).map(|role| role.role.name()).collect();
        eprintln!("Not ready yet: {}. Their logs are in {}.", missing.join(", "), data.logs().display());
        view.all_ready().await;
    }
    let status = view.status();
    let http = status.endpoints.get("http").map(|address| format!("http://{address}")).unwrap_or_default();
    if wants_demo {
        demo::ensure(&data, &http, &admin_password, &ids).await.context("the demonstration could not be made")?;
    }
    println!("\nBedel is ready.\n\n  Portal    {http}");
    if let Some(https) = status.endpoints.get("https") {
        println!("            https://{https}");
    }
    println!("  API       {http}/api/docs");
    let kept = data.admin_password();
    if kept.exists() {
        println!("  User      admin, password {admin_password}   (kept in {})", kept.display());
    } else {
        println!("  User      admin, with the password of {}", keys::ADMIN_PASSWORD);
    }
    if wants_demo {
        println!("  Others    in {}", data.root().join("demo-users").display());
    }
    println!("  Logs      {}", data.logs().display());
    println!("\nCtrl-C drains and stops everything. `bedel status` shows every replica.");
    Ok(())
}
