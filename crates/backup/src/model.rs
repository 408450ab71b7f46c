//! What is backed up, how often, and what became of it: values and rules, no I/O.

use std::fmt;
use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) mod alerts;
pub(crate) mod nights;
mod reason;
pub(crate) mod schedule;

pub(crate) use reason::Reason;

/// The longest path, in bytes: Linux's own bound.
const MAX_PATH: usize = 4096;
/// The longest host: shorter than a name can be, so that it fits a key.
const MAX_HOST: usize = 240;
/// Most minutes between two backups: a year.
const MAX_MINUTES: i64 = 525_600;

/// A field is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct Invalid {
    /// Which.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub detail: String,
}

impl Invalid {
    pub(crate) fn new(field: &'static str, detail: impl Into<String>) -> Self {
        Self { field, detail: detail.into() }
    }
}

/// Where an agent listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    /// Checks a host (a name, IPv4, or IPv6 with or without brackets) and a port.
    pub(crate) fn check(host: &str, port: i64) -> Result<Self, Invalid> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let part_is_good = |part: &str| {
            !part.is_empty()
                && part.len() <= 63
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let digits = bare.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let good = match bare.parse::<std::net::IpAddr>() {
            Ok(address) => !address.is_unspecified() && !address.is_multicast(),
            Err(_) => !digits && bare.len() <= MAX_HOST && bare.split('.').all(part_is_good),
        };
        if !good {
            return Err(Invalid::new("host", "a host name or an IP address is expected, such as web-1 or 10.0.0.5"));
        }
        let port = u16::try_from(port).ok().filter(|port| *port > 0);
        let port = port.ok_or_else(|| Invalid::new("port", "a port from 1 to 65535 is expected, such as 9750"))?;
        Ok(Self { host: bare.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Checks a folder's path and writes it in one way: absolute, without a slash at its end.
pub(crate) fn check_path(path: &str) -> Result<String, Invalid> {
    let wrong = |detail: &str| Err(Invalid::new("path", detail));
    if !path.starts_with('/') {
        return wrong("an absolute path is expected, such as /srv/data");
    }
    if path.len() > MAX_PATH || path.contains('\0') {
        return wrong("at most 4096 bytes without NUL are expected");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| matches!(*part, "." | "..")) {
        return wrong("a path without . and .. is expected");
    }
    Ok(format!("/{}", parts.join("/")))
}

/// Checks how often.
pub(crate) fn check_minutes(minutes: i64) -> Result<Duration, Invalid> {
    if !(1..=MAX_MINUTES).contains(&minutes) {
        return Err(Invalid::new("every_minutes", format!("1 to {MAX_MINUTES} minutes are expected")));
    }
    Ok(Duration::from_secs(minutes.unsigned_abs() * 60))
}

/// Names a node and a path, whatever their length.
pub(crate) fn target_key(address: &Address, path: &str) -> String {
    blake3::hash(format!("{address}\0{path}").as_bytes()).to_hex().to_string()
}

/// A node: an agent at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) id: Id,
    pub(crate) address: Address,
    /// The agent that answered there first; no other is believed afterwards.
    pub(crate) agent: Option<Id>,
    /// Bytes that its packs may have.
    pub(crate) quota: Option<u64>,
    /// Bytes that its packs had after the last attempt.
    pub(crate) used: u64,
}

/// A path of a node that is to be backed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) id: Id,
    pub(crate) node: Node,
    pub(crate) path: String,
    pub(crate) every: Duration,
    pub(crate) next_at: Timestamp,
    /// Attempts in a row that did not succeed.
    pub(crate) failures: u32,
    /// When an attempt last ended with a backup, or found that nothing had changed.
    pub(crate) good_at: Option<Timestamp>,
    /// Whether the last good backup stays after one that lost or changed nearly everything.
    pub(crate) pin_last_good: bool,
    pub(crate) created_at: Timestamp,
}

impl Target {
    /// Since when its last success counts; of a target that never had one, since it was registered. One that succeeded
    /// before that was noted is due an interval after it did.
    pub(crate) fn good_since(&self) -> Timestamp {
        let unnoted = if self.failures == 0 { self.next_at.minus(self.every) } else { self.created_at };
        self.good_at.unwrap_or_else(|| unnoted.max(self.created_at))
    }
}

/// What an attempt is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BackupWork)]
pub(crate) enum Work {
    /// Make a backup.
    Backup,
    /// Restore one and compare.
    Rehearsal,
}

impl Work {
    pub(crate) const ALL: [Self; 2] = [Self::Backup, Self::Rehearsal];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Rehearsal => "rehearsal",
        }
    }
}

/// How an attempt stands, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BackupOutcome)]
pub(crate) enum Outcome {
    /// Somebody asked for it; it has not begun.
    Queued,
    /// It is under way.
    Running,
    /// There is a new backup.
    Done,
    /// Nothing had changed since the last backup.
    Unchanged,
    /// The agent answered, and there is no backup.
    Failed,
    /// The agent did not answer.
    Unreachable,
    /// A rehearsal restored the backup, and it is what it was.
    Proven,
    /// A rehearsal could not be made, which says nothing about the backup.
    Skipped,
}

impl Outcome {
    pub(crate) const ALL: [Self; 8] = [
        Self::Queued,
        Self::Running,
        Self::Done,
        Self::Unchanged,
        Self::Failed,
        Self::Unreachable,
        Self::Proven,
        Self::Skipped,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Proven => "proven",
            Self::Skipped => "skipped",
        }
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) id: Id,
    pub(crate) work: Work,
    /// None if a backup is rehearsed whose path is no longer registered.
    pub(crate) target: Option<Id>,
    pub(crate) address: Address,
    pub(crate) path: String,
    pub(crate) outcome: Outcome,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    /// The backup that it made, or that is rehearsed.
    pub(crate) backup: Option<Id>,
    /// Why it did not bring what it was for.
    pub(crate) reason: Option<Reason>,
    /// Why it ended so, for people.
    pub(crate) detail: Option<String>,
    /// Files that are not in the archive as they are.
    pub(crate) warnings: Vec<Warning>,
    /// How many there were, of which the first are listed.
    pub(crate) warnings_total: u64,
    /// Bytes of fragments that came over the network, or that were compared.
    pub(crate) sent: u64,
    pub(crate) entries: u64,
}

impl Attempt {
    /// One at a target that begins now, or waits to.
    pub(crate) fn begun(id: Id, target: &Target, outcome: Outcome, now: Timestamp) -> Self {
        let at = (target.node.address.clone(), target.path.clone());
        Self::new(id, (Work::Backup, Some(target.id), None), at, outcome, now)
    }

    /// The rehearsal of a backup of this target, if it is still registered.
    pub(crate) fn rehearsal(id: Id, archive: &Archive, target: Option<Id>, now: Timestamp) -> Self {
        let at = (archive.address.clone(), archive.path.clone());
        Self::new(id, (Work::Rehearsal, target, Some(archive.id)), at, Outcome::Queued, now)
    }

    fn new(
        id: Id,
        (work, target, backup): (Work, Option<Id>, Option<Id>),
        (address, path): (Address, String),
        outcome: Outcome,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            work,
            target,
            address,
            path,
            outcome,
            started_at: now,
            ended_at: None,
            backup,
            reason: None,
            detail: None,
            warnings: Vec::new(),
            warnings_total: 0,
            sent: 0,
            entries: 0,
        }
    }
}

/// A file that is not in the archive as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Warning {
    /// `unstable` (it changed while it was read), `unreadable`, `socket`, or `refused` (tar cannot hold it).
    pub(crate) kind: String,
    /// Below the path that was backed up; bytes that are not UTF-8 are shown as `\xff`.
    pub(crate) name: String,
}

/// A name's bytes for people: what is UTF-8 as it is, the rest as `\xff`.
pub(crate) fn shown(name: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in name.utf8_chunks() {
        shown.push_str(chunk.valid());
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive {
    pub(crate) id: Id,
    pub(crate) node: Id,
    pub(crate) address: Address,
    pub(crate) path: String,
    /// Its number in the node's repository.
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    /// The length of the `.tgz`.
    pub(crate) size: u64,
    /// The length of the tar stream in it.
    pub(crate) span: u64,
    pub(crate) entries: u64,
    pub(crate) warnings: u64,
    /// Whether it can still be had.
    pub(crate) kept: bool,
    /// What its last rehearsal found.
    pub(crate) proof: Option<Proof>,
}

/// What restoring a backup and comparing it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Proof {
    /// Whether everything was as it is in the backup.
    pub(crate) good: bool,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// What differs, or what could not be compared here.
    pub(crate) detail: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_and_ports() {
        for (host, port, shown) in [
            ("Web-1.campus.example", 9750, "web-1.campus.example:9750"),
            ("10.0.0.5", 1, "10.0.0.5:1"),
            ("[::1]", 65535, "[::1]:65535"),
            ("fe80::1", 9750, "[fe80::1]:9750"),
        ] {
            assert_eq!(Address::check(host, port).expect(host).to_string(), shown);
        }
        let long = "a".repeat(64);
        for host in ["", " ", "a b", "http://a", "a:1", "-a", "a..b", "256.1.1.1", "0.0.0.0", "224.0.0.1", "a/b", &long]
        {
            assert_eq!(Address::check(host, 9750).expect_err(host).field, "host", "{host}");
        }
        for port in [0, -1, 65_536, i64::MAX] {
            assert_eq!(Address::check("a", port).expect_err("no port").field, "port", "{port}");
        }
    }

    #[test]
    fn paths_are_absolute_and_written_in_one_way() {
        assert_eq!(check_path("//srv//data/"), Ok("/srv/data".to_owned()));
        assert_eq!(check_path("/"), Ok("/".to_owned()));
        for path in ["", "srv", "/srv/../etc", "/./a", "/a\0b", &format!("/{}", "a".repeat(4096))] {
            assert!(check_path(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn frequencies_are_bounded() {
        assert_eq!(check_minutes(2), Ok(Duration::from_secs(120)));
        for minutes in [0, -5, i64::MAX, 525_601] {
            assert!(check_minutes(minutes).is_err(), "{minutes}");
        }
    }
}
