//! Columns, indexes and migrations as the services' tables are written with: one DDL statement a migration.

use sea_orm_migration::prelude::{ColumnDef, Index, IndexCreateStatement};

/// Not for use by name: what [`migration!`](crate::migration) expands to.
#[doc(hidden)]
pub use async_trait::async_trait;

/// A migration that makes one table or one index: its type, its name, and the statement for a `SchemaManager`. The module
/// imports `sea_orm_migration::prelude::*`.
#[macro_export]
macro_rules! migration {
    ($type:ident, $name:literal, $manager:ident => $statement:expr) => {
        struct $type;

        impl MigrationName for $type {
            fn name(&self) -> &str {
                $name
            }
        }

        #[$crate::schema::async_trait]
        impl MigrationTrait for $type {
            async fn up(&self, $manager: &SchemaManager) -> Result<(), DbErr> {
                $statement.await
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
