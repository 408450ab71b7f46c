//! Writes down twice a minute what this server did and used, for plots over time.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Clock;
use kernel::id::IdSource;
use store::{Sql, StoreError};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::core::Standing;
use crate::notes::Notes;
use crate::store::history::{self, Span};

/// Between two rows.
pub(crate) const EVERY: Duration = Duration::from_secs(30);

pub(crate) struct Historian {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) notes: Notes,
    pub(crate) server: String,
    pub(crate) standing: watch::Receiver<Standing>,
    pub(crate) last: Look,
}

/// When this process was last looked at, and what it had used.
pub(crate) struct Look {
    at: Instant,
    cpu_us: i64,
}

impl Look {
    pub(crate) fn now() -> Self {
        Self { at: Instant::now(), cpu_us: cpu_us().unwrap_or(0) }
    }
}

impl Historian {
    /// Writes what happened since the last time.
    ///
    /// # Errors
    /// The database's; what was to be written is then lost.
    pub(crate) async fn once(&mut self) -> Result<(), StoreError> {
        let now = Look::now();
        let tallied = self.notes.take_tallied();
        let span = Arc::new(Span {
            server: self.server.clone(),
            at: self.clock.now(),
            span_us: i64::try_from((now.at - self.last.at).as_micros()).unwrap_or(i64::MAX),
            leading: self.standing.borrow().active,
            proposals: tallied.proposals,
            resolutions: tallied.resolutions,
            refused: tallied.refused,
            cpu_us: now.cpu_us - self.last.cpu_us,
            memory_bytes: memory_bytes().unwrap_or(0),
        });
        self.last = now;
        let id = self.ids.next();
        self.sql
            .write(move |transaction| {
                let span = Arc::clone(&span);
                async move { history::insert(transaction, id, &span).await }.boxed()
            })
            .await
    }

    pub(crate) async fn run(mut self, end: CancellationToken) {
        loop {
            let over = end.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none();
            if let Err(error) = self.once().await {
                tracing::warn!(error = %error, "what this server did could not be written down");
            }
            if over {
                return;
            }
        }
    }
}

/// Processor time of this process: fields 14 and 15 of `stat`, counted from the end of its name (proc(5)).
fn cpu_us() -> Option<i64> {
    let line = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = line.get(line.rfind(')')? + 1..)?.split_ascii_whitespace().skip(11);
    let (user, system): (i64, i64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let ticks = i64::try_from(rustix::param::clock_ticks_per_second()).ok()?;
    (user + system).checked_mul(1_000_000)?.checked_div(ticks)
}

/// What this process has in memory: the second field of `statm`, in pages (proc(5)).
fn memory_bytes() -> Option<i64> {
    let line = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(i64::try_from(rustix::param::page_size()).ok()?)
}

#[cfg(test)]
mod tests {
    use kernel::clock::{SystemClock, Timestamp};
    use kernel::config;
    use kernel::data_dir::DataDir;

    use super::*;
    use crate::core::Role;
    use crate::notes::Tally;
    use crate::store::notes::TimingKind;

    #[tokio::test]
    async fn a_row_says_what_happened_since_the_one_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        data.create().expect("folders");
        let sql = Sql::open("rooms", &config::Sql::default(), &data).await.expect("opens");
        store::migrate(&sql, crate::migrations()).await.expect("migrates");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (_stands, standing) =
            watch::channel(Standing { active: true, epoch: 1, role: Role::Primary, endpoint: None });
        let notes = Notes::default();
        let mut historian = Historian {
            sql: sql.clone(),
            ids: IdSource::from_os(Arc::clone(&clock)),
            clock,
            notes: notes.clone(),
            server: "rooms-server-1".to_owned(),
            standing,
            last: Look::now(),
        };
        notes.time(TimingKind::Proposal, Duration::from_micros(300));
        notes.time(TimingKind::Proposal, Duration::from_micros(100));
        notes.refused(7);
        historian.once().await.expect("writes");
        notes.time(TimingKind::Resolution, Duration::from_micros(50));
        historian.once().await.expect("writes");
        let rows = history::since(sql.reader(), Timestamp::from_micros(0)).await.expect("reads");
        let [first, second] = <[Span; 2]>::try_from(rows).expect("two rows");
        assert_eq!(first.proposals, Tally { count: 2, sum_us: 400, most_us: 300 });
        assert_eq!((first.resolutions, first.refused, first.leading), (Tally::default(), 7, true));
        assert!(first.memory_bytes > 100_000 && first.span_us > 0, "{first:?}");
        assert_eq!((second.proposals, second.refused), (Tally::default(), 0));
        assert_eq!(second.resolutions, Tally { count: 1, sum_us: 50, most_us: 50 });
    }
}
