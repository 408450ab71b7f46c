//! A server, put together: leader, records, jobs and HTTP. Its sockets are given.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::Check;
use kernel::clock::Clock;
use kernel::config;
use kernel::error::Kind;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use store::{Sql, StoreError};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use utoipa_axum::router::OpenApiRouter;

use crate::core::{Core, Role, Standing};
use crate::http::{self, Capabilities, Desk};
use crate::jobs::announce::Announcer;
use crate::jobs::history::{Historian, Look};
use crate::jobs::members::Following;
use crate::jobs::record::Recorder;
use crate::jobs::sweep::Sweep;
use crate::keys::Campus;
use crate::leader::book::Book;
use crate::leader::presence::Presence;
use crate::leader::{Pace, Server};
use crate::members::Members;
use crate::model::Inventory;
use crate::notes::Notes;
use crate::store::leader::{Leader, Process};
use crate::wire::Refusal;

/// Questions that wait for the leader, at most; more wait with their askers.
const QUEUE: usize = 4096;

/// What a server is made of.
pub struct Deps {
    /// The records, for whatever only reads or notes.
    pub sql: Sql,
    /// The records, for the leader. On MySQL with one connection of its own, so that it can be fenced by that.
    pub records: Sql,
    /// Where news is told.
    pub live: Arc<dyn Live>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: IdSource,
    /// The settings.
    pub settings: config::Rooms,
    /// This replica's name.
    pub replica: String,
    /// Whether it leads when both start together.
    pub role: Role,
    /// Where its ROUTER listens, as clients reach it.
    pub endpoint: String,
    /// Where it shows that it lives: a listener of its own.
    pub presence: TcpListener,
    /// Where it takes HTTP, as the other server reaches it.
    pub http: Option<SocketAddr>,
    /// Hands on what is asked over HTTP while another leads.
    pub client: reqwest::Client,
    /// Connections that were refused.
    pub refused: mpsc::Receiver<Refusal>,
    /// Where this machine's keys and admissions lie; `None`: links are open.
    pub keys: Option<Campus>,
    /// Everything runs within it.
    pub lifecycle: Lifecycle,
}

/// A server that runs.
pub struct Built {
    /// What sockets ask.
    pub core: Core,
    /// The routes under `/api/v1`.
    pub routes: OpenApiRouter,
    /// What readiness depends on.
    pub checks: Vec<Check>,
}

/// Starts following or leading, and the jobs.
///
/// # Errors
/// If `/proc` does not say who this process is, or `presence` has no address.
pub fn build(deps: Deps) -> Result<Built, StoreError> {
    let failed = |what| move |error: std::io::Error| StoreError::new(Kind::Internal, what, error);
    let here = Process::current().map_err(failed("rooms: this process"))?;
    let presence_at = deps.presence.local_addr().map_err(failed("rooms: presence"))?;
    let pace = Pace::of(&deps.settings);
    let inventory = Arc::new(Inventory::seeded(deps.settings.classrooms, deps.settings.labs));
    let (commands, asked) = mpsc::channel(QUEUE);
    let (standing, stands) = watch::channel(Standing { active: false, epoch: 0, role: deps.role, endpoint: None });
    let notes = Notes::default();
    let core = Core::new(commands, stands.clone()).noting(notes.clone());
    let server = Server {
        sql: deps.records.clone(),
        clock: Arc::clone(&deps.clock),
        ids: deps.ids.clone(),
        role: deps.role,
        pace,
        me: Leader {
            epoch: 0,
            server: deps.replica.clone(),
            process: here.clone(),
            connection_id: None,
            endpoint: deps.endpoint.clone(),
            presence: Some(presence_at),
            http: deps.http,
        },
        here,
        book: Book::new(deps.records.clone(), deps.ids.clone(), Arc::clone(&inventory)),
        presence: Presence::serve(deps.presence, pace.heartbeat),
        notes: notes.clone(),
        commands: asked,
        standing,
    };
    let (sql, clock, ids, end) = (deps.sql, deps.clock, deps.ids, deps.lifecycle.soft().clone());
    let recorder = Recorder {
        sql: sql.clone(),
        clock: Arc::clone(&clock),
        ids: ids.clone(),
        notes: notes.clone(),
        refused: deps.refused,
    };
    let historian = Historian {
        sql: sql.clone(),
        clock: Arc::clone(&clock),
        ids: ids.clone(),
        notes: notes.clone(),
        server: deps.replica.clone(),
        standing: stands.clone(),
        last: Look::now(),
    };
    let members = Members::new(sql.clone(), Arc::clone(&clock), ids.clone(), deps.lifecycle.clone(), deps.keys);
    let following =
        Following { members: members.clone(), faculties: deps.settings.faculties, programmes: deps.settings.programs };
    let announcer = Announcer { live: deps.live, notes, server: deps.replica, standing: stands };
    deps.lifecycle.spawn_essential("rooms.server", server.run(end.clone()));
    deps.lifecycle.spawn_essential("rooms.record", recorder.run(end.clone()));
    deps.lifecycle.spawn_essential("rooms.announce", announcer.run(end.clone()));
    deps.lifecycle.spawn_essential("rooms.history", historian.run(end.clone()));
    deps.lifecycle.spawn_essential("rooms.members", following.run(end.clone()));
    deps.lifecycle.spawn_essential("rooms.sweep", Sweep { sql: sql.clone(), clock: Arc::clone(&clock) }.run(end));
    let desk = Desk {
        core: core.clone(),
        sql: sql.clone(),
        client: deps.client,
        here: deps.http,
        limit: Duration::from_millis(deps.settings.answer_timeout_ms),
        ids,
    };
    let asked = sql.clone();
    let checks = vec![Check::required("sql", move || {
        let sql = asked.clone();
        async move { sql.ping().await.map_err(|error| error.to_string()) }
    })];
    let routes = http::routes().with_state(Capabilities { desk, sql, inventory, members, clock });
    Ok(Built { core, routes, checks })
}

/// The OpenAPI document of this service.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    http::routes().into_openapi()
}
