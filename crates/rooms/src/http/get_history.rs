//! `GET /api/v1/rooms/metrics/history`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::auth::{Caller, UserRole};
use api::{Json, Problem, Query};
use axum::extract::State;
use kernel::clock::{Clock, Timestamp};
use serde::{Deserialize, Serialize};
use store::Sql;
use utoipa::{IntoParams, ToSchema};

use crate::error::RoomsError;
use crate::jobs::history::EVERY;
use crate::model::Invalid;
use crate::notes::Tally;
use crate::store::history::{self, Span};

/// The longest history, in hours: no older rows are kept.
const LONGEST_H: u64 = 720;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// How far back.
    #[serde(default = "day")]
    #[param(minimum = 1, maximum = 720, default = 24)]
    hours: u64,
    /// Most points of a server.
    #[serde(default = "many")]
    #[param(minimum = 10, maximum = 1000, default = 240)]
    points: u64,
}

const fn day() -> u64 {
    24
}

const fn many() -> u64 {
    240
}

/// How servers did over time.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct History {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// How long a point stands for, in seconds.
    step_s: u64,
    servers: Vec<ServerHistory>,
}

/// One server's points, oldest first; none while it did not run.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct ServerHistory {
    server: String,
    points: Vec<HistoryPoint>,
}

/// What a server did in `step_s` seconds.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct HistoryPoint {
    /// Their beginning.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// It led at the end of one of its half minutes.
    leading: bool,
    /// Requests that were answered with a proposal or a denial.
    proposals: i64,
    #[schema(required)]
    proposal_mean_ms: Option<f64>,
    #[schema(required)]
    proposal_max_ms: Option<f64>,
    /// Acknowledgements that were answered.
    resolutions: i64,
    #[schema(required)]
    resolution_mean_ms: Option<f64>,
    #[schema(required)]
    resolution_max_ms: Option<f64>,
    /// Connections that were refused.
    refused: i64,
    /// Of one core.
    cpu_percent: f64,
    /// The most.
    memory_bytes: i64,
}

/// Response times, refusals, processor time and memory of each server over time.
#[utoipa::path(
    get, path = "/api/v1/rooms/metrics/history", tag = "rooms", params(Wanted),
    responses((status = 200, body = History)),
    security(("token" = [])),
)]
pub(super) async fn get_history(
    State(sql): State<Sql>,
    State(clock): State<Arc<dyn Clock>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<History>, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:read")?;
    let ranges = [("hours", wanted.hours, 1..=LONGEST_H), ("points", wanted.points, 10..=1_000)];
    for (field, value, range) in ranges {
        if !range.contains(&value) {
            let detail = format!("{} to {} is expected", range.start(), range.end());
            return Err(RoomsError::from(Invalid::new(field, detail)).into());
        }
    }
    let (to, span) = (clock.now(), Duration::from_secs(wanted.hours * 3_600));
    let rows = history::since(sql.reader(), to.minus(span)).await.map_err(RoomsError::from)?;
    Ok(Json(History::of(&rows, to, span, wanted.points)))
}

impl History {
    fn of(rows: &[Span], to: Timestamp, span: Duration, points: u64) -> Self {
        let row_s = EVERY.as_secs();
        let step_s = span.as_secs().div_ceil(points).div_ceil(row_s).max(1) * row_s;
        let from = to.minus(span);
        let mut servers: BTreeMap<&str, BTreeMap<u64, Vec<&Span>>> = BTreeMap::new();
        for row in rows {
            // A row stands for the time before its moment.
            let place = row.at.since(from).saturating_sub(Duration::from_millis(1)).as_secs() / step_s;
            servers.entry(&row.server).or_default().entry(place).or_default().push(row);
        }
        let servers = servers.into_iter().map(|(server, places)| ServerHistory {
            server: server.to_owned(),
            points: places
                .into_iter()
                .map(|(place, rows)| HistoryPoint::of(from.plus(Duration::from_secs(place * step_s)), &rows))
                .collect(),
        });
        Self { from, to, step_s, servers: servers.collect() }
    }
}

impl HistoryPoint {
    fn of(at: Timestamp, rows: &[&Span]) -> Self {
        let tally = |of: fn(&Span) -> Tally| rows.iter().map(|row| of(row)).fold(Tally::default(), Tally::plus);
        let sum = |of: fn(&Span) -> i64| rows.iter().map(|row| of(row)).sum::<i64>();
        let (proposals, resolutions) = (tally(|row| row.proposals), tally(|row| row.resolutions));
        Self {
            at,
            leading: rows.iter().any(|row| row.leading),
            proposals: proposals.count,
            proposal_mean_ms: mean_ms(proposals),
            proposal_max_ms: most_ms(proposals),
            resolutions: resolutions.count,
            resolution_mean_ms: mean_ms(resolutions),
            resolution_max_ms: most_ms(resolutions),
            refused: sum(|row| row.refused),
            cpu_percent: float(sum(|row| row.cpu_us)) * 100.0 / float(sum(|row| row.span_us).max(1)),
            memory_bytes: rows.iter().map(|row| row.memory_bytes).max().unwrap_or(0),
        }
    }
}

fn mean_ms(tally: Tally) -> Option<f64> {
    (tally.count > 0).then(|| float(tally.sum_us) / float(tally.count) / 1e3)
}

fn most_ms(tally: Tally) -> Option<f64> {
    (tally.count > 0).then(|| float(tally.most_us) / 1e3)
}

#[expect(clippy::cast_precision_loss, reason = "no plot shows the sixteenth digit")]
fn float(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(server: &str, second: i64, count: i64) -> Span {
        let tally = Tally { count, sum_us: count * 2_000, most_us: 1_000 * second };
        Span {
            server: server.to_owned(),
            at: Timestamp::from_micros(second * 1_000_000),
            span_us: 30_000_000,
            leading: second == 30,
            proposals: tally,
            resolutions: Tally::default(),
            refused: 1,
            cpu_us: 3_000_000,
            memory_bytes: second,
        }
    }

    #[test]
    fn rows_of_a_step_are_one_point() {
        let rows = [row("a", 30, 1), row("b", 30, 4), row("a", 60, 3), row("a", 300, 2)];
        let to = Timestamp::from_micros(3_600_000_000);
        let history = History::of(&rows, to, Duration::from_secs(3_600), 60);
        assert_eq!((history.step_s, history.from), (60, Timestamp::from_micros(0)));
        let [a, b] = <[ServerHistory; 2]>::try_from(history.servers).expect("two servers");
        let [first, second] = <[HistoryPoint; 2]>::try_from(a.points).expect("two points");
        let expected = HistoryPoint {
            at: Timestamp::from_micros(0),
            leading: true,
            proposals: 4,
            proposal_mean_ms: Some(2.0),
            proposal_max_ms: Some(60.0),
            resolutions: 0,
            resolution_mean_ms: None,
            resolution_max_ms: None,
            refused: 2,
            cpu_percent: 10.0,
            memory_bytes: 60,
        };
        assert_eq!(first, expected);
        assert_eq!((second.at, second.proposals), (Timestamp::from_micros(240_000_000), 2));
        assert_eq!(b.points.len(), 1);
        assert_eq!(History::of(&[], to, Duration::from_secs(720 * 3_600), 1_000).step_s, 2_610);
    }
}
