//! File names: what may be one.
//!
//! A name with path components is refused, not stripped: whoever sends `../x` must learn that it was not kept.

/// Longest name, in bytes of UTF-8: what file systems take.
pub const MAX_NAME: usize = 255;

/// Why a text is no file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing is left of it.
    #[error("a name is expected")]
    Empty,
    /// Longer than [`MAX_NAME`].
    #[error("at most {MAX_NAME} bytes are allowed")]
    TooLong,
    /// `/`, `\`, `.` or `..`.
    #[error("a name without folders is expected: / and \\ are not allowed, nor are . and ..")]
    Path,
    /// NUL, another control character, or a character that reverses the text's direction.
    #[error("control characters are not allowed")]
    Control,
}

impl BadName {
    /// The stable word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "missing",
            Self::TooLong => "too_long",
            Self::Path => "path",
            Self::Control => "control",
        }
    }
}

/// Checks a file name and trims the blanks around it.
///
/// # Errors
/// What is wrong with it.
pub fn check(text: &str) -> Result<String, BadName> {
    if has_control(text, false) {
        return Err(BadName::Control);
    }
    let name = text.trim();
    if name.is_empty() {
        return Err(BadName::Empty);
    }
    if name.len() > MAX_NAME {
        return Err(BadName::TooLong);
    }
    if name.contains(['/', '\\']) || name == "." || name == ".." {
        return Err(BadName::Path);
    }
    Ok(name.to_owned())
}

/// Whether a text holds characters that cannot be shown or that make it look like another; line breaks and tabs only
/// count where `lines` is not set.
#[must_use]
pub fn has_control(text: &str, lines: bool) -> bool {
    text.chars().any(|c| {
        let bidi = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        bidi || (c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names() {
        assert_eq!(check(" informe año.pdf "), Ok("informe año.pdf".to_owned()));
        assert_eq!(check("..."), Ok("...".to_owned()));
        assert_eq!(check(&"x".repeat(255)), Ok("x".repeat(255)));
        for (bad, why) in [
            ("", BadName::Empty),
            ("  ", BadName::Empty),
            ("../etc/passwd", BadName::Path),
            ("a/b", BadName::Path),
            ("C:\\x", BadName::Path),
            ("..", BadName::Path),
            ("a\0b", BadName::Control),
            ("a\nb", BadName::Control),
            ("exe.\u{202e}gpj", BadName::Control),
        ] {
            assert_eq!(check(bad), Err(why), "{bad:?}");
        }
        assert_eq!(check(&"ñ".repeat(128)), Err(BadName::TooLong));
    }
}
