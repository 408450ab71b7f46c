//! `bedel bench rooms-server`: transactions a second of any server that speaks SOL, PROP, ACK and RES.
//!
//! Each faculty has one DEALER and so many transactions on their way; the next begins when one has its RES. Every forty
//! are for a semester of their own, whose rooms suffice for all of them.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use kernel::clock::SystemClock;
use kernel::id::IdSource;
use rooms::keys::Campus as Keys;
use rooms::message;
use rooms::model::{Acknowledgement, Solicitation};
use rooms::wire::{Address, Dealer, Key};
use serde::{Deserialize, Serialize};

use super::campus::{Campus, key};
use super::spread::Spread;
use crate::cli::bench::RoomsServer;

/// Requests of 7 classrooms and 2 laboratories of which a semester's 380 and 60 hold 48.
const PER_SEMESTER: u32 = 40;
const CLASSROOMS: u32 = 7;
const LABS: u32 = 2;
/// Terms of 10,000 years.
const SEMESTERS: u32 = 30_000;
/// A server that says nothing for so long is not measured.
const SILENCE: Duration = Duration::from_secs(30);

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    seconds: f64,
    transactions: usize,
    transactions_per_s: f64,
    /// Of all, also before and after what was measured.
    accepted: usize,
    not_accepted: usize,
    /// SOL to PROP.
    proposal: Spread,
    /// ACK to RES.
    resolution: Spread,
    /// SOL to RES.
    transaction: Spread,
}

/// Asks and prints what came.
///
/// # Errors
/// If the server does not answer, or says what cannot be read.
pub(super) async fn rooms_server(arguments: RoomsServer) -> anyhow::Result<ExitCode> {
    let campus = match arguments.at {
        Some(_) => None,
        None => Some(Campus::start(arguments.pattern, arguments.faculties).await?),
    };
    let address: Address = match (&arguments.at, &campus) {
        (Some(given), _) => given.parse()?,
        (None, Some(campus)) => campus.server().await?,
        (None, None) => bail!("--at is missing"),
    };
    let ids = IdSource::from_os(Arc::new(SystemClock));
    let begun = Instant::now();
    let from = begun + Duration::from_secs(arguments.warm_up);
    let until = from + Duration::from_secs(arguments.seconds);
    let asked = Arc::new(AtomicU32::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=arguments.faculties {
        let key = match (&campus, &arguments.keys) {
            (Some(campus), _) => campus.key(&Keys::faculty(number), "server")?,
            (None, Some(folder)) => key(folder, &Keys::faculty(number), "server")?,
            (None, None) => Key::Open,
        };
        let faculty = Faculty {
            number,
            run: ids.next().to_string(),
            dealer: Dealer::connect(&address, &key).await?,
            asked: Arc::clone(&asked),
            under_way: HashMap::new(),
            done: Vec::new(),
        };
        tasks.spawn(faculty.ask_on(arguments.in_flight, until));
    }
    let mut done = Vec::new();
    while let Some(faculty) = tasks.join_next().await {
        done.extend(faculty??);
    }
    let found = Found::of(&done, from, until);
    if arguments.json {
        println!("{}", serde_json::to_string(&found)?);
    } else {
        println!(
            "{:.0} transactions/s ({} accepted, {} not); SOL to RES p50 {:.1} ms, p99 {:.1} ms",
            found.transactions_per_s,
            found.accepted,
            found.not_accepted,
            found.transaction.p50_ms,
            found.transaction.p99_ms,
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// As much of an answer as says what comes next: what drives a server must not cost as much as the server.
#[derive(Deserialize)]
struct Heard<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    request_id: Option<&'a str>,
    transaction_id: Option<&'a str>,
    status: Option<&'a str>,
    endpoint: Option<&'a str>,
}

/// A transaction on its way.
struct Begun {
    asked: Instant,
    /// When its proposal came, and the acknowledgement went.
    proposed: Option<Instant>,
}

/// One that has its RES.
struct Done {
    begun: Begun,
    ended: Instant,
    accepted: bool,
}

struct Faculty {
    number: u32,
    /// Names of requests are new in every run.
    run: String,
    dealer: Dealer,
    /// By all faculties together.
    asked: Arc<AtomicU32>,
    under_way: HashMap<String, Begun>,
    done: Vec<Done>,
}

impl Faculty {
    async fn ask_on(mut self, in_flight: u32, until: Instant) -> anyhow::Result<Vec<Done>> {
        for _ in 0..in_flight {
            self.ask().await?;
        }
        while !self.under_way.is_empty() {
            let frames =
                tokio::time::timeout(SILENCE, self.dealer.receive()).await.context("the server is silent")??;
            let heard: Heard<'_> = serde_json::from_slice(frames.last().context("an empty answer")?)?;
            let request_id = heard.request_id.unwrap_or_default();
            match heard.kind {
                "PROP" => {
                    let Some(begun) = self.under_way.get_mut(request_id) else { continue };
                    begun.proposed = Some(Instant::now());
                    let transaction_id = heard.transaction_id.context("a proposal without a name")?.to_owned();
                    let given = Acknowledgement { request_id: request_id.to_owned(), transaction_id, accept: true };
                    self.dealer.send(vec![message::acknowledgement(&given)]).await?;
                }
                "RES" => {
                    let Some(begun) = self.under_way.remove(request_id) else { continue };
                    let ended = Instant::now();
                    self.done.push(Done { begun, ended, accepted: heard.status == Some("ACCEPTED") });
                    if ended < until {
                        self.ask().await?;
                    }
                }
                "NOT_LEADER" => {
                    bail!("this server does not lead; it names {}", heard.endpoint.unwrap_or("nobody"));
                }
                other => bail!("{other} is no answer"),
            }
        }
        Ok(self.done)
    }

    async fn ask(&mut self) -> anyhow::Result<()> {
        let place = self.asked.fetch_add(1, Ordering::Relaxed);
        let semester = place / PER_SEMESTER % SEMESTERS;
        let asked = Solicitation {
            request_id: format!("{}-{place}", self.run),
            faculty: Keys::faculty(self.number),
            program: Keys::programme(self.number, 1 + place % 5),
            semester: format!("{:04}-{}0", semester / 3, 1 + semester % 3),
            classrooms: CLASSROOMS,
            labs: LABS,
            minimum_capacity: None,
            equipment: Vec::new(),
            wait: false,
            hold: None,
        };
        self.dealer.send(vec![message::solicitation(&asked)]).await?;
        self.under_way.insert(asked.request_id, Begun { asked: Instant::now(), proposed: None });
        Ok(())
    }
}

impl Found {
    fn of(all: &[Done], from: Instant, until: Instant) -> Self {
        let accepted = all.iter().filter(|one| one.accepted).count();
        let done: Vec<&Done> = all.iter().filter(|one| one.ended >= from && one.ended < until).collect();
        let spread =
            |span: fn(&Done) -> Option<Duration>| Spread::of(done.iter().filter_map(|one| span(one)).collect());
        let seconds = (until - from).as_secs_f64();
        Self {
            seconds,
            transactions: done.len(),
            transactions_per_s: f64::from(u32::try_from(done.len()).unwrap_or(u32::MAX)) / seconds,
            accepted,
            not_accepted: all.len() - accepted,
            proposal: spread(|one| Some(one.begun.proposed? - one.begun.asked)),
            resolution: spread(|one| Some(one.ended - one.begun.proposed?)),
            transaction: spread(|one| Some(one.ended - one.begun.asked)),
        }
    }
}
