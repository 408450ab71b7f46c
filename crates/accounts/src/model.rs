//! Users and their tokens as values: what may be in each field. No I/O.

use api::FieldError;
use api::auth::{SCOPES, UserRole};
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters of a username.
const USERNAME: std::ops::RangeInclusive<usize> = 1..=64;
/// Characters of a person's or a token's name.
const NAME: std::ops::RangeInclusive<usize> = 1..=200;
/// Characters of an address (RFC 5321 allows 254 octets).
const EMAIL: usize = 254;
/// Characters of a password. Argon2 takes any; the upper end keeps one request from being work for many.
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=256;
const MOST_COURSES: usize = 40;
const COURSE: std::ops::RangeInclusive<usize> = 1..=32;
/// Days an API token may last.
const TOKEN_DAYS: std::ops::RangeInclusive<i64> = 1..=365;

/// Somebody of the campus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The user's id.
    #[schema(value_type = String, example = "01hf7yat00e1ne1eyk1x0m0000")]
    pub id: Id,
    /// The name for logging in; unique whatever its case.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// The person's address; empty if not given.
    pub email: String,
    /// What the person is on the campus.
    pub role: UserRole,
    /// A student's number, which opens the student's own grades; unique.
    #[schema(required = true)]
    pub carnet: Option<i64>,
    /// A professor's courses.
    pub courses: Vec<String>,
    /// When the user was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// An API token, without the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    /// The token's id.
    #[schema(value_type = String)]
    pub id: Id,
    /// What it is for, in its owner's words.
    pub name: String,
    /// How to recognise it: its visible prefix and its last six characters.
    #[schema(example = "bdl_…x7Kq2A")]
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When it was last used, to about a minute; `null` if never.
    #[schema(value_type = Option<String>, required = true)]
    pub last_used_at: Option<Timestamp>,
}

/// A username as shown and as compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Username {
    /// As its owner writes it.
    pub(crate) shown: String,
    /// As it is compared: case does not count.
    pub(crate) folded: String,
}

/// The form in which usernames are compared.
pub(crate) fn fold(username: &str) -> String {
    username.trim().to_lowercase()
}

/// The text that `?q=` looks in: case and the accents of the campus's languages do not count.
pub(crate) fn search_text(parts: &[&str]) -> String {
    parts.join(" ").to_lowercase().chars().map(without_accent).collect()
}

const fn without_accent(letter: char) -> char {
    match letter {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        other => other,
    }
}

/// Collects what is wrong with a request, so that its sender learns of everything at once.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    /// Nothing is wrong yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What was collected, if anything.
    pub(crate) fn into_result(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    /// Notes that `field` is wrong.
    pub(crate) fn note(&mut self, field: &str, code: &str, message: impl Into<String>) {
        self.0.push(FieldError::new(field, code, message));
    }

    /// A username: letters, digits and `. _ @ -`.
    pub(crate) fn username(&mut self, field: &str, text: &str) -> Username {
        let shown = self.text(field, text, USERNAME);
        if !shown.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '@' | '-')) {
            self.note(field, "characters", "letters, digits and . _ @ - are allowed");
        }
        let folded = fold(&shown);
        Username { shown, folded }
    }

    /// The name of a person or of a token.
    pub(crate) fn name(&mut self, field: &str, text: &str) -> String {
        self.text(field, text, NAME)
    }

    /// An address, or nothing.
    pub(crate) fn email(&mut self, field: &str, text: &str) -> String {
        let email = self.text(field, text, 0..=EMAIL);
        let plausible = email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !email.contains(char::is_whitespace)
        });
        if !email.is_empty() && !plausible {
            self.note(field, "email", "an address such as ana@campus.example is expected");
        }
        email
    }

    /// A new password. It is not trimmed: spaces are part of it.
    pub(crate) fn password(&mut self, field: &str, text: &str) {
        self.length(field, text, PASSWORD);
        self.no_controls(field, text);
    }

    /// A student's number.
    pub(crate) fn carnet(&mut self, field: &str, carnet: i64) {
        if carnet < 1 {
            self.note(field, "range", "a positive number is expected");
        }
    }

    /// A professor's courses, without repeats.
    pub(crate) fn courses(&mut self, field: &str, courses: &[String]) -> Vec<String> {
        if courses.len() > MOST_COURSES {
            self.note(field, "too_many", format!("at most {MOST_COURSES} courses"));
            return Vec::new();
        }
        let mut kept: Vec<String> = Vec::new();
        for (place, course) in courses.iter().enumerate() {
            let course = self.text(&format!("{field}/{place}"), course, COURSE);
            if !kept.contains(&course) {
                kept.push(course);
            }
        }
        kept
    }

    /// What an API token may do, in order and without repeats.
    pub(crate) fn scopes(&mut self, field: &str, scopes: &[String]) -> Vec<String> {
        if scopes.is_empty() {
            self.note(field, "too_short", "a token without scopes could do nothing");
        }
        for (place, scope) in scopes.iter().enumerate() {
            if !SCOPES.contains(&scope.as_str()) {
                self.note(&format!("{field}/{place}"), "choice", format!("one of {} is expected", SCOPES.join(", ")));
            }
        }
        SCOPES.into_iter().filter(|known| scopes.iter().any(|scope| scope == known)).map(str::to_owned).collect()
    }

    /// How many days an API token lasts.
    pub(crate) fn token_days(&mut self, field: &str, days: i64) {
        if !TOKEN_DAYS.contains(&days) {
            self.note(field, "range", format!("{} to {} days", TOKEN_DAYS.start(), TOKEN_DAYS.end()));
        }
    }

    fn text(&mut self, field: &str, text: &str, lengths: std::ops::RangeInclusive<usize>) -> String {
        let trimmed = text.trim();
        self.length(field, trimmed, lengths);
        self.no_controls(field, trimmed);
        trimmed.to_owned()
    }

    fn length(&mut self, field: &str, text: &str, lengths: std::ops::RangeInclusive<usize>) {
        let length = text.chars().count();
        if length < *lengths.start() {
            self.note(field, "too_short", format!("at least {} characters", lengths.start()));
        } else if length > *lengths.end() {
            self.note(field, "too_long", format!("at most {} characters", lengths.end()));
        }
    }

    /// Refuses NUL, line ends and what turns the direction of writing: they only serve to deceive readers of a list.
    fn no_controls(&mut self, field: &str, text: &str) {
        let hidden = |letter: char| {
            letter.is_control()
                || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        };
        if text.contains(hidden) {
            self.note(field, "characters", "control characters are not allowed");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(check: impl FnOnce(&mut Faults)) -> Vec<String> {
        let mut faults = Faults::new();
        check(&mut faults);
        faults.0.into_iter().map(|fault| format!("{} {}", fault.field, fault.code)).collect()
    }

    #[test]
    fn each_field_has_its_limits() {
        let long = "x".repeat(201);
        assert_eq!(codes(|f| drop(f.username("/u", " Ana.P_1@x-y "))), [""; 0]);
        assert_eq!(codes(|f| drop(f.username("/u", "  "))), ["/u too_short"]);
        assert_eq!(codes(|f| drop(f.username("/u", &long))), ["/u too_long"]);
        assert_eq!(codes(|f| drop(f.username("/u", "a b"))), ["/u characters"]);
        assert_eq!(codes(|f| drop(f.username("/u", "../etc"))), ["/u characters"]);
        assert_eq!(codes(|f| drop(f.name("/n", "José Núñez"))), [""; 0]);
        assert_eq!(codes(|f| drop(f.name("/n", "a\0b"))), ["/n characters"]);
        assert_eq!(codes(|f| drop(f.name("/n", "a\u{202e}b"))), ["/n characters"]);
        assert_eq!(codes(|f| drop(f.name("/n", &long))), ["/n too_long"]);
        assert_eq!(codes(|f| drop(f.email("/e", ""))), [""; 0]);
        assert_eq!(codes(|f| drop(f.email("/e", "ana@x.gt"))), [""; 0]);
        for bad in ["ana", "@x", "a@", "a@b@c", "a b@c"] {
            assert_eq!(codes(|f| drop(f.email("/e", bad))), ["/e email"], "{bad}");
        }
        assert_eq!(codes(|f| f.password("/p", "1234567")), ["/p too_short"]);
        assert_eq!(codes(|f| f.password("/p", &"x".repeat(257))), ["/p too_long"]);
        assert_eq!(codes(|f| f.password("/p", "1234567\n")), ["/p characters"]);
        assert_eq!(codes(|f| f.carnet("/c", 0)), ["/c range"]);
        assert_eq!(codes(|f| drop(f.courses("/c", &["SO1".into(), String::new()]))), ["/c/1 too_short"]);
        assert_eq!(codes(|f| drop(f.courses("/c", &vec![String::from("x"); 41]))), ["/c too_many"]);
        assert_eq!(codes(|f| drop(f.scopes("/s", &[]))), ["/s too_short"]);
        assert_eq!(codes(|f| drop(f.scopes("/s", &["files:read".into(), "all".into()]))), ["/s/1 choice"]);
        assert_eq!(codes(|f| f.token_days("/d", 366)), ["/d range"]);
    }

    #[test]
    fn searching_ignores_case_and_accents() {
        assert_eq!(search_text(&["MUÑOZ", "José"]), "munoz jose");
    }

    proptest! {
        #[test]
        fn what_passes_can_be_kept(text in ".{0,300}") {
            let mut faults = Faults::new();
            let username = faults.username("/u", &text);
            if faults.into_result().is_ok() {
                prop_assert!(username.shown.chars().count() <= 64);
                // The column of the folded form has 192 characters: lower case is at most three times as long.
                prop_assert!(username.folded.chars().count() <= 192);
                prop_assert_eq!(fold(&username.folded), username.folded);
            }
        }
    }
}
