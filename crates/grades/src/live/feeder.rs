//! Keeps the live figures equal to what SQL says.
//!
//! Every commit that changes something leaves a message in the one outbox, whichever route it came by. A message only
//! says that figures are no longer true: they are read from SQL as a whole and told as a whole, so that nothing is
//! counted twice or forgotten, whatever is lost, late or done by two replicas at once. A message goes when figures that
//! include it were told. What is told: the value `grades/now`, a value a year, and an event with what changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::live::{Live, LiveError};
use serde::Serialize;
use store::{Sql, StoreError, outbox};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::figures::{self, Totals};
use crate::model::{Class, Record, Semester};

/// Figures are told at most ten times a second.
const EVERY: Duration = Duration::from_millis(100);
/// Telling takes a tenth of the time at most, unless it takes long.
const SHARE: u32 = 10;
/// How often it is made sure that what was told is still there, and that nobody died before telling.
const HEAL: Duration = Duration::from_secs(1);
/// Messages that are taken at once.
const MESSAGES: u64 = 500;
/// An event has so many bytes at most: the port says so.
const EVENT: usize = 32 << 10;

const CHANNEL: &str = "grades";
const NOW: &str = "grades/now";

/// Wakes a feeder; clones wake the same one.
#[derive(Debug, Clone, Default)]
pub struct Feed(Arc<Notify>);

impl Feed {
    /// Something was committed.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Why figures could not be told.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// They could not be read.
    #[error(transparent)]
    Figures(#[from] Failure),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] StoreError),
    /// Nobody could be told.
    #[error(transparent)]
    Live(#[from] LiveError),
}

/// Tells what changed. Every replica that writes has one; they need not know of each other.
pub struct Feeder {
    sql: Sql,
    live: Arc<dyn Live>,
    feed: Feed,
    told: Option<Told>,
}

/// What this replica told last, or saw told.
struct Told {
    totals: Totals,
    now: Bytes,
}

/// `grades/now`, and an event.
#[derive(Serialize)]
struct Now<'a> {
    version: i64,
    total: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    counts: Vec<Counted<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recent: Option<&'a [Record]>,
}

/// `grades/year-YEAR`.
#[derive(Serialize)]
struct OfYear<'a> {
    version: i64,
    counts: Vec<Counted<'a>>,
}

#[derive(Serialize)]
struct Counted<'a> {
    curso: &'a str,
    semestre: Semester,
    year: i64,
    count: i64,
}

impl<'a> Counted<'a> {
    fn new((class, count): (&'a Class, &i64)) -> Self {
        Self { curso: &class.curso, semestre: class.semestre, year: class.year, count: *count }
    }
}

impl Feeder {
    /// A feeder that `feed` wakes.
    #[must_use]
    pub fn new(sql: Sql, live: Arc<dyn Live>, feed: Feed) -> Self {
        Self { sql, live, feed, told: None }
    }

    /// Tells what commits have changed; while `healing`, also what the live store has lost. True: something was told.
    ///
    /// # Errors
    /// Then everything is told anew the next time.
    pub async fn once(&mut self, healing: bool) -> Result<bool, FeedError> {
        let before = self.told.take();
        let messages = outbox::waiting(&self.sql, MESSAGES).await?;
        let present = if healing { self.live.get(NOW).await? } else { None };
        let known = before.as_ref().is_some_and(|told| !healing || present.as_ref() == Some(&told.now));
        if messages.is_empty() && known {
            self.told = before;
            return Ok(false);
        }
        // After the messages, so that the figures include what they are about.
        let totals = figures::totals(&self.sql).await?;
        let recent = figures::newest(&self.sql).await?;
        let now = Now { version: totals.count, total: totals.count, counts: Vec::new(), recent: Some(&recent) };
        let now = json(&now);
        // Another replica may have told the same: then nothing was lost.
        let all_there = known || present.as_ref() == Some(&now);
        let former = before.filter(|_| all_there).map(|told| told.totals);
        let told = !all_there || !messages.is_empty();
        if told {
            self.tell(&totals, former.as_ref(), &recent, &now).await?;
        }
        self.told = Some(Told { totals, now });
        outbox::done(&self.sql, &messages).await?;
        if messages.len() as u64 == MESSAGES {
            self.feed.wake();
        }
        Ok(told)
    }

    async fn tell(
        &self,
        totals: &Totals,
        former: Option<&Totals>,
        recent: &[Record],
        now: &Bytes,
    ) -> Result<(), LiveError> {
        let changed: Vec<(&Class, &i64)> = totals
            .classes
            .iter()
            .filter(|&(class, count)| former.is_none_or(|former| former.classes.get(class) != Some(count)))
            .collect();
        let years: BTreeSet<i64> = changed.iter().map(|(class, _)| class.year).collect();
        for year in years {
            let counts = totals.classes.iter().filter(|(class, _)| class.year == year).map(Counted::new).collect();
            let value = json(&OfYear { version: totals.count, counts });
            self.live.put(&format!("grades/year-{year}"), value, None).await?;
        }
        self.live.put(NOW, now.clone(), None).await?;
        let (version, total) = (totals.count, totals.count);
        let counts = || changed.iter().copied().map(Counted::new).collect();
        // What does not fit an event is found in the values.
        let events = [
            json(&Now { version, total, counts: counts(), recent: Some(recent) }),
            json(&Now { version, total, counts: counts(), recent: None }),
            json(&Now { version, total, counts: Vec::new(), recent: None }),
        ];
        if let Some(event) = events.into_iter().find(|event| event.len() <= EVENT) {
            self.live.publish(CHANNEL, event).await?;
        }
        Ok(())
    }

    /// Tells until `end`.
    pub async fn run(mut self, end: CancellationToken) {
        let mut heal = tokio::time::interval(HEAL);
        heal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next = Instant::now();
        loop {
            let healing = tokio::select! {
                () = end.cancelled() => return,
                _ = heal.tick() => true,
                () = self.feed.0.notified() => false,
            };
            if end.run_until_cancelled(tokio::time::sleep_until(next)).await.is_none() {
                return;
            }
            let began = Instant::now();
            if let Err(error) = self.once(healing).await {
                tracing::warn!(error = %error, "the live figures of grades wait");
            }
            next = began + EVERY.max(began.elapsed() * SHARE).min(HEAL);
        }
    }
}

fn json(value: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}
