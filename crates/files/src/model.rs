//! What files, uploads and transfers are. Nothing here does I/O.

use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub mod audit;
pub mod chain;
pub mod checksum;
pub mod concat;
pub mod condition;
pub mod coverage;
pub mod digest;
pub mod disposition;
pub mod draft;
pub mod fold;
pub mod listing;
pub mod metadata;
pub mod mp4;
pub mod name;
pub mod presence;
pub mod quota;
pub mod range;
pub mod search;
pub mod secret_token;
pub mod share;
pub mod signed;
pub mod statistics;
pub mod thumbnail;
pub mod transfer;
pub mod tus;
pub mod voucher;
pub mod zip;

pub use chain::Segment;
pub use metadata::Metadata;

/// Who may see a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Its owner and administrators.
    #[default]
    Private,
    /// Everybody with a valid token.
    Campus,
    /// Everybody, without a token too.
    Public,
}

impl Visibility {
    /// The word that stands in SQL, headers and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Campus => "campus",
            Self::Public => "public",
        }
    }

    /// The visibility of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Private, Self::Campus, Self::Public].into_iter().find(|known| known.word() == word)
    }
}

/// Who asks: what decides whether a file is theirs to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Nobody we know.
    Anonymous,
    /// A user of the campus.
    User(Id),
    /// An administrator, who sees everything.
    Admin(Id),
}

impl Viewer {
    /// Whether they may read a file.
    #[must_use]
    pub fn may_read(self, owner: Id, visibility: Visibility) -> bool {
        match self {
            Self::Admin(_) => true,
            Self::User(user) => user == owner || visibility != Visibility::Private,
            Self::Anonymous => visibility == Visibility::Public,
        }
    }

    /// Whether they may change or remove it.
    #[must_use]
    pub fn may_write(self, owner: Id) -> bool {
        match self {
            Self::Admin(_) => true,
            Self::User(user) => user == owner,
            Self::Anonymous => false,
        }
    }
}

/// Whose bytes they are: the id decides, the name is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub id: Id,
    /// What the user was called when the row was made.
    pub name: String,
}

/// An upload as SQL knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id, which becomes the file's.
    pub id: Id,
    /// Whose it is.
    pub owner: Owner,
    /// Whether it is to be a file by itself, a part, or made of parts.
    pub kind: concat::Kind,
    /// How many bytes it will have; `None` until it is known.
    pub length: Option<u64>,
    /// How many bytes are durable and acknowledged.
    pub offset: u64,
    /// Rises with every request that takes the upload over; only the newest may commit.
    pub epoch: u64,
    /// Which request is writing; `None` once it has committed its last byte.
    pub writer: Option<Writer>,
    /// The state of the SHA-256 over the bytes before `offset`.
    pub hash: digest::Running,
    /// Where it stands.
    pub state: UploadState,
    /// Whether it is a part that is counted with the file it was joined into.
    pub joined: bool,
    /// Whether somebody holds it.
    pub hold: Hold,
    /// What the file will be called and so on.
    pub metadata: Metadata,
    /// `Upload-Metadata` as it came, for HEAD; empty if there was none.
    pub metadata_header: String,
    /// `Upload-Concat` as it came, for HEAD.
    pub concat_header: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When its offset last moved.
    pub updated_at: Timestamp,
    /// When it will be removed if nothing more arrives.
    pub expires_at: Timestamp,
}

/// Whether somebody has ordered an upload to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hold {
    /// Nobody.
    #[default]
    Free,
    /// It takes no bytes until it is let go.
    Paused,
    /// It is about to be removed; whoever writes it is being told.
    Ending,
}

impl Hold {
    /// The word that stands in SQL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Free => "",
            Self::Paused => "paused",
            Self::Ending => "ending",
        }
    }

    /// What that word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Free, Self::Paused, Self::Ending].into_iter().find(|known| known.word() == word)
    }
}

/// A request that writes, as other replicas see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer(pub String);

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadState {
    /// Bytes are missing.
    Open,
    /// It has all its bytes, and is a part: it waits to be joined, and expires if it is not.
    Part,
    /// It has become a file.
    Done,
    /// It was removed or has expired; the row answers 410 for a while.
    Gone,
}

impl UploadState {
    /// The word that stands in SQL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Part => "part",
            Self::Done => "done",
            Self::Gone => "gone",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Part, Self::Done, Self::Gone].into_iter().find(|known| known.word() == word)
    }
}

/// A file of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its id.
    pub id: Id,
    /// Rises when its bytes are replaced; part of the entity tag.
    pub version: u64,
    /// Whose it is.
    pub owner: Owner,
    /// Name, title, media type and so on.
    pub metadata: Metadata,
    /// How many bytes it has.
    pub size: u64,
    /// The SHA-256 of all of them; `None` until somebody has read what was joined of parts.
    pub sha256: Option<[u8; 32]>,
    /// The CRC-32 of all of them; `None` until somebody has read what was joined, or is of an older release.
    pub crc32: Option<u32>,
    /// When it was complete.
    pub created_at: Timestamp,
    /// What is known of its bytes.
    pub state: FileState,
    /// How often it was downloaded whole.
    pub downloads: u64,
    /// When it was put into the trash; `None` where it is not there.
    pub deleted_at: Option<Timestamp>,
}

impl File {
    /// The strong entity tag: a version's bytes never change.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}-{}\"", self.id, self.version)
    }

    /// What clients see.
    #[must_use]
    pub fn view(&self) -> FileView {
        FileView {
            id: self.id.to_string(),
            name: self.metadata.name.clone(),
            title: self.metadata.title.clone(),
            description: self.metadata.description.clone(),
            category: self.metadata.category.clone(),
            classification: self.metadata.classification.clone(),
            tags: self.metadata.tags.clone(),
            media_type: self.metadata.media_type.clone(),
            size: self.size,
            sha256: self.sha256.map(|sha256| digest::hex(&sha256)),
            owner: self.owner.id.to_string(),
            owner_name: self.owner.name.clone(),
            visibility: self.metadata.visibility,
            created_at: self.created_at.to_string(),
            state: self.state,
            expires_at: self.metadata.expires_at.map(|at| at.to_string()),
            downloads: self.downloads,
            deleted_at: self.deleted_at.map(|at| at.to_string()),
        }
    }
}

/// A file as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = File)]
pub struct FileView {
    /// Its id.
    pub id: String,
    /// What it is saved as.
    pub name: String,
    /// What people call it; empty if nobody said.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// The catalogue's shelf.
    pub category: String,
    /// How confidential or for whom, in the campus's own words.
    pub classification: String,
    /// Search words.
    pub tags: Vec<String>,
    /// Media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes in hexadecimal; `null` while it is being computed.
    #[schema(required)]
    pub sha256: Option<String>,
    /// The owner's id.
    pub owner: String,
    /// The owner's user name.
    pub owner_name: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// When it was complete.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it goes into the trash by itself; `null` if it stays.
    #[schema(format = DateTime, required)]
    pub expires_at: Option<String>,
    /// How often it was downloaded whole.
    pub downloads: u64,
    /// When it was put into the trash; absent unless it is there.
    #[schema(format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<String>,
    /// What is known of its bytes.
    pub state: FileState,
}

/// What is known of a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileState {
    /// They can be read, and their digest is known.
    Ready,
    /// They can be read; the digest is being computed.
    Hashing,
    /// Some are missing or are not those that were stored.
    Damaged,
}

impl FileState {
    /// The word that stands in SQL and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Hashing => "hashing",
            Self::Damaged => "damaged",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Ready, Self::Hashing, Self::Damaged].into_iter().find(|known| known.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::clock::ManualClock;
    use kernel::id::IdSource;

    use super::*;

    #[test]
    fn visibility_decides_who_reads_and_ownership_who_writes() {
        let ids = IdSource::seeded(Arc::new(ManualClock::at_micros(1)), 1);
        let (owner, other) = (ids.next(), ids.next());
        for (visibility, anonymous, stranger) in
            [(Visibility::Private, false, false), (Visibility::Campus, false, true), (Visibility::Public, true, true)]
        {
            assert_eq!(Viewer::Anonymous.may_read(owner, visibility), anonymous);
            assert_eq!(Viewer::User(other).may_read(owner, visibility), stranger);
            assert!(Viewer::User(owner).may_read(owner, visibility));
            assert!(Viewer::Admin(other).may_read(owner, visibility));
        }
        assert!(!Viewer::User(other).may_write(owner));
        assert!(!Viewer::Anonymous.may_write(owner));
        assert!(Viewer::User(owner).may_write(owner));
        assert!(Viewer::Admin(other).may_write(owner));
    }
}
