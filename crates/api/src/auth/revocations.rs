//! What was taken back before its time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::id::Id;
use kernel::live::Live;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Verifier;

/// Where `accounts` puts the list.
pub const REVOCATIONS_KEY: &str = "accounts/revocations";
/// Where each role reports, by `jti`, when an API token was last used (RFC 3339).
pub const TOKEN_USES_PREFIX: &str = "accounts/token-uses/";
/// How long a report waits for `accounts` to collect it.
const USE_KEPT: Duration = Duration::from_secs(3600);
/// How often the list is read. With `accounts` writing it at once, 2 s keep within the 5 s that are promised.
const INTERVAL: Duration = Duration::from_secs(2);

/// All that is revoked at a moment and has not expired by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Revocations {
    /// Users whose tokens made at or before this moment are dead.
    #[serde(default)]
    pub users: BTreeMap<Id, Timestamp>,
    /// Dead tokens and sessions, by id (`jti`, `sid`).
    #[serde(default)]
    pub tokens: BTreeSet<String>,
}

/// Keeps `verifier` up to date until `end`, and reports the API tokens it saw. With `Live` or `accounts` away, or Live flushed, the last list counts.
pub async fn follow_revocations(verifier: Arc<Verifier>, live: Arc<dyn Live>, end: CancellationToken) {
    let mut reachable = true;
    let mut last = None;
    loop {
        match live.get(REVOCATIONS_KEY).await {
            Ok(found) => {
                if !reachable {
                    tracing::info!("the list of revocations is followed again");
                }
                reachable = true;
                if found.is_some() && found != last {
                    match found.as_deref().map(serde_json::from_slice) {
                        Some(Ok(list)) => verifier.set_revocations(list),
                        Some(Err(error)) => tracing::error!(error = %error, "the list of revocations is damaged"),
                        None => {}
                    }
                    last = found;
                }
            }
            Err(error) => {
                if reachable {
                    tracing::warn!(error = %error, "the list of revocations cannot be read: the last one counts");
                }
                reachable = false;
            }
        }
        if reachable {
            report_uses(&verifier, &*live).await;
        }
        tokio::select! {
            () = end.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Tells `accounts` which API tokens were used. A report that is lost costs nothing but a date.
async fn report_uses(verifier: &Verifier, live: &dyn Live) {
    for (token, at) in verifier.take_uses() {
        let key = format!("{TOKEN_USES_PREFIX}{token}");
        if live.put(&key, at.to_string().into(), Some(USE_KEPT)).await.is_err() {
            return;
        }
    }
}
