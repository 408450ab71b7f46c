//! The only SQL of this service: one module a table. Functions that take a transaction write; the others read.

pub(crate) mod leader;
pub(crate) mod listing;
pub(crate) mod notes;
pub(crate) mod requests;

use sea_orm::Value;
use store::query::{Row, all, execute, insert_all, keys, one};

/// What a column of `length` characters can hold of a text.
fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

/// An epoch as it is kept.
fn epoch(epoch: u64) -> Value {
    i64::try_from(epoch).unwrap_or(i64::MAX).into()
}
