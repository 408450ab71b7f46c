//! The catalogue's order and its cursors: a page begins where the one before ended, whatever changed in between.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::File;
use super::search::Search;

/// How a list of files is sorted; a leading `-` turns the order round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    /// Newest first.
    #[default]
    #[serde(rename = "-created_at")]
    Newest,
    /// Oldest first.
    #[serde(rename = "created_at")]
    Oldest,
    /// By name, without regard to case and accents.
    #[serde(rename = "name")]
    Name,
    /// By name, backwards.
    #[serde(rename = "-name")]
    NameBackwards,
    /// Smallest first.
    #[serde(rename = "size")]
    Smallest,
    /// Largest first.
    #[serde(rename = "-size")]
    Largest,
    /// Most often downloaded first.
    #[serde(rename = "-downloads")]
    Popular,
    /// Least often downloaded first.
    #[serde(rename = "downloads")]
    Unpopular,
}

/// What a file is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// Microseconds or bytes.
    Number(i64),
    /// A folded name.
    Text(String),
}

/// The place of the last file of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The order it belongs to.
    pub sort: Sort,
    /// The file's key in that order.
    pub key: Key,
    /// The file, which decides between equal keys.
    pub id: Id,
}

impl Cursor {
    /// Where `file` stands in an order.
    #[must_use]
    pub fn of(file: &File, sort: Sort) -> Self {
        let key = match sort {
            Sort::Newest | Sort::Oldest => Key::Number(file.created_at.as_micros()),
            Sort::Smallest | Sort::Largest => Key::Number(i64::try_from(file.size).unwrap_or(i64::MAX)),
            Sort::Popular | Sort::Unpopular => Key::Number(i64::try_from(file.downloads).unwrap_or(i64::MAX)),
            Sort::Name | Sort::NameBackwards => Key::Text(name_key(&file.metadata.name)),
        };
        Self { sort, key, id: file.id }
    }

    /// The cursor as clients hand it back.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// A text is no cursor of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|_| BadCursor)?;
        let fits = matches!(
            (cursor.sort, &cursor.key),
            (Sort::Name | Sort::NameBackwards, Key::Text(_))
                | (
                    Sort::Newest | Sort::Oldest | Sort::Smallest | Sort::Largest | Sort::Popular | Sort::Unpopular,
                    Key::Number(_)
                )
        );
        if fits { Ok(cursor) } else { Err(BadCursor) }
    }
}

/// A name as it is sorted: folded, and cut to what an index takes.
#[must_use]
pub fn name_key(name: &str) -> String {
    super::fold::fold(name).chars().take(191).collect()
}

/// What a list asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// What must occur.
    pub search: Search,
    /// The category, exactly.
    pub category: Option<String>,
    /// A media type, or a kind of them: `video`, `video/*`, `video/mp4`.
    pub media_type: Option<String>,
    /// The owner's id or user name.
    pub owner: Option<String>,
    /// The classification, exactly.
    pub classification: Option<String>,
    /// A tag, without regard to case and accents.
    pub tag: Option<String>,
    /// Only files that end by themselves before this moment.
    pub ends_before: Option<Timestamp>,
    /// What is in the trash instead of what is not: the viewer's own, or all for an administrator.
    pub trash: bool,
    /// The order.
    pub sort: Sort,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_and_others_do_not() {
        let id: Id = "01arz3ndektsv4rrffq69g5fav".parse().expect("an id");
        for cursor in [
            Cursor { sort: Sort::Newest, key: Key::Number(7), id },
            Cursor { sort: Sort::Name, key: Key::Text("año".to_owned()), id },
        ] {
            assert_eq!(cursor.text().parse(), Ok(cursor));
        }
        let mixed = Cursor { sort: Sort::Name, key: Key::Number(7), id };
        for bad in ["", "x", "e30", mixed.text().as_str()] {
            assert_eq!(bad.parse::<Cursor>(), Err(BadCursor), "{bad}");
        }
    }
}
