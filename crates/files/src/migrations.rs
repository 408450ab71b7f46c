//! The tables of the service, one DDL statement a migration, the same text for SQLite and MySQL.

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// All migrations, oldest first. What is here never changes; what is needed later is added.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    DDL.iter().map(|&(name, statement)| Box::new(Ddl { name, statement }) as Box<dyn MigrationTrait>).collect()
}

const DDL: &[(&str, &str)] = &[
    (
        "files-01-upload",
        "CREATE TABLE files_upload (id varchar(26) NOT NULL PRIMARY KEY, owner varchar(26) NOT NULL, owner_name \
         varchar(255) NOT NULL, total bigint, acked bigint NOT NULL, epoch bigint NOT NULL, writer varchar(255), hash \
         varchar(512) NOT NULL, state varchar(10) NOT NULL, metadata longtext NOT NULL, metadata_header longtext NOT \
         NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL, expires_at bigint NOT NULL)",
    ),
    ("files-02-upload-owner", "CREATE INDEX files_upload_owner ON files_upload (state, owner, updated_at)"),
    ("files-03-upload-expiry", "CREATE INDEX files_upload_expiry ON files_upload (expires_at)"),
    (
        "files-04-segment",
        "CREATE TABLE files_segment (file varchar(26) NOT NULL, place bigint NOT NULL, blob_key varchar(200) NOT NULL, \
         size_bytes bigint NOT NULL, PRIMARY KEY (file, place))",
    ),
    (
        "files-05-file",
        "CREATE TABLE files_file (id varchar(26) NOT NULL PRIMARY KEY, version bigint NOT NULL, owner varchar(26) NOT \
         NULL, owner_name varchar(255) NOT NULL, name_key varchar(255) NOT NULL, media_type varchar(127) NOT NULL, \
         category varchar(255) NOT NULL, metadata longtext NOT NULL, search longtext NOT NULL, size_bytes bigint NOT \
         NULL, sha256 varchar(64) NOT NULL, visibility varchar(10) NOT NULL, created_at bigint NOT NULL)",
    ),
    ("files-06-file-created", "CREATE INDEX files_file_created ON files_file (created_at, id)"),
    ("files-07-file-owner", "CREATE INDEX files_file_owner ON files_file (owner, created_at, id)"),
    ("files-08-file-name", "CREATE INDEX files_file_name ON files_file (name_key, id)"),
    ("files-09-file-size", "CREATE INDEX files_file_size ON files_file (size_bytes, id)"),
    ("files-10-upload-kind", "ALTER TABLE files_upload ADD COLUMN kind varchar(10) NOT NULL DEFAULT 'whole'"),
    ("files-11-upload-concat", "ALTER TABLE files_upload ADD COLUMN concat_header longtext"),
    (
        "files-12-join",
        "CREATE TABLE files_join (whole varchar(26) NOT NULL, place bigint NOT NULL, part varchar(26) NOT NULL, PRIMARY KEY \
         (whole, place))",
    ),
    ("files-13-join-part", "CREATE INDEX files_join_part ON files_join (part)"),
    ("files-14-segment-blob", "CREATE INDEX files_segment_blob ON files_segment (blob_key)"),
    ("files-15-file-state", "ALTER TABLE files_file ADD COLUMN state varchar(10) NOT NULL DEFAULT 'ready'"),
    (
        "files-16-scrub",
        "CREATE TABLE files_scrub (name varchar(20) NOT NULL PRIMARY KEY, file varchar(26) NOT NULL, checked bigint NOT \
         NULL, hash varchar(512) NOT NULL, rest_until bigint NOT NULL)",
    ),
    (
        "files-20-share",
        "CREATE TABLE files_share (id varchar(26) NOT NULL PRIMARY KEY, file varchar(26) NOT NULL, token_hash varchar(64) \
         NOT NULL, password varchar(255), note longtext NOT NULL, expires_at bigint, max_downloads bigint, downloads \
         bigint NOT NULL, counted_at bigint, guesses bigint NOT NULL, guesses_since bigint NOT NULL, revoked_at bigint, \
         created_at bigint NOT NULL)",
    ),
    ("files-21-share-token", "CREATE UNIQUE INDEX files_share_token ON files_share (token_hash)"),
    ("files-22-share-file", "CREATE INDEX files_share_file ON files_share (file, id)"),
    (
        "files-23-voucher",
        "CREATE TABLE files_voucher (id varchar(26) NOT NULL PRIMARY KEY, owner varchar(26) NOT NULL, owner_name \
         varchar(255) NOT NULL, token_hash varchar(64) NOT NULL, note longtext NOT NULL, expires_at bigint NOT NULL, \
         max_files bigint NOT NULL, max_bytes bigint, begun_files bigint NOT NULL, begun_bytes bigint NOT NULL, revoked_at \
         bigint, created_at bigint NOT NULL)",
    ),
    ("files-24-voucher-token", "CREATE UNIQUE INDEX files_voucher_token ON files_voucher (token_hash)"),
    ("files-25-voucher-owner", "CREATE INDEX files_voucher_owner ON files_voucher (owner, id)"),
    (
        "files-26-voucher-item",
        "CREATE TABLE files_voucher_item (upload varchar(26) NOT NULL PRIMARY KEY, voucher varchar(26) NOT NULL, name \
         varchar(255) NOT NULL, size_bytes bigint, sha256 varchar(64), completed_at bigint)",
    ),
    (
        "files-27-voucher-item-voucher",
        "CREATE INDEX files_voucher_item_voucher ON files_voucher_item (voucher, upload)",
    ),
    (
        "files-28-usage",
        "CREATE TABLE files_usage (owner varchar(26) NOT NULL PRIMARY KEY, role varchar(20), used bigint NOT NULL, \
         reserved bigint NOT NULL, granted bigint)",
    ),
];

struct Ddl {
    name: &'static str,
    statement: &'static str,
}

impl MigrationName for Ddl {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Ddl {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.statement).await.map(drop)
    }
}
