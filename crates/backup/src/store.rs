//! The only SQL of this service: one module a table. Functions that take a transaction write; the others read.

pub(crate) mod agents;
pub(crate) mod archives;
pub(crate) mod leader;
pub(crate) mod log;
pub(crate) mod targets;

use kernel::error::Kind;
use store::StoreError;
use store::query::Row;

use crate::model::Address;

/// A number as it is kept.
fn number(value: u64) -> sea_orm::Value {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}

/// What a column of `length` characters can hold of a text.
fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

/// A host and a port, in columns beside each other.
fn address(row: &Row, place: usize) -> Result<Address, StoreError> {
    Ok(Address { host: row.text(place)?, port: row.count(place + 1)? })
}

/// An id that may be missing.
fn optional_id(row: &Row, place: usize, what: &'static str) -> Result<Option<kernel::id::Id>, StoreError> {
    let parsed = row.optional_text(place)?.map(|text| text.parse()).transpose();
    parsed.map_err(|error: kernel::id::BadId| StoreError::new(Kind::Internal, what, error))
}

/// HOST or HOST:PORT as a condition on the columns `host` and `port`, with its values.
fn node_condition(node: &str) -> (&'static str, Vec<sea_orm::Value>) {
    let port = |text: &str| text.parse::<i64>().ok();
    let (host, port) = match node.rsplit_once(':') {
        Some((host, digits)) if node.starts_with('[') || !host.contains(':') => match port(digits) {
            Some(port) => (host, Some(port)),
            None => (node, None),
        },
        _ => (node, None),
    };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let host = bare.to_ascii_lowercase();
    match port {
        Some(port) => ("host = ? AND port = ?", vec![host.into(), port.into()]),
        None => ("host = ?", vec![host.into()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_with_or_without_its_port() {
        let port = |port: i64| sea_orm::Value::from(port);
        for (node, host, number) in [
            ("Web-1", "web-1", None),
            ("web-1:9750", "web-1", Some(9750)),
            ("10.0.0.5:1", "10.0.0.5", Some(1)),
            ("fe80::1", "fe80::1", None),
            ("[fe80::1]:9750", "fe80::1", Some(9750)),
            ("[fe80::1]", "fe80::1", None),
        ] {
            let mut values = vec![sea_orm::Value::from(host.to_owned())];
            values.extend(number.map(port));
            assert_eq!(node_condition(node).1, values, "{node}");
        }
    }
}
