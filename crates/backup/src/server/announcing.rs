//! Tells live how backups stand: values below `backups/`, and events on the channel `backups`, one for each item that
//! changed. Live may forget everything: all is told again now and then, and goes by itself when nobody leads.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::clock::Timestamp;
use kernel::id::Id;
use kernel::live::{Live, LiveError};
use serde::Serialize;
use store::StoreError;
use tokio::time::Instant;

use super::Means;
use crate::http::views::{AlertView, KeptView};
use crate::model::{Attempt, Outcome, Target, Work, target_key};
use crate::store::{alerts, archives, log, targets};

/// How often it is looked for what changed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often everything is told again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long what was told lasts.
const LASTS: Duration = Duration::from_secs(30);
/// Targets that are told of.
const MOST: u64 = 1000;

/// What a leader tells.
pub(super) struct Announcer {
    pub(super) means: Means,
    pub(super) live: Arc<dyn Live>,
    pub(super) replica: String,
    /// When this server began to lead.
    pub(super) since: Timestamp,
    /// What was told, and when.
    pub(super) told: HashMap<String, (Bytes, Instant)>,
}

/// One item of the topic.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Item {
    Target(Box<TargetItem>),
    Alert { id: String, alert: Box<AlertView> },
    Server { id: &'static str, leader: String, at: Timestamp },
}

#[derive(Serialize)]
struct TargetItem {
    id: String,
    target: Id,
    host: String,
    port: u16,
    path: String,
    every_minutes: u64,
    next_at: Timestamp,
    failures: u32,
    last_good_at: Option<Timestamp>,
    last_proof_at: Option<Timestamp>,
    used: u64,
    quota: Option<u64>,
    last_backup: Option<KeptView>,
    running: Option<Running>,
}

#[derive(Serialize)]
struct Running {
    attempt: Id,
    kind: Work,
    outcome: Outcome,
    started_at: Timestamp,
    sent: u64,
    entries: u64,
}

/// Why something was not told.
#[derive(Debug, thiserror::Error)]
enum Untold {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Live(#[from] LiveError),
}

impl Announcer {
    /// Until it is dropped.
    pub(super) async fn run(mut self) {
        let mut begun = false;
        loop {
            let telling = async {
                if !begun {
                    self.take_over().await?;
                    begun = true;
                }
                self.once().await
            };
            if let Err(error) = telling.await {
                tracing::debug!(error = %error, "nobody could be told live");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What another server told counts as told long ago.
    async fn take_over(&mut self) -> Result<(), Untold> {
        let now = Instant::now();
        for (key, value) in self.live.scan("backups/").await? {
            self.told.insert(key, (value, now));
        }
        Ok(())
    }

    /// Tells what is new, other, or told too long ago; and takes back what is gone.
    async fn once(&mut self) -> Result<(), Untold> {
        let items = self.items().await?;
        let now = Instant::now();
        let mut keys = Vec::with_capacity(items.len());
        for (id, item) in items {
            let (key, json) = (format!("backups/{id}"), Bytes::from(serde_json::to_vec(&item).unwrap_or_default()));
            let known = self.told.get(&key);
            let same = known.is_some_and(|(told, _)| *told == json);
            if !same || known.is_some_and(|(_, at)| now.duration_since(*at) >= AGAIN) {
                self.live.put(&key, json.clone(), Some(LASTS)).await?;
                if !same {
                    self.live.publish("backups", json.clone()).await?;
                }
                self.told.insert(key.clone(), (json, now));
            }
            keys.push(key);
        }
        keys.sort_unstable();
        let gone: Vec<String> = self.told.keys().filter(|key| keys.binary_search(key).is_err()).cloned().collect();
        for key in gone {
            self.live.delete(&key).await?;
            self.told.remove(&key);
        }
        Ok(())
    }

    async fn items(&self) -> Result<Vec<(String, Item)>, StoreError> {
        let reader = self.means.sql.reader();
        let registered = targets::list(reader, (None, None), None, MOST).await?;
        let newest = archives::newest_of_all(reader).await?.into_iter();
        let newest: HashMap<String, _> =
            newest.map(|archive| (target_key(&archive.address, &archive.path), archive)).collect();
        let proofs: HashMap<String, Timestamp> =
            archives::last_proofs(reader, &registered).await?.into_iter().collect();
        let under_way = log::under_way(reader).await?;
        let mut items =
            vec![("now".to_owned(), Item::Server { id: "now", leader: self.replica.clone(), at: self.since })];
        for target in registered {
            let key = target_key(&target.node.address, &target.path);
            let running = under_way.iter().find(|line| line.target == Some(target.id));
            let last_backup = newest.get(&key).map(KeptView::of);
            let item = item(target, running, last_backup, proofs.get(&key).copied());
            items.push((item.id.clone(), Item::Target(Box::new(item))));
        }
        for alert in alerts::open(reader).await? {
            let id = format!("alert:{}", alert.id);
            items.push((id.clone(), Item::Alert { id, alert: Box::new(AlertView::of(&alert)) }));
        }
        Ok(items)
    }
}

fn item(
    target: Target,
    running: Option<&Attempt>,
    last_backup: Option<KeptView>,
    last_proof_at: Option<Timestamp>,
) -> TargetItem {
    TargetItem {
        id: format!("target:{}", target.id),
        target: target.id,
        host: target.node.address.host,
        port: target.node.address.port,
        path: target.path,
        every_minutes: target.every.as_secs() / 60,
        next_at: target.next_at,
        failures: target.failures,
        last_good_at: target.good_at,
        last_proof_at,
        used: target.node.used,
        quota: target.node.quota,
        last_backup,
        running: running.map(|line| Running {
            attempt: line.id,
            kind: line.work,
            outcome: line.outcome,
            started_at: line.started_at,
            sent: line.sent,
            entries: line.entries,
        }),
    }
}
