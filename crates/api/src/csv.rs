//! Tables for spreadsheets (RFC 4180).

/// The media type of a table.
pub const CONTENT_TYPE: &str = "text/csv; charset=utf-8";

/// A line of cells: quoted where it must be, and none that a spreadsheet would calculate.
#[must_use]
pub fn line(cells: &[impl AsRef<str>]) -> String {
    let mut line = cells.iter().map(|text| cell(text.as_ref())).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn cell(text: &str) -> String {
    let calculates = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let safe = if calculates { format!("'{text}") } else { text.to_owned() };
    if safe.contains([',', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_do_not_calculate() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("-x,\"y\""), "\"'-x,\"\"y\"\"\"");
        assert_eq!(cell("a=1"), "a=1");
        for bad in ["+1", "@x", "\tx"] {
            assert!(cell(bad).starts_with('\''), "{bad}");
        }
        assert_eq!(line(&["a", "b c", ""]), "a,b c,\r\n");
    }
}
