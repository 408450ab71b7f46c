//! Limits on guessing passwords: per account, and per address, since a campus is one address.

use std::net::IpAddr;
use std::time::Duration;

use kernel::clock::{Clock, Timestamp};
use kernel::id::IdSource;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::Sql;

use crate::error::AccountsError;
use crate::store::failures::{self, By};

/// How long a failure counts.
pub(crate) const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Counts failed attempts.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) per_account: u32,
    pub(crate) per_address: u32,
}

/// Who tries, in the form that is counted.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// A hash: people type passwords into the wrong field.
    account: String,
    address: String,
}

impl Attempt {
    pub(crate) fn new(folded: &str, address: Option<IpAddr>) -> Self {
        Self { account: hex(&Sha256::digest(folded.as_bytes())), address: network(address) }
    }

    pub(crate) fn account(&self) -> &str {
        &self.account
    }
}

/// An IPv6 host has 2⁶⁴ addresses to guess from: its network is what counts.
fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "-".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Guard {
    /// Passes unless account or address have failed too often of late.
    pub(crate) async fn admit(&self, attempt: &Attempt) -> Result<(), AccountsError> {
        let now = self.clock.now();
        let since = window_start(now);
        let by_account =
            failures::nth_newest(self.sql.reader(), By::Account(&attempt.account), since, self.per_account);
        let by_address =
            failures::nth_newest(self.sql.reader(), By::Address(&attempt.address), since, self.per_address);
        let (by_account, by_address) = (by_account.await?, by_address.await?);
        match by_account.max(by_address) {
            // It must leave the window before there are fewer than the limit.
            Some(at) => Err(AccountsError::TooManyFailures { wait: at.plus(WINDOW).since(now) }),
            None => Ok(()),
        }
    }

    pub(crate) async fn record_failure(&self, attempt: &Attempt) -> Result<(), AccountsError> {
        let (attempt, id, now) = (attempt.clone(), self.ids.next(), self.clock.now());
        self.sql
            .write(move |transaction| {
                let attempt = attempt.clone();
                Box::pin(async move {
                    failures::insert(transaction, id, &attempt.account, &attempt.address, now).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Failures at or before this moment do not count at `now`.
pub(crate) fn window_start(now: Timestamp) -> Timestamp {
    Timestamp::from_micros(now.as_micros().saturating_sub(i64::try_from(WINDOW.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_by_network() {
        let of = |text: &str| network(Some(text.parse().expect("an address")));
        assert_eq!(of("10.1.2.3"), "10.1.2.3");
        assert_eq!(of("::ffff:10.1.2.3"), "10.1.2.3");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}
