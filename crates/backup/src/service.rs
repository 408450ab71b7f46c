//! A server, put together: leader, schedule and HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use api::Check;
use kernel::clock::Clock;
use kernel::config;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use store::Sql;
use tokio::sync::{Notify, watch};
use utoipa_axum::router::OpenApiRouter;

use crate::authority::{Authority, AuthorityError};
use crate::http::{self, Capabilities, Leader, Signs};
use crate::server::Means;
use crate::server::leading::Leading;

/// What a server is made of.
pub struct Deps {
    /// The records.
    pub sql: Sql,
    /// Where packs are kept. A local disk, one for all servers.
    pub folder: PathBuf,
    /// Who follows how backups stand is told through it.
    pub live: Arc<dyn Live>,
    /// Who certifies agents.
    pub authority: Authority,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: IdSource,
    /// The settings.
    pub settings: config::Backups,
    /// This replica's name.
    pub replica: String,
    /// Where it takes HTTP, as the other server reaches it.
    pub http: Option<SocketAddr>,
    /// Hands on what is asked over HTTP while another leads.
    pub client: reqwest::Client,
    /// Everything runs within it.
    pub lifecycle: Lifecycle,
}

/// A server that runs.
pub struct Built {
    /// The routes under `/api/v1`.
    pub routes: OpenApiRouter,
    /// What readiness depends on.
    pub checks: Vec<Check>,
    /// Whether it leads.
    pub leads: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Starts leading or standing by.
///
/// # Errors
/// TLS cannot be set up.
pub fn build(deps: Deps) -> Result<Built, AuthorityError> {
    let means = Means { sql: deps.sql, clock: deps.clock, ids: deps.ids, settings: deps.settings };
    let (standing, stands) = watch::channel(None);
    let nudge = Arc::new(Notify::new());
    let leading = Leading {
        means: means.clone(),
        folder: deps.folder,
        replica: deps.replica,
        live: deps.live,
        http: deps.http,
        calls: deps.authority.caller(means.clock.now())?,
        standing,
        nudge: Arc::clone(&nudge),
    };
    let leader = Leader { standing: stands, sql: means.sql.clone(), client: deps.client, here: deps.http, nudge };
    deps.lifecycle.spawn_essential("backups.lead", leading.run(deps.lifecycle.soft().clone()));
    let asked = means.sql.clone();
    let checks = vec![Check::required("sql", move || {
        let sql = asked.clone();
        async move { sql.ping().await.map_err(|error| error.to_string()) }
    })];
    let told = leader.clone();
    let authority = Arc::new(deps.authority);
    let signs = Signs { signer: authority.addresses().clone(), clock: Arc::clone(&means.clock) };
    let routes = http::routes().with_state(Capabilities { means, leader, authority, signs });
    Ok(Built { routes, checks, leads: Arc::new(move || told.term().is_some()) })
}

/// The OpenAPI document of this service.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    http::routes().into_openapi()
}
