//! What is said about a file: from `Upload-Metadata` (tus), from a query, from a JSON correction.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::clock::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Visibility, disposition, fold, name};

/// Longest `Upload-Metadata`, in bytes.
pub const MAX_HEADER: usize = 16 << 10;
/// Longest title, category, classification and tag, in bytes.
pub const MAX_SHORT: usize = 255;
/// Longest description, in bytes.
pub const MAX_DESCRIPTION: usize = 8 << 10;
/// Most tags.
pub const MAX_TAGS: usize = 32;
/// What a file is called of which nobody said a name.
pub const UNNAMED: &str = "unnamed";

/// What is said about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// What it is saved as.
    pub name: String,
    /// Media type; guessed from the name unless it was said.
    pub media_type: String,
    /// What people call it.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// The catalogue's shelf.
    pub category: String,
    /// How confidential or for whom.
    pub classification: String,
    /// Search words.
    pub tags: Vec<String>,
    /// Who may see it.
    pub visibility: Visibility,
    /// When it goes into the trash by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Which key is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMetadata {
    /// The header is not what tus describes: pairs of a key and base64, separated by commas.
    #[error("Upload-Metadata: {key:?}: {detail}")]
    Unparsable {
        /// The key it went wrong at.
        key: String,
        /// How.
        detail: &'static str,
    },
    /// A value is out of bounds.
    #[error("{key}: {message}")]
    Value {
        /// The key.
        key: &'static str,
        /// A stable word for programs.
        code: &'static str,
        /// A sentence for people.
        message: String,
    },
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            name: UNNAMED.to_owned(),
            media_type: disposition::UNKNOWN.to_owned(),
            title: String::new(),
            description: String::new(),
            category: String::new(),
            classification: String::new(),
            tags: Vec::new(),
            visibility: Visibility::Private,
            expires_at: None,
        }
    }
}

/// A change of what is said about a file: what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// See [`Metadata`].
    pub name: Option<String>,
    /// See [`Metadata`].
    pub media_type: Option<String>,
    /// See [`Metadata`].
    pub title: Option<String>,
    /// See [`Metadata`].
    pub description: Option<String>,
    /// See [`Metadata`].
    pub category: Option<String>,
    /// See [`Metadata`].
    pub classification: Option<String>,
    /// See [`Metadata`].
    pub tags: Option<Vec<String>>,
    /// See [`Metadata`].
    pub visibility: Option<Visibility>,
    /// See [`Metadata`]; `Some(None)` lets the file stay.
    pub expires_at: Option<Option<Timestamp>>,
}

/// What the keys of a change are called where it came from, so that a refusal names the right one.
#[derive(Debug, Clone, Copy)]
pub struct KeyNames {
    /// The file's name.
    pub name: &'static str,
    /// The media type.
    pub media_type: &'static str,
}

/// The keys of `Upload-Metadata`.
pub const TUS_KEYS: KeyNames = KeyNames { name: "filename", media_type: "filetype" };
/// The keys of JSON bodies and queries.
pub const JSON_KEYS: KeyNames = KeyNames { name: "name", media_type: "type" };

impl Metadata {
    /// These metadata with a change applied.
    ///
    /// # Errors
    /// The first value that is out of bounds.
    pub fn with(&self, change: Change, keys: KeyNames) -> Result<Self, BadMetadata> {
        let mut next = self.clone();
        if let Some(text) = change.name {
            next.name = name::check(&text).map_err(|why| BadMetadata::Value {
                key: keys.name,
                code: why.code(),
                message: why.to_string(),
            })?;
        }
        match change.media_type {
            Some(text) if disposition::is_media_type(text.trim()) => text.trim().clone_into(&mut next.media_type),
            Some(_) => return Err(value(keys.media_type, "type", "a media type such as video/mp4 is expected")),
            None if next.media_type == disposition::UNKNOWN => {
                disposition::guess(&next.name).clone_into(&mut next.media_type);
            }
            None => {}
        }
        set(&mut next.title, change.title, "title", MAX_SHORT)?;
        set(&mut next.description, change.description, "description", MAX_DESCRIPTION)?;
        set(&mut next.category, change.category, "category", MAX_SHORT)?;
        set(&mut next.classification, change.classification, "classification", MAX_SHORT)?;
        if let Some(tags) = change.tags {
            next.tags = check_tags(tags)?;
        }
        if let Some(visibility) = change.visibility {
            next.visibility = visibility;
        }
        if let Some(expires_at) = change.expires_at {
            next.expires_at = expires_at;
        }
        Ok(next)
    }

    /// Passes unless the file would have ended before it began.
    ///
    /// # Errors
    /// `expires_at` is not after `now`.
    pub fn check_expiry(&self, now: Timestamp) -> Result<(), BadMetadata> {
        match self.expires_at {
            Some(at) if at <= now => Err(value("expires_at", "past", "a moment that is still to come is expected")),
            _ => Ok(()),
        }
    }

    /// What a search looks through: folded, all fields in one.
    #[must_use]
    pub fn search_text(&self) -> String {
        let fields = [&self.name, &self.title, &self.description, &self.category, &self.classification];
        let all = fields.into_iter().chain(&self.tags).map(String::as_str).collect::<Vec<_>>().join(" ");
        fold::fold(&all)
    }

    /// Reads `Upload-Metadata`; without a header everything has its default. Keys we do not know are let be: clients
    /// send their own.
    ///
    /// # Errors
    /// [`BadMetadata::Unparsable`] for a header that is not tus, [`BadMetadata::Value`] for a value out of bounds.
    pub fn from_tus(header: Option<&str>) -> Result<Self, BadMetadata> {
        let mut change = Change::default();
        for (key, value) in pairs(header.unwrap_or_default())? {
            match key {
                "filename" => change.name = Some(text(key, value)?),
                // Browsers send an empty type for endings they do not know.
                "filetype" => change.media_type = Some(text(key, value)?).filter(|text| !text.trim().is_empty()),
                "title" => change.title = Some(text(key, value)?),
                "description" => change.description = Some(text(key, value)?),
                "category" => change.category = Some(text(key, value)?),
                "classification" => change.classification = Some(text(key, value)?),
                "tags" => change.tags = Some(split_tags(&text(key, value)?)),
                "visibility" => change.visibility = Some(visibility(&text(key, value)?)?),
                "expires_at" => change.expires_at = Some(expiry(&text(key, value)?)?),
                _ => {}
            }
        }
        Self::default().with(change, TUS_KEYS)
    }
}

/// The visibility of a word.
///
/// # Errors
/// It is not one of the three.
pub fn visibility(word: &str) -> Result<Visibility, BadMetadata> {
    Visibility::from_word(word).ok_or_else(|| value("visibility", "value", "private, campus or public is expected"))
}

/// The moment of a text in RFC 3339; an empty one is none.
///
/// # Errors
/// It is neither.
pub fn expiry(text: &str) -> Result<Option<Timestamp>, BadMetadata> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    serde_json::from_value(serde_json::Value::String(text.trim().to_owned()))
        .map(Some)
        .map_err(|_| value("expires_at", "type", "a moment such as 2026-12-31T23:59:59Z is expected"))
}

/// Comma-separated tags.
#[must_use]
pub fn split_tags(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

fn check_tags(tags: Vec<String>) -> Result<Vec<String>, BadMetadata> {
    let mut kept: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = tag.trim();
        if tag.len() > MAX_SHORT {
            return Err(value("tags", "too_long", format!("a tag has at most {MAX_SHORT} bytes")));
        }
        if name::has_control(tag, false) || tag.contains(',') {
            return Err(value("tags", "control", "control characters and commas are not allowed"));
        }
        if !tag.is_empty() && !kept.iter().any(|known| known == tag) {
            kept.push(tag.to_owned());
        }
    }
    if kept.len() > MAX_TAGS {
        return Err(value("tags", "too_many", format!("at most {MAX_TAGS} tags are allowed")));
    }
    Ok(kept)
}

fn set(field: &mut String, text: Option<String>, key: &'static str, longest: usize) -> Result<(), BadMetadata> {
    let Some(text) = text else { return Ok(()) };
    if text.len() > longest {
        return Err(value(key, "too_long", format!("at most {longest} bytes are allowed")));
    }
    if name::has_control(&text, true) {
        return Err(value(key, "control", "control characters are not allowed"));
    }
    text.trim().clone_into(field);
    Ok(())
}

pub(super) fn value(key: &'static str, code: &'static str, message: impl Into<String>) -> BadMetadata {
    BadMetadata::Value { key, code, message: message.into() }
}

/// The pairs of a header: `key base64,key base64,key`.
fn pairs(header: &str) -> Result<Vec<(&str, &str)>, BadMetadata> {
    let bad = |key: &str, detail| BadMetadata::Unparsable { key: key.chars().take(64).collect(), detail };
    if header.len() > MAX_HEADER {
        return Err(bad("", "the header is too long"));
    }
    let mut found: Vec<(&str, &str)> = Vec::new();
    if header.trim().is_empty() {
        return Ok(found);
    }
    for pair in header.split(',') {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        if key.is_empty() {
            return Err(bad(key, "a key is expected between commas"));
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad(key, "a key is ASCII"));
        }
        if found.iter().any(|(known, _)| *known == key) {
            return Err(bad(key, "the key occurs twice"));
        }
        found.push((key, value));
    }
    Ok(found)
}

fn text(key: &str, encoded: &str) -> Result<String, BadMetadata> {
    let bad = |detail| BadMetadata::Unparsable { key: key.to_owned(), detail };
    let bytes = STANDARD.decode(encoded).map_err(|_| bad("the value is not base64"))?;
    String::from_utf8(bytes).map_err(|_| bad("the value is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(pairs: &[(&str, &str)]) -> String {
        pairs.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value))).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn the_contracts_keys_are_read() {
        let text = header(&[
            ("filename", "clase 1.mp4"),
            ("title", "Clase número 1"),
            ("tags", "so1, , redes,so1"),
            ("visibility", "campus"),
            ("relativePath", "null"),
        ]);
        let metadata = Metadata::from_tus(Some(&text)).expect("good");
        assert_eq!(metadata.name, "clase 1.mp4");
        assert_eq!(metadata.media_type, "video/mp4", "guessed from the name");
        assert_eq!(metadata.tags, ["so1", "redes"]);
        assert_eq!(metadata.visibility, Visibility::Campus);
        assert_eq!(metadata.search_text(), "clase 1.mp4 clase numero 1 so1 redes");
        assert_eq!(Metadata::from_tus(None), Ok(Metadata::default()));
        assert_eq!(Metadata::from_tus(Some("")), Ok(Metadata::default()));
        let html = Metadata::from_tus(Some(&header(&[("filename", "a.png"), ("filetype", "text/html")])));
        assert_eq!(html.expect("good").media_type, "text/html", "what is said counts");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (key, value, code) in [
            ("filename", "../x", "path"),
            ("filename", "a\0b", "control"),
            ("filename", "", "missing"),
            ("filetype", "html", "type"),
            ("title", "a\u{7}", "control"),
            ("visibility", "everybody", "value"),
            ("expires_at", "tomorrow", "type"),
        ] {
            match Metadata::from_tus(Some(&header(&[(key, value)]))) {
                Err(BadMetadata::Value { key: named, code: said, .. }) => assert_eq!((named, said), (key, code)),
                other => panic!("{key}={value:?}: {other:?}"),
            }
        }
        let long = "x".repeat(256);
        assert!(matches!(
            Metadata::from_tus(Some(&header(&[("filename", &long)]))),
            Err(BadMetadata::Value { key: "filename", code: "too_long", .. })
        ));
        for bad in
            ["filename %%%", "filename YQ==,filename YQ==", ",", "title /w==", "títle YQ==", "filename YQ== YQ=="]
        {
            assert!(matches!(Metadata::from_tus(Some(bad)), Err(BadMetadata::Unparsable { .. })), "{bad}");
        }
        let flood = format!("filename {}", "A".repeat(MAX_HEADER));
        assert!(matches!(Metadata::from_tus(Some(&flood)), Err(BadMetadata::Unparsable { .. })));
    }

    proptest! {
        #[test]
        fn no_header_panics(text in ".{0,80}") {
            let _ = Metadata::from_tus(Some(&text));
            if let Ok(metadata) = Metadata::from_tus(Some(&header(&[("filename", &text)]))) {
                prop_assert!(!metadata.name.contains(['/', '\\', '\0', '\n']));
                prop_assert!(metadata.name.len() <= name::MAX_NAME);
            }
        }
    }
}
