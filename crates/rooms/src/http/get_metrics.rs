//! `GET /api/v1/rooms/metrics`

use api::auth::{Caller, UserRole};
use api::{Json, Problem};
use axum::extract::State;
use kernel::clock::Timestamp;
use serde::Serialize;
use store::Sql;
use utoipa::ToSchema;

use super::Desk;
use crate::error::RoomsError;
use crate::model::State as RequestState;
use crate::store::leader;
use crate::store::listing;
use crate::store::notes::TimingKind;

/// Response times that are looked at: the newest.
const SAMPLE: u32 = 5_000;
/// Events and refusals that are shown: the newest.
const SHOWN: u32 = 50;

/// How the service does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Metrics {
    /// Who leads, if anybody ever did.
    #[schema(required)]
    leader: Option<LeaderView>,
    /// Requests by state.
    requests: Vec<StateCount>,
    /// SOL → PROP or RES.
    proposal: Spread,
    /// ACK → RES.
    resolution: Spread,
    /// What happened to the servers, newest first.
    servers: Vec<ServerView>,
    /// Connections ever refused.
    refused: u64,
    /// The newest of them.
    refusals: Vec<RefusalView>,
}

/// The active server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LeaderView {
    server: String,
    epoch: u64,
    endpoint: String,
}

/// Requests in one state.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StateCount {
    state: RequestState,
    count: u64,
}

/// Response times of the newest answers, in milliseconds.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Spread {
    count: usize,
    mean_ms: f64,
    min_ms: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

/// Something that happened to a server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServerView {
    server: String,
    role: String,
    event: String,
    epoch: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A connection that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusalView {
    address: String,
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Leadership, counts, response times and refusals.
#[utoipa::path(
    get, path = "/api/v1/rooms/metrics", tag = "rooms",
    responses((status = 200, body = Metrics)),
    security(("token" = [])),
)]
pub(super) async fn get_metrics(State(desk): State<Desk>, caller: Caller) -> Result<Json<Metrics>, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:read")?;
    Ok(Json(read(&desk.sql).await?))
}

async fn read(sql: &Sql) -> Result<Metrics, RoomsError> {
    let sql = sql.reader();
    let (refused, refusals) = listing::refusals(sql, SHOWN).await?;
    let counts = listing::counts(sql).await?;
    let leader = leader::read(sql).await?;
    Ok(Metrics {
        leader: leader.map(|leader| LeaderView {
            server: leader.server,
            epoch: leader.epoch,
            endpoint: leader.endpoint,
        }),
        requests: counts.into_iter().map(|(state, count)| StateCount { state, count }).collect(),
        proposal: Spread::of(listing::timings(sql, TimingKind::Proposal, SAMPLE).await?),
        resolution: Spread::of(listing::timings(sql, TimingKind::Resolution, SAMPLE).await?),
        servers: listing::servers(sql, SHOWN).await?.into_iter().map(ServerView::of).collect(),
        refused,
        refusals: refusals.into_iter().map(|(address, reason, at)| RefusalView { address, reason, at }).collect(),
    })
}

impl ServerView {
    fn of(event: listing::Event) -> Self {
        let listing::Event { server, role, event, epoch, at } = event;
        Self { server, role, event, epoch, at }
    }
}

impl Spread {
    /// Of times and how many were alike.
    fn of(mut times: Vec<(i64, usize)>) -> Self {
        times.sort_unstable();
        let count: usize = times.iter().map(|(_, alike)| alike).sum();
        // No answer takes so long that a float could not hold its microseconds.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        let ms = |micros: i64| micros as f64 / 1000.0;
        let at = |percent: usize| {
            let mut before = (count * percent / 100).min(count.saturating_sub(1));
            let found = times.iter().find(|(_, alike)| {
                let here = before < *alike;
                before = before.saturating_sub(*alike);
                here
            });
            found.map(|(micros, _)| *micros)
        };
        let (Some(min), Some(p50), Some(p95), Some(p99), Some((max, _))) =
            (at(0), at(50), at(95), at(99), times.last())
        else {
            return Self::default();
        };
        let sum: i64 = times.iter().map(|(micros, alike)| micros * i64::try_from(*alike).unwrap_or(1)).sum();
        let mean = sum / i64::try_from(count).unwrap_or(1).max(1);
        Self {
            count,
            mean_ms: ms(mean),
            min_ms: ms(min),
            p50_ms: ms(p50),
            p95_ms: ms(p95),
            p99_ms: ms(p99),
            max_ms: ms(*max),
        }
    }
}
