//! `Content-Disposition`: how a browser is told to take bytes, and what they are called.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 lets stand as it is (`attr-char`), besides letters and digits.
const ATTR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// To be saved under that name.
#[must_use]
pub fn attachment(name: &str) -> String {
    named("attachment", name)
}

/// To be shown in place, and saved under that name if it is.
#[must_use]
pub fn inline(name: &str) -> String {
    named("inline", name)
}

/// An ASCII name for old clients, the true one by RFC 8187.
fn named(way: &str, name: &str) -> String {
    let ascii: String =
        name.chars().map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    if ascii == name {
        return format!("{way}; filename=\"{ascii}\"");
    }
    format!("{way}; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ATTR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_rfc_8187() {
        assert_eq!(inline("clase 1.mp4"), "inline; filename=\"clase 1.mp4\"");
        assert_eq!(
            attachment("informe año.pdf"),
            "attachment; filename=\"informe a_o.pdf\"; filename*=UTF-8''informe%20a%C3%B1o.pdf"
        );
        assert_eq!(
            attachment("a\"; x=\"%41.html"),
            "attachment; filename=\"a_; x=__41.html\"; filename*=UTF-8''a%22%3B%20x%3D%22%2541.html"
        );
    }
}
