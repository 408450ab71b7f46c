//! Sends what is due over a number of connections and keeps account.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::dial::Dial;
use super::figures::{Outcome, Report};
use super::pace::Pace;
use super::record::Maker;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after its end a run goes on with what is due and was not sent.
const GRACE: Duration = Duration::from_secs(5);
/// How long a connection that broke is not tried again.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest answer that is read.
const LONGEST_ANSWER: usize = 1 << 20;
/// Which route a record went; the gateway's choice is told here.
const ROUTE: &str = "x-bedel-route";

/// What to send.
pub(super) struct Plan {
    /// Where.
    pub(super) path: &'static str,
    /// The address as `Host` has it.
    pub(super) host: HeaderValue,
    /// The present `Authorization`.
    pub(super) token: watch::Receiver<Option<HeaderValue>>,
    /// When.
    pub(super) pace: Pace,
    /// What was due earlier is not counted.
    pub(super) measure_from: Instant,
    /// Makes the records.
    pub(super) maker: Maker,
}

/// Runs the plan to its end.
pub(super) async fn drive(plan: Plan, dial: Dial, connections: u32) -> Report {
    let report = Arc::new(Mutex::new(Report::new(plan.pace.end() - plan.measure_from)));
    let plan = Arc::new(plan);
    let workers: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(work(Arc::clone(&plan), Arc::clone(&dial), Arc::clone(&report))))
        .collect();
    for worker in workers {
        if let Err(panic) = worker.await {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
    std::mem::take(&mut *report.lock().unwrap_or_else(PoisonError::into_inner))
}

/// One connection.
async fn work(plan: Arc<Plan>, dial: Dial, report: Arc<Mutex<Report>>) {
    let report = || report.lock().unwrap_or_else(PoisonError::into_inner);
    let mut sender = None;
    while let Some(turn) = plan.pace.next() {
        sleep_until(turn.due).await;
        let counts = turn.due >= plan.measure_from;
        if Instant::now() > plan.pace.end() + GRACE {
            report().unsent(counts);
            continue;
        }
        let outcome = match timeout(PATIENCE, send(&plan, &dial, &mut sender, turn.number)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => broken(&mut sender, format!("{error:#}")),
            Err(_) => broken(&mut sender, "no answer in time".to_owned()),
        };
        let pause = match &outcome {
            Outcome::Refused { again } if plan.pace.is_closed() => *again,
            Outcome::Failed(_) if sender.is_none() => PAUSE,
            _ => Duration::ZERO,
        };
        if counts {
            let now = Instant::now();
            report().note(outcome, now - turn.due, now - plan.measure_from);
        }
        if !pause.is_zero() {
            sleep_until((Instant::now() + pause).min(plan.pace.end())).await;
        }
    }
}

fn broken(sender: &mut Option<SendRequest<Full<Bytes>>>, why: String) -> Outcome {
    *sender = None;
    Outcome::Failed(why)
}

async fn send(
    plan: &Plan,
    dial: &Dial,
    sender: &mut Option<SendRequest<Full<Bytes>>>,
    number: u64,
) -> anyhow::Result<Outcome> {
    let record = plan.maker.json(number)?;
    let open = match sender {
        Some(open) if !open.is_closed() => open,
        _ => {
            let (open, connection) = handshake(TokioIo::new(dial().await.context("no connection")?)).await?;
            // What ends it is told by the request that was under way.
            tokio::spawn(async move { drop(connection.await) });
            sender.insert(open)
        }
    };
    open.ready().await?;
    let mut request = Request::post(plan.path).header(HOST, &plan.host).header(CONTENT_TYPE, "application/json");
    if let Some(token) = &*plan.token.borrow() {
        request = request.header(AUTHORIZATION, token);
    }
    let response = open.send_request(request.body(Full::from(record))?).await?;
    let (head, body) = response.into_parts();
    let read = Limited::new(body, LONGEST_ANSWER).collect().await;
    read.map_err(|error| anyhow::anyhow!("{error}")).context("the answer broke off")?;
    let text = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let seconds = text(RETRY_AFTER.as_str()).and_then(|text| text.parse().ok());
    Ok(match (head.status, seconds) {
        (StatusCode::CREATED, _) => Outcome::Created { route: text(ROUTE).unwrap_or_default().to_owned() },
        (StatusCode::OK, _) => Outcome::Repeated { route: text(ROUTE).unwrap_or_default().to_owned() },
        (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => {
            Outcome::Refused { again: Duration::from_secs(seconds) }
        }
        (status, _) => Outcome::Failed(format!("status {}", status.as_u16())),
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    /// A server that answers the *n*th request of a connection with `answer(n)`, after so long.
    fn server(answer: fn(u32) -> (Duration, &'static str)) -> Dial {
        Arc::new(move || {
            let (ours, theirs) = tokio::io::duplex(4096);
            tokio::spawn(serve(theirs, answer));
            async move { anyhow::Ok(Box::new(ours) as Box<dyn super::super::dial::Stream>) }.boxed()
        })
    }

    async fn serve(mut stream: DuplexStream, answer: fn(u32) -> (Duration, &'static str)) {
        let (mut seen, mut number) = (Vec::new(), 0);
        while stream.read_buf(&mut seen).await.is_ok_and(|read| read > 0) {
            // A record ends with the only brace that closes.
            while let Some(end) = seen.iter().position(|byte| *byte == b'}') {
                seen.drain(..=end);
                let (after, head) = answer(number);
                number += 1;
                tokio::time::sleep(after).await;
                let text = format!("HTTP/1.1 {head}\r\ncontent-length: 2\r\n\r\n{{}}");
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }

    fn plan(rate: Option<u32>, seconds: u64) -> Plan {
        let began = Instant::now();
        Plan {
            path: "/api/v1/grades",
            host: HeaderValue::from_static("campus"),
            token: watch::channel(None).1,
            pace: Pace::new(rate, began, Duration::from_secs(seconds)),
            measure_from: began,
            maker: Maker { seed: 1, students: 10 },
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_behind_a_stall_counts_the_waiting() {
        let stalls = server(|number| match number {
            0 => (Duration::from_secs(1), "201 Created\r\nx-bedel-route: redis"),
            _ => (Duration::ZERO, "201 Created\r\nx-bedel-route: redis"),
        });
        let report = drive(plan(Some(10), 2), stalls, 1).await;
        let all = report.all();
        assert_eq!((all.created, report.is_flawless()), (20, true));
        // Due at 0, 100 … 900 ms, answered from 1 s on: 1,000, 900 … 100 ms; the other ten at once.
        let waited = |share| all.times.value_at_quantile(share) / 1_000;
        assert!((995..=1_005).contains(&waited(1.0)), "{}", waited(1.0));
        assert!((95..=105).contains(&waited(0.54)), "{}", waited(0.54));
        assert!((495..=505).contains(&waited(0.74)), "{}", waited(0.74));
        assert!(waited(0.49) <= 2, "{}", waited(0.49));
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_sent_in_time_is_told() {
        let slow = server(|_| (Duration::from_secs(1), "201 Created"));
        let report = drive(plan(Some(10), 2), slow, 1).await;
        // Two seconds, then five of grace, an answer each second; the rest of the 20 that were due never went.
        assert_eq!((report.all().created, report.never_sent()), (8, 12));
        assert!(!report.is_flawless());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_a_refused_connection_waits_as_it_is_told() {
        let busy = server(|number| match number % 2 {
            0 => (Duration::ZERO, "503 Service Unavailable\r\nretry-after: 3"),
            _ => (Duration::from_secs(1), "200 OK\r\nx-bedel-route: grpc"),
        });
        let report = drive(plan(None, 8), busy, 1).await;
        assert_eq!((report.all().refused, report.all().repeated), (2, 2));
        assert!(report.is_flawless(), "to be told to come again is no failure");
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_counted_by_kind() {
        let odd = server(|number| match number {
            0 => (Duration::ZERO, "503 Service Unavailable"),
            1 => (Duration::ZERO, "422 Unprocessable Content"),
            _ => (Duration::from_secs(60), "201 Created"),
        });
        let report = drive(plan(Some(1), 3), odd, 1).await;
        let json = report.json("http://campus", Some(1), 1);
        let faults = serde_json::json!({ "no answer in time": 1, "status 422": 1, "status 503": 1 });
        assert_eq!((&json["faults"], report.all().failed), (&faults, 3));
    }
}
