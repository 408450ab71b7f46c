//! Columns, indexes and migrations as the services' tables are written with: one DDL statement a migration.

use sea_orm::DbBackend;
pub use sea_orm::sea_query::{ColumnDef, Index, Table, TableAlterStatement};
use sea_orm::sea_query::{IndexCreateStatement, TableCreateStatement};

/// A step from one schema to the next, which never changes once it was published.
pub trait Migration: Send + Sync {
    /// Its name in the history, unlike all others of its service.
    fn name(&self) -> &'static str;

    /// One DDL statement: CREATE TABLE, CREATE INDEX or ADD COLUMN.
    fn statement(&self, schema: Schema) -> String;
}

/// Writes statements as an engine reads them.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The engine.
    pub engine: DbBackend,
}

impl Schema {
    /// CREATE TABLE.
    #[must_use]
    pub fn create_table(self, table: TableCreateStatement) -> String {
        self.engine.build(&table).sql
    }

    /// ALTER TABLE.
    #[must_use]
    pub fn alter_table(self, table: TableAlterStatement) -> String {
        self.engine.build(&table).sql
    }

    /// CREATE INDEX.
    #[must_use]
    pub fn create_index(self, index: IndexCreateStatement) -> String {
        self.engine.build(&index).sql
    }
}

/// A migration that makes one table or one index: its type, its name, and the statement of a [`Schema`]. The module
/// imports `store::schema::*`.
#[macro_export]
macro_rules! migration {
    ($type:ident, $name:literal, $schema:ident => $statement:expr) => {
        struct $type;

        impl $crate::schema::Migration for $type {
            fn name(&self) -> &'static str {
                $name
            }

            fn statement(&self, $schema: $crate::schema::Schema) -> String {
                $statement
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
