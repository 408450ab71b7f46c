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

/// What a cell says that [`line()`] may have kept from being calculated.
#[must_use]
pub fn value(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| calculates(text)).unwrap_or(cell)
}

fn calculates(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

fn cell(text: &str) -> String {
    let safe = if calculates(text) { format!("'{text}") } else { text.to_owned() };
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
            assert_eq!(value(&cell(bad)), bad);
        }
        assert_eq!((value("'a"), value("a")), ("'a", "a"));
        assert_eq!(line(&["a", "b c", ""]), "a,b c,\r\n");
    }
}
