//! The only SQL of this service: one module a table. Functions that take a transaction write; the others read.

pub(crate) mod agents;
pub(crate) mod alerts;
pub(crate) mod archives;
pub(crate) mod leader;
pub(crate) mod log;
pub(crate) mod nodes;
pub(crate) mod targets;

use kernel::error::Kind;
use sea_orm::{ConnectionTrait, QueryResult};
use store::StoreError;
use store::query::{self, Row};

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

/// Conditions that rows must fulfil, with their values, in the order in which they are added.
#[derive(Default)]
struct Filter {
    conditions: Vec<&'static str>,
    values: Vec<sea_orm::Value>,
}

impl Filter {
    /// `condition` with its one value, if there is one.
    fn and(mut self, condition: &'static str, value: Option<impl Into<sea_orm::Value>>) -> Self {
        if let Some(value) = value {
            self.conditions.push(condition);
            self.values.push(value.into());
        }
        self
    }

    /// This condition, without a value, if there is one.
    fn only(mut self, condition: Option<&'static str>) -> Self {
        self.conditions.extend(condition);
        self
    }

    /// Rows of this node, if one is named; see [`node_condition`].
    fn of_node(mut self, node: Option<&str>) -> Self {
        if let Some((condition, values)) = node.map(node_condition) {
            self.conditions.push(condition);
            self.values.extend(values);
        }
        self
    }

    /// The rows that `select` reads, as far as they fulfil the conditions, in an order and at most so many.
    async fn rows(
        self,
        connection: &impl ConnectionTrait,
        what: &'static str,
        select: &str,
        (order, limit): (&str, u64),
    ) -> Result<Vec<QueryResult>, StoreError> {
        let conditions = if self.conditions.is_empty() { "1 = 1".to_owned() } else { self.conditions.join(" AND ") };
        let sql = format!("{select} WHERE {conditions} ORDER BY {order} LIMIT {limit}");
        query::all(connection, what, &sql, self.values).await
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
