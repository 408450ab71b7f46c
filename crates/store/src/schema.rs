//! Columns, indexes and migrations as the services' tables are written with: one DDL statement a migration.

pub use sea_orm::DbBackend;
use sea_orm::sea_query::IndexCreateStatement;
pub use sea_orm::sea_query::{ColumnDef, Index, Table, TableAlterStatement};

/// A step from one schema to the next, which never changes once it was published.
pub trait Migration: Send + Sync {
    /// Its name in the history, unlike all others of its service.
    fn name(&self) -> &'static str;

    /// One DDL statement, CREATE TABLE, CREATE INDEX or ADD COLUMN, as `engine` reads it.
    fn statement(&self, engine: DbBackend) -> String;
}

/// A migration that makes a table, an index or a column: its type, its name, and the statement.
#[macro_export]
macro_rules! migration {
    ($type:ident, $name:literal, $statement:expr $(,)?) => {
        struct $type;

        impl $crate::schema::Migration for $type {
            fn name(&self) -> &'static str {
                $name
            }

            fn statement(&self, engine: $crate::schema::DbBackend) -> String {
                engine.build(&$statement).sql
            }
        }
    };
}

/// A text of at most `length` characters.
#[must_use]
pub fn text(name: &'static str, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.string_len(length).not_null();
    column
}

/// A number of 64 bits, or a time in microseconds.
#[must_use]
pub fn number(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer().not_null();
    column
}

/// An index that is not unique unless it is said.
#[must_use]
pub fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}
