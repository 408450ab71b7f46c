//! Text as the catalogue searches it: blind to case and accents, whatever the database thinks of them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case, without accents, blanks collapsed. `Matemáticas  II` becomes `matematicas ii`.
#[must_use]
pub fn fold(text: &str) -> String {
    let bare: String = text.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    bare.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words a search text asks for, each of which must occur. At most 8 count.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).take(8).map(str::to_owned).collect()
}

/// A `LIKE` pattern that finds `word` anywhere, to be used with `ESCAPE '!'`.
#[must_use]
pub fn like(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for c in word.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_do_not_count() {
        assert_eq!(fold("  Matemáticas\tÑANDÚ "), "matematicas nandu");
        assert_eq!(words("c++ (").as_slice(), ["c++", "("]);
        assert!(words("   ").is_empty());
    }

    #[test]
    fn patterns_are_literal() {
        assert_eq!(like("50%_!"), "%50!%!_!!%");
    }
}
