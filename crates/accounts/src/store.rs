//! The only SQL of this service: one module a table. Functions that take a transaction write; the others read.

pub(crate) mod failures;
pub(crate) mod revocations;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod users;

use store::query::{Row, all, execute, one, prepare};

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
