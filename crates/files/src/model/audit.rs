//! The audit trail: one entry a transfer, over all the requests it took.

use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use api::csv;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::coverage::Coverage;
use super::listing::BadCursor;
use super::transfer::Direction;

/// How long a download that broke off may rest and still be the same transfer when it goes on.
pub const CHAIN: Duration = Duration::from_secs(86_400);

/// What let somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// A token, or for a public file nothing at all.
    #[default]
    User,
    /// A share link.
    Share,
    /// A guest's voucher.
    Voucher,
    /// A signed address.
    Signed,
}

impl Via {
    /// The word that stands in SQL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Share => "share",
            Self::Voucher => "voucher",
            Self::Signed => "signed",
        }
    }

    /// What that word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::User, Self::Share, Self::Voucher, Self::Signed].into_iter().find(|known| known.word() == word)
    }
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every byte went over.
    Done,
    /// It was given up: ended by order, expired, or a download nobody went on with for a day.
    Abandoned,
    /// It was not let begin.
    Refused,
    /// It has not ended.
    Open,
}

impl Outcome {
    /// The word that stands in SQL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Abandoned => "abandoned",
            Self::Refused => "refused",
            Self::Open => "open",
        }
    }

    /// What that word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Done, Self::Abandoned, Self::Refused, Self::Open].into_iter().find(|known| known.word() == word)
    }
}

impl Direction {
    /// The word that stands in SQL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Download => "download",
        }
    }

    /// What that word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Upload, Self::Download].into_iter().find(|known| known.word() == word)
    }
}

/// A transfer as the audit trail tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its id; an upload's is the upload's.
    #[schema(value_type = String)]
    pub id: Id,
    /// Who; `null` for somebody without a token.
    #[schema(required)]
    pub user: Option<String>,
    /// What they were called.
    pub user_name: String,
    /// The file; `null` if none came of it.
    #[schema(required)]
    pub file: Option<String>,
    /// What the file was called.
    pub name: String,
    /// Which way the bytes went.
    pub direction: Direction,
    /// What let them in.
    pub via: Via,
    /// From where, as the gateway saw it; empty if it did not say.
    pub address: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended; `null` while it may go on.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub ended_at: Option<Timestamp>,
    /// Bytes of it that went over; what was sent twice counts twice.
    pub bytes: u64,
    /// Bytes of the file; `null` if nobody said.
    #[schema(required)]
    pub size: Option<u64>,
    /// Requests that ended before the last byte without anybody having ordered it.
    pub interruptions: u64,
    /// Times it went on after it was cut off or paused.
    pub resumes: u64,
    /// SHA-256 of the whole file; `null` while it is not known.
    #[schema(required)]
    pub sha256: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

/// Which entries are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Only this user's, whatever `user` says.
    pub own: Option<Id>,
    /// A user's id or name.
    pub user: Option<String>,
    /// A file's id.
    pub file: Option<String>,
    /// One direction.
    pub direction: Option<Direction>,
    /// One outcome.
    pub outcome: Option<Outcome>,
    /// Begun then or later.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub until: Option<Timestamp>,
}

/// The place of the last entry of a page, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCursor {
    /// When it began.
    pub started_at: Timestamp,
    /// Which it is.
    pub id: Id,
}

impl AuditCursor {
    /// Where an entry stands.
    #[must_use]
    pub const fn of(entry: &AuditEntry) -> Self {
        Self { started_at: entry.started_at, id: entry.id }
    }

    /// The cursor as clients hand it back.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl FromStr for AuditCursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        serde_json::from_slice(&bytes).map_err(|_| BadCursor)
    }
}

/// How an answer with a file's bytes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With its last byte.
    Whole,
    /// Before, and nobody had ordered it.
    Broken,
    /// Before: somebody paused the transfer.
    Paused,
    /// Before: somebody ended the transfer for good.
    Ended,
}

/// An answer with a file's bytes, when it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Which bytes of the file it carried, as far as that is known.
    pub pieces: Vec<Range<u64>>,
    /// How many bytes of it were sent.
    pub bytes: u64,
    /// How it ended.
    pub ending: Ending,
    /// When it began.
    pub began: Timestamp,
    /// When it was over.
    pub over: Timestamp,
}

/// A download over all the answers it took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// What was sent.
    pub covered: Coverage,
    /// Bytes, those sent twice counted twice.
    pub bytes: u64,
    /// Answers that broke off.
    pub interruptions: u64,
    /// Answers that went on after a break or a pause.
    pub resumes: u64,
    /// The last answer ended early, and none has gone on since.
    pub cut: bool,
}

impl Chain {
    /// Takes an answer in; how the transfer stands then.
    pub fn take(&mut self, served: &Served, size: u64) -> Outcome {
        let goes_on = served.pieces.iter().any(|piece| piece.start > 0);
        if self.cut && goes_on && served.bytes > 0 {
            self.resumes += 1;
            self.cut = false;
        }
        for piece in &served.pieces {
            self.covered.add(piece.clone());
        }
        self.bytes += served.bytes;
        match served.ending {
            Ending::Whole if self.covered.is_whole(size) => return Outcome::Done,
            Ending::Whole => {}
            Ending::Broken => {
                self.interruptions += 1;
                self.cut = true;
            }
            Ending::Paused => self.cut = true,
            Ending::Ended => return Outcome::Abandoned,
        }
        Outcome::Open
    }
}

/// The columns of the CSV file.
pub const CSV_HEAD: &str = "id,user,user_name,file,name,direction,via,address,started_at,ended_at,bytes,size,\
                            interruptions,resumes,sha256,outcome\r\n";

impl AuditEntry {
    /// The entry as a line of CSV (RFC 4180).
    #[must_use]
    pub fn csv_line(&self) -> String {
        let cells = [
            self.id.to_string(),
            self.user.clone().unwrap_or_default(),
            self.user_name.clone(),
            self.file.clone().unwrap_or_default(),
            self.name.clone(),
            self.direction.word().to_owned(),
            self.via.word().to_owned(),
            self.address.clone(),
            self.started_at.to_string(),
            self.ended_at.map(|at| at.to_string()).unwrap_or_default(),
            self.bytes.to_string(),
            self.size.map(|size| size.to_string()).unwrap_or_default(),
            self.interruptions.to_string(),
            self.resumes.to_string(),
            self.sha256.clone().unwrap_or_default(),
            self.outcome.word().to_owned(),
        ];
        csv::line(&cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(piece: Range<u64>, ending: Ending) -> Served {
        let at = Timestamp::from_micros(1);
        Served { bytes: piece.end - piece.start, pieces: vec![piece], ending, began: at, over: at }
    }

    #[test]
    fn a_download_that_went_on_is_one() {
        let mut chain = Chain::default();
        assert_eq!(chain.take(&served(0..40, Ending::Broken), 100), Outcome::Open);
        assert_eq!(chain.take(&served(30..50, Ending::Paused), 100), Outcome::Open);
        assert_eq!(chain.take(&served(50..100, Ending::Whole), 100), Outcome::Done);
        assert_eq!((chain.interruptions, chain.resumes, chain.bytes), (1, 2, 110));
    }

    #[test]
    fn pieces_side_by_side_are_no_resumes() {
        let mut chain = Chain::default();
        assert_eq!(chain.take(&served(50..100, Ending::Whole), 100), Outcome::Open);
        assert_eq!(chain.take(&served(0..50, Ending::Whole), 100), Outcome::Done);
        assert_eq!((chain.interruptions, chain.resumes), (0, 0));
    }

    #[test]
    fn an_order_ends_it() {
        let mut chain = Chain::default();
        assert_eq!(chain.take(&served(0..40, Ending::Ended), 100), Outcome::Abandoned);
        assert_eq!(chain.interruptions, 0);
    }
}
