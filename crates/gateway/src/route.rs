//! A snapshot, compiled: which cluster a request goes to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use kernel::clock::Timestamp;
use kernel::role::Role;
use kernel::snapshot::{Route, Snapshot, Target};
use tokio::time::Instant;

use crate::balance::cluster::{Cluster, Memory};
use crate::balance::replica::Replica;

/// Everything a request needs to find its replicas. Replaced whole.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) generation: u64,
    pub(crate) gateways: u32,
    pub(crate) clusters: Vec<Arc<Cluster>>,
    memories: HashMap<Role, Arc<Memory>>,
    paths: HashMap<String, Vec<Entry>>,
    deepest: usize,
}

struct Entry {
    exact: bool,
    method: Option<Method>,
    split: Arc<Split>,
}

/// Where a route leads.
struct Split {
    route: Route,
    credits: Mutex<Vec<i64>>,
}

/// What routing found.
pub(crate) enum Found<'a> {
    /// A role that can answer.
    Cluster(&'a Arc<Cluster>),
    /// A role that is entirely down.
    Down(Role),
    /// No route has this path.
    Nothing,
}

impl Table {
    /// Compiles `snapshot`, keeping from `former` the state of replicas and splits that are still there.
    pub(crate) fn compile(snapshot: &Snapshot, former: &Self, wall: Timestamp, now: Instant) -> Self {
        let mut memories = former.memories.clone();
        let clusters = snapshot
            .upstreams
            .iter()
            .map(|upstream| {
                let known = former.cluster(upstream.role);
                let replicas = upstream.replicas.iter().map(|endpoint| {
                    let kept = known
                        .and_then(|cluster| cluster.replicas.iter().find(|old| old.is(upstream.protocol, endpoint)))
                        .cloned();
                    let replica = kept.unwrap_or_else(|| {
                        Arc::new(Replica::new(upstream.role, upstream.protocol, endpoint, wall, now))
                    });
                    replica.set_draining(endpoint.draining);
                    replica
                });
                let memory = Arc::clone(memories.entry(upstream.role).or_default());
                Arc::new(Cluster { role: upstream.role, replicas: replicas.collect(), memory })
            })
            .collect();
        let mut paths: HashMap<String, Vec<Entry>> = HashMap::new();
        let mut deepest = 0;
        for route in &snapshot.routes {
            let path = normal(&route.path);
            deepest = deepest.max(path.matches('/').count());
            let kept = former
                .paths
                .get(path)
                .and_then(|entries| entries.iter().find(|entry| entry.split.route == *route))
                .map(|entry| Arc::clone(&entry.split));
            let split = kept.unwrap_or_else(|| {
                Arc::new(Split { route: route.clone(), credits: Mutex::new(vec![0; route.targets.len()]) })
            });
            let method = route.method.as_deref().and_then(|name| Method::from_bytes(name.as_bytes()).ok());
            paths.entry(path.to_owned()).or_default().push(Entry { exact: route.exact, method, split });
        }
        for entries in paths.values_mut() {
            entries.sort_by_key(|entry| (entry.method.is_none(), !entry.exact));
        }
        Self { generation: snapshot.generation, gateways: snapshot.gateways.max(1), clusters, memories, paths, deepest }
    }

    /// The role's cluster.
    pub(crate) fn cluster(&self, role: Role) -> Option<&Arc<Cluster>> {
        self.clusters.iter().find(|cluster| cluster.role == role)
    }

    /// Routes a request: the longest prefix of whole segments wins, a method's own route before the general one.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let whole = normal(path);
        let mut prefix = first_segments(whole, self.deepest);
        loop {
            let matching = self.paths.get(prefix).into_iter().flatten().find(|entry| {
                (!entry.exact || prefix.len() == whole.len()) && entry.method.as_ref().is_none_or(|own| own == method)
            });
            if let Some(entry) = matching {
                return self.choose(&entry.split);
            }
            match prefix.rfind('/') {
                Some(at) => prefix = &prefix[..at],
                None => return Found::Nothing,
            }
        }
    }

    fn choose(&self, split: &Split) -> Found<'_> {
        let targets = &split.route.targets;
        if let [only] = targets.as_slice() {
            return match self.live(only) {
                Some(cluster) => Found::Cluster(cluster),
                None => Found::Down(only.role),
            };
        }
        let alive: Vec<_> = targets
            .iter()
            .enumerate()
            .filter(|(_, target)| target.weight > 0)
            .filter_map(|(place, target)| self.live(target).map(|cluster| (place, i64::from(target.weight), cluster)))
            .collect();
        if alive.is_empty() {
            return targets.first().map_or(Found::Nothing, |target| Found::Down(target.role));
        }
        // Smooth weighted round robin (nginx): each gains its weight, the richest pays everybody's.
        let total: i64 = alive.iter().map(|(_, weight, _)| weight).sum();
        let mut credits = split.credits.lock().unwrap_or_else(PoisonError::into_inner);
        let mut best = 0;
        for (index, (place, weight, _)) in alive.iter().enumerate() {
            credits[*place] += weight;
            if credits[*place] > credits[alive[best].0] {
                best = index;
            }
        }
        credits[alive[best].0] -= total;
        Found::Cluster(alive[best].2)
    }

    fn live(&self, target: &Target) -> Option<&Arc<Cluster>> {
        self.cluster(target.role).filter(|cluster| cluster.is_up())
    }
}

/// `/` is the empty prefix, so that every prefix ends where a segment begins.
fn normal(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The first `count` segments of `path`: nothing longer can match, and a path of a thousand segments costs no more.
fn first_segments(path: &str, count: usize) -> &str {
    match path.match_indices('/').nth(count) {
        Some((at, _)) => &path[..at],
        None => path,
    }
}

#[cfg(test)]
mod tests;
