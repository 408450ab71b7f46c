//! What full text indexes and how it is asked, alike on both engines.
//!
//! A text is cut into words here, and each is written so that every engine takes it for one word: ASCII only, and never
//! so short or so common that `InnoDB` would leave it out (`innodb_ft_min_token_size`, its stop words).

use super::fold;

/// Stands before each word: with it none is shorter than three characters or a stop word.
const MARK: &str = "zz";
/// Longest word, in bytes: `InnoDB` forgets those above 84.
const LONGEST: usize = 80;

/// What a text is indexed as: its words, each once.
#[must_use]
pub fn indexed(text: &str) -> String {
    let folded = fold::fold(text);
    let words: std::collections::BTreeSet<String> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()).map(word).collect();
    words.into_iter().collect::<Vec<_>>().join(" ")
}

/// What is looked for: whole words by their beginnings, and texts with signs in them (`c++`) anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// Beginnings of indexed words, all of which must occur.
    pub beginnings: Vec<String>,
    /// Folded texts, all of which must occur.
    pub literals: Vec<String>,
}

impl Search {
    /// Understands what somebody typed.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (beginnings, literals): (Vec<String>, Vec<String>) =
            fold::words(text).into_iter().partition(|typed| typed.chars().all(char::is_alphanumeric));
        Self { beginnings: beginnings.iter().map(|typed| word(typed)).collect(), literals }
    }

    /// The expression for FTS5's `MATCH`.
    #[must_use]
    pub fn fts5(&self) -> String {
        self.beginnings.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" ")
    }

    /// The expression for MySQL's `AGAINST (… IN BOOLEAN MODE)`.
    #[must_use]
    pub fn boolean(&self) -> String {
        self.beginnings.iter().map(|word| format!("+{word}*")).collect::<Vec<_>>().join(" ")
    }
}

/// A word as it is indexed. What a word begins with, its index form begins with.
fn word(run: &str) -> String {
    let mut written = MARK.to_owned();
    for c in run.chars() {
        let next = if c.is_ascii() { c.to_string() } else { format!("u{:06x}", u32::from(c)) };
        if written.len() + next.len() > LONGEST {
            break;
        }
        written.push_str(&next);
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_cut_alike_everywhere() {
        assert_eq!(indexed("Clase_1.mp4 de Matemáticas, clase"), "zz1 zzclase zzde zzmatematicas zzmp4");
        assert_eq!(indexed("日本"), "zzu0065e5u00672c");
        let search = Search::parse("Matem c++ 日 of");
        assert_eq!(search.beginnings, ["zzmatem", "zzu0065e5", "zzof"]);
        assert_eq!(search.literals, ["c++"]);
        assert_eq!(search.fts5(), "\"zzmatem\"* \"zzu0065e5\"* \"zzof\"*");
        assert_eq!(search.boolean(), "+zzmatem* +zzu0065e5* +zzof*");
    }

    proptest! {
        #[test]
        fn nothing_typed_reaches_a_query_parser(text in "\\PC{0,60}") {
            let search = Search::parse(&text);
            for word in &search.beginnings {
                prop_assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{word}");
                prop_assert!((3..=LONGEST).contains(&word.len()));
            }
        }

        #[test]
        fn a_text_is_found_by_its_own_words(text in "\\PC{1,60}") {
            let all = indexed(&text);
            for word in Search::parse(&text).beginnings {
                prop_assert!(all.split(' ').any(|known| known.starts_with(&word)), "{word} in {all}");
            }
        }
    }
}
