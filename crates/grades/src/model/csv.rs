//! Tables of records that people bring: read whole, and every bad line told.

use std::collections::HashMap;

use super::{Fault, Record, Rules, Semester, Slot};

/// The columns, in the order in which they are written; a table may have them in any order.
pub(crate) const COLUMNS: [&str; 6] = ["carnet", "nombre", "curso", "nota", "semestre", "year"];

/// What is wrong with a line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineFault {
    /// The line, from 1, as an editor counts them.
    pub(crate) line: usize,
    /// The column, if one is to blame.
    pub(crate) field: Option<&'static str>,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl LineFault {
    fn whole(line: usize, code: &'static str, detail: impl Into<String>) -> Self {
        Self { line, field: None, code, detail: detail.into() }
    }
}

/// Reads a table in UTF-8, with or without a byte order mark, separated by commas or semicolons, its first line the names of
/// the columns. `extra` is asked about each record that is right by itself.
///
/// # Errors
/// Everything that is wrong, line by line. Then nothing of the table should be kept.
pub(crate) fn read(
    table: &[u8],
    rules: &Rules,
    extra: impl Fn(&Record) -> Result<(), Fault>,
) -> Result<Vec<Record>, Vec<LineFault>> {
    let text = decode(table).map_err(|fault| vec![fault])?;
    let mut lines = Cells::new(text);
    let order = header(&mut lines).map_err(|fault| vec![fault])?;
    let (mut records, mut faults) = (Vec::new(), Vec::new());
    let mut seen: HashMap<Slot, usize> = HashMap::new();
    while let Some((line, cells)) = lines.next_line() {
        let read = cells.and_then(|cells| record(line, &cells, &order));
        match read.and_then(|record| check(line, record, rules, &extra)) {
            Ok(record) => match seen.insert(record.slot(), line) {
                Some(first) => {
                    let detail = format!("this student's grade in this class is in line {first} already");
                    faults.push(LineFault::whole(line, "repeated", detail));
                }
                None => records.push(record),
            },
            Err(found) => faults.extend(found),
        }
    }
    if records.is_empty() && faults.is_empty() {
        faults.push(LineFault::whole(1, "missing", "there are no grades below the names of the columns"));
    }
    if faults.is_empty() { Ok(records) } else { Err(faults) }
}

fn decode(table: &[u8]) -> Result<&str, LineFault> {
    if table.starts_with(&[0xff, 0xfe]) || table.starts_with(&[0xfe, 0xff]) {
        return Err(LineFault::whole(1, "encoding", "this is UTF-16: save the table as UTF-8"));
    }
    let table = table.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(table);
    std::str::from_utf8(table).map_err(|error| {
        let line = 1 + table[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        let detail = "this line is not UTF-8 but probably Latin-1 or Windows-1252: save the table as UTF-8";
        LineFault::whole(line, "encoding", detail)
    })
}

/// Where each of [`COLUMNS`] stands.
fn header(lines: &mut Cells<'_>) -> Result<[usize; COLUMNS.len()], LineFault> {
    let Some((line, cells)) = lines.next_line() else {
        return Err(LineFault::whole(1, "missing", format!("the table is empty: {} are expected", COLUMNS.join(", "))));
    };
    let cells = cells.map_err(|mut faults| faults.remove(0))?;
    let names: Vec<String> = cells.iter().map(|cell| cell.trim().to_lowercase()).collect();
    if let Some(unknown) = names.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        let detail = format!(
            "the column {unknown:?} is unknown: {} are expected, separated by commas or semicolons",
            COLUMNS.join(", ")
        );
        return Err(LineFault::whole(line, "unknown", detail));
    }
    let mut order = [0; COLUMNS.len()];
    for (place, column) in order.iter_mut().zip(COLUMNS) {
        let mut found = names.iter().enumerate().filter(|(_, name)| *name == column);
        *place = match (found.next(), found.next()) {
            (Some((place, _)), None) => place,
            (None, _) => return Err(missing(line, column)),
            (Some(_), Some(_)) => {
                return Err(LineFault::whole(line, "repeated", format!("the column {column} is there twice")));
            }
        };
    }
    Ok(order)
}

fn missing(line: usize, column: &'static str) -> LineFault {
    LineFault { line, field: Some(column), code: "missing", detail: format!("the column {column} is missing") }
}

fn record(line: usize, cells: &[String], order: &[usize; COLUMNS.len()]) -> Result<Record, Vec<LineFault>> {
    if cells.len() != COLUMNS.len() {
        let detail = format!("{} cells are expected, not {}", COLUMNS.len(), cells.len());
        return Err(vec![LineFault::whole(line, "cells", detail)]);
    }
    let [carnet, nombre, curso, nota, semestre, year] = order.map(|place| cells[place].trim());
    let mut faults = Vec::new();
    let mut number = |column: &'static str, text: &str| {
        text.parse::<i64>().unwrap_or_else(|_| {
            let detail = format!("a whole number is expected, not {:?}", shown(text));
            faults.push(LineFault { line, field: Some(column), code: "type", detail });
            0
        })
    };
    let (carnet, nota, year) = (number("carnet", carnet), number("nota", nota), number("year", year));
    let semestre = semestre.parse::<Semester>().unwrap_or_else(|_| {
        let detail = format!("1S or 2S is expected, not {:?}", shown(semestre));
        faults.push(LineFault { line, field: Some("semestre"), code: "choice", detail });
        Semester::First
    });
    let record =
        Record { carnet, nombre: api::csv::value(nombre).to_owned(), curso: curso.to_owned(), nota, semestre, year };
    if faults.is_empty() { Ok(record) } else { Err(faults) }
}

/// As much of a cell as a message can hold.
fn shown(cell: &str) -> String {
    cell.chars().take(40).collect()
}

fn check(
    line: usize,
    record: Record,
    rules: &Rules,
    extra: impl Fn(&Record) -> Result<(), Fault>,
) -> Result<Record, Vec<LineFault>> {
    let told = |Fault { field, code, detail }| LineFault { line, field: Some(field), code, detail };
    let record = rules.check(record).map_err(|faults| faults.into_iter().map(told).collect::<Vec<_>>())?;
    extra(&record).map_err(|fault| vec![told(fault)])?;
    Ok(record)
}

/// The cells of a line.
type Line = Result<Vec<String>, Vec<LineFault>>;

/// Lines of cells (RFC 4180): quotes around a cell, doubled inside; empty lines do not count.
struct Cells<'t> {
    rest: &'t str,
    line: usize,
    separator: char,
}

impl<'t> Cells<'t> {
    /// The first line says what separates.
    fn new(text: &'t str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        let separator = if first.matches(';').count() > first.matches(',').count() { ';' } else { ',' };
        Self { rest: text, line: 1, separator }
    }

    fn next_line(&mut self) -> Option<(usize, Line)> {
        while let Some(rest) = self.rest.strip_prefix('\n').or_else(|| self.rest.strip_prefix("\r\n")) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return None;
        }
        let began = self.line;
        let mut cells = Vec::new();
        loop {
            let cell = match self.rest.strip_prefix('"') {
                Some(quoted) => self.quoted(quoted),
                None => Ok(self.plain()),
            };
            match cell {
                Ok(cell) => cells.push(cell),
                Err(detail) => {
                    self.skip_line();
                    return Some((began, Err(vec![LineFault::whole(began, "quotes", detail)])));
                }
            }
            match self.rest.strip_prefix(self.separator) {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        self.skip_line();
        Some((began, Ok(cells)))
    }

    /// Up to the separator or the end of the line.
    fn plain(&mut self) -> String {
        let separator = self.separator;
        let end = self.rest.find([separator, '\n']).unwrap_or(self.rest.len());
        let (cell, rest) = self.rest.split_at(end);
        self.rest = rest;
        cell.strip_suffix('\r').unwrap_or(cell).to_owned()
    }

    fn quoted(&mut self, mut rest: &'t str) -> Result<String, &'static str> {
        let mut cell = String::new();
        loop {
            let Some(end) = rest.find('"') else {
                // What follows cannot be told apart from the cell.
                self.rest = "";
                return Err("the quotes that begin here do not end");
            };
            cell.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('"') {
                Some(more) => {
                    cell.push('"');
                    rest = more;
                }
                None => break,
            }
        }
        self.line += cell.matches('\n').count();
        self.rest = rest;
        let ends = rest.is_empty() || rest.starts_with([self.separator, '\n']) || rest.starts_with("\r\n");
        if ends { Ok(cell) } else { Err("something follows the quotes") }
    }

    fn skip_line(&mut self) {
        match self.rest.find('\n') {
            Some(end) => {
                self.rest = &self.rest[end + 1..];
                self.line += 1;
            }
            None => self.rest = "",
        }
    }
}

#[cfg(test)]
mod tests;
