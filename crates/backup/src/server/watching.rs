//! Alerts: what is wrong is told once, and told to be over when its reason goes.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::id::Id;
use store::StoreError;

use super::Means;
use super::leading::Term;
use super::rehearsing::scratch;
use crate::model::alerts::{
    Alert, AlertKind, Concern, Watched, changed, of_disk, of_node, of_rehearsal, of_target, shrank,
};
use crate::model::{Archive, Outcome, Target, Work};
use crate::store::{alerts, archives, log, nodes, targets};

/// How often it is looked for what is wrong.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// More targets or nodes than anybody has.
const ALL: u64 = 100_000;

/// What a leader watches besides.
pub(super) struct Watcher {
    pub(super) means: Means,
    pub(super) term: Arc<Term>,
    /// Where packs are.
    pub(super) folder: PathBuf,
    /// Of each open alert that compares backups, the newest backup that was compared.
    pub(super) compared: HashMap<Id, Id>,
}

impl Watcher {
    /// Until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            if let Err(error) = self.once().await {
                tracing::warn!(error = %error, "what is wrong is not known: looking again");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Raises what is new and clears what is over.
    async fn once(&mut self) -> Result<(), StoreError> {
        let open = alerts::open(self.means.sql.reader()).await?;
        let known: HashSet<&str> = open.iter().map(|alert| alert.key.as_str()).collect();
        let registered = targets::list(self.means.sql.reader(), (None, None), None, ALL).await?;
        let concerns = self.concerns(&registered, |concern| known.contains(concern.key().as_str())).await?;
        let keys: HashSet<String> = concerns.iter().map(Concern::key).collect();
        let mut over = Vec::new();
        for alert in &open {
            let gone = if alert.kind.is_event() {
                self.is_over(alert, &registered).await?
            } else {
                !keys.contains(&alert.key)
            };
            if gone {
                over.push(alert.clone());
            }
        }
        let fresh = concerns.into_iter().filter(|concern| !known.contains(concern.key().as_str()));
        let fresh: Vec<(Id, Concern)> = fresh.map(|concern| (self.means.ids.next(), concern)).collect();
        self.compared.retain(|id, _| open.iter().any(|alert| alert.id == *id));
        if fresh.is_empty() && over.is_empty() {
            return Ok(());
        }
        self.write(fresh, over).await
    }

    async fn write(&self, fresh: Vec<(Id, Concern)>, over: Vec<Alert>) -> Result<(), StoreError> {
        let now = self.means.clock.now();
        let (raised, cleared) = (fresh.clone(), over.clone());
        let written = self.term.write(move |transaction| {
            let (raised, cleared) = (raised.clone(), cleared.clone());
            async move {
                for (id, concern) in &raised {
                    alerts::raise(transaction, *id, concern, now).await?;
                }
                for alert in &cleared {
                    alerts::clear(transaction, alert.id, now).await?;
                }
                Ok(())
            }
            .boxed()
        });
        written.await?;
        for (id, concern) in &fresh {
            let node = concern.address.as_ref().map(ToString::to_string);
            tracing::warn!(alert.id = %id, alert = concern.kind.name(), node, path = concern.path,
                detail = concern.detail, "an alert was raised");
        }
        for alert in &over {
            let node = alert.address.as_ref().map(ToString::to_string);
            tracing::info!(alert.id = %alert.id, alert = alert.kind.name(), node, path = alert.path,
                "an alert is over");
        }
        Ok(())
    }

    /// Everything that is wrong now.
    async fn concerns(
        &self,
        registered: &[Target],
        was: impl Fn(&Concern) -> bool + Copy,
    ) -> Result<Vec<Concern>, StoreError> {
        let (reader, now) = (self.means.sql.reader(), self.means.clock.now());
        let busy: HashSet<Id> = log::under_way(reader)
            .await?
            .into_iter()
            .filter(|line| line.work == Work::Backup)
            .filter_map(|line| line.target)
            .collect();
        let mut concerns = Vec::new();
        for target in registered {
            let last = if target.failures > 0 { log::last(reader, target.id).await? } else { None };
            let failed = last.filter(|last| last.outcome == Outcome::Failed);
            let watched = Watched {
                target: target.clone(),
                busy: busy.contains(&target.id),
                failed: failed.map(|failed| failed.detail.unwrap_or_default()),
            };
            concerns.extend(of_target(now, &watched));
        }
        let nodes = nodes::list(reader, None, None, ALL).await?;
        concerns.extend(nodes.iter().filter_map(|listed| of_node(&listed.node, was)));
        concerns.extend(archives::unproven(reader).await?.iter().map(of_rehearsal));
        match scratch::disk(&self.folder) {
            Ok(disk) => concerns.extend(of_disk(disk, was)),
            Err(error) => tracing::debug!(error = %error, "how full the disk is, is not known"),
        }
        Ok(concerns)
    }

    /// Whether a backup that shrank or changed is no longer to be told of: the one before it is gone, or the newest is
    /// again much like it, or the path is no longer backed up.
    async fn is_over(&mut self, alert: &Alert, registered: &[Target]) -> Result<bool, StoreError> {
        let reader = self.means.sql.reader();
        let (Some(id), Some(address), Some(path)) = (alert.backup, &alert.address, &alert.path) else {
            return Ok(true);
        };
        let before = archives::get(reader, id).await?.filter(|before| before.kept);
        let is_registered = registered.iter().any(|target| target.node.address == *address && target.path == *path);
        let Some(before) = before.filter(|_| is_registered) else { return Ok(true) };
        let newest = archives::newest(reader, address, path).await?.filter(|newest| newest.id != before.id);
        let Some(newest) = newest else { return Ok(true) };
        if alert.kind == AlertKind::Shrunk {
            return Ok(!shrank(&before, &newest));
        }
        if self.compared.get(&alert.id) == Some(&newest.id) {
            return Ok(false);
        }
        let over = self.is_alike(&before, &newest).await;
        self.compared.insert(alert.id, newest.id);
        Ok(over)
    }

    async fn is_alike(&self, before: &Archive, newest: &Archive) -> bool {
        let shared = async {
            let repository = self.term.shelf.repository(newest.node, &newest.address).await.ok()?;
            repository.in_common(newest.number, before.number).await.ok()
        };
        shared.await.is_some_and(|shared| !changed(before, newest, shared))
    }
}
