//! The tables of the service, one DDL statement a migration, the same text for SQLite and MySQL but for full text.

use store::schema::{DbBackend, Migration};

/// All migrations, oldest first. What is here never changes; what is needed later is added.
#[must_use]
pub fn migrations() -> Vec<Box<dyn Migration>> {
    DDL.iter()
        .map(|&(name, statement)| Ddl::both(name, statement))
        .chain(LATER.iter().copied())
        .map(|ddl| Box::new(ddl) as Box<dyn Migration>)
        .collect()
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

/// What is kept over time, and what only one of the engines has.
const LATER: &[Ddl] = &[
    Ddl::both(
        "files-40-audit",
        "CREATE TABLE files_audit (id varchar(26) NOT NULL PRIMARY KEY, user_id varchar(26) NOT NULL, user_name \
         varchar(255) NOT NULL, file varchar(26) NOT NULL, name varchar(255) NOT NULL, direction varchar(10) NOT NULL, \
         via varchar(10) NOT NULL, address varchar(64) NOT NULL, started_at bigint NOT NULL, seen_at bigint NOT NULL, \
         ended_at bigint, transferred bigint NOT NULL, size_bytes bigint, interruptions bigint NOT NULL, resumes bigint \
         NOT NULL, cut bigint NOT NULL, covered varchar(1400) NOT NULL, revision bigint NOT NULL, sha256 varchar(64), \
         outcome varchar(10) NOT NULL)",
    ),
    Ddl::both("files-41-audit-started", "CREATE INDEX files_audit_started ON files_audit (started_at, id)"),
    Ddl::both("files-42-audit-user", "CREATE INDEX files_audit_user ON files_audit (user_id, started_at, id)"),
    Ddl::both("files-43-audit-file", "CREATE INDEX files_audit_file ON files_audit (file, started_at, id)"),
    Ddl::both(
        "files-44-audit-open",
        "CREATE INDEX files_audit_open ON files_audit (outcome, direction, file, user_id, seen_at)",
    ),
    Ddl::both(
        "files-45-hour",
        "CREATE TABLE files_hour (owner varchar(26) NOT NULL, hour bigint NOT NULL, direction varchar(10) NOT NULL, \
         transfers bigint NOT NULL, done bigint NOT NULL, bytes bigint NOT NULL, interrupted bigint NOT NULL, recovered \
         bigint NOT NULL, PRIMARY KEY (owner, hour, direction))",
    ),
    Ddl::both("files-46-file-downloads", "ALTER TABLE files_file ADD COLUMN downloads bigint NOT NULL DEFAULT 0"),
    Ddl::both("files-47-file-sent", "ALTER TABLE files_file ADD COLUMN sent_bytes bigint NOT NULL DEFAULT 0"),
    Ddl::both("files-48-file-deleted", "ALTER TABLE files_file ADD COLUMN deleted_at bigint NOT NULL DEFAULT 0"),
    Ddl::both("files-49-file-expires", "ALTER TABLE files_file ADD COLUMN expires_at bigint NOT NULL DEFAULT 0"),
    Ddl::both(
        "files-50-file-classification",
        "ALTER TABLE files_file ADD COLUMN classification varchar(255) NOT NULL DEFAULT ''",
    ),
    Ddl::both("files-51-file-tags", "ALTER TABLE files_file ADD COLUMN tags longtext"),
    Ddl::both("files-52-file-words", "ALTER TABLE files_file ADD COLUMN words longtext"),
    Ddl::both("files-53-file-indexed", "ALTER TABLE files_file ADD COLUMN search_row bigint NOT NULL DEFAULT 0"),
    Ddl::both("files-54-file-popular", "CREATE INDEX files_file_popular ON files_file (downloads, id)"),
    Ddl::both("files-55-file-trash", "CREATE INDEX files_file_trash ON files_file (deleted_at, expires_at)"),
    Ddl::both("files-56-file-search", "CREATE INDEX files_file_search ON files_file (search_row)"),
    Ddl {
        name: "files-57-search",
        statement: "CREATE FULLTEXT INDEX files_file_words ON files_file (words)",
        sqlite: Some("CREATE VIRTUAL TABLE files_search USING fts5(words, tokenize = 'ascii')"),
    },
    Ddl::both("files-58-upload-hold", "ALTER TABLE files_upload ADD COLUMN hold varchar(10) NOT NULL DEFAULT ''"),
    Ddl::both(
        "files-59-purged",
        "CREATE TABLE files_purged (id varchar(26) NOT NULL PRIMARY KEY, owner varchar(26) NOT NULL, expires_at bigint \
         NOT NULL)",
    ),
    Ddl::both("files-60-file-crc32", "ALTER TABLE files_file ADD COLUMN crc32 bigint"),
    // A part with 1 is counted with the file it was joined into.
    Ddl::both("files-61-upload-joined", "ALTER TABLE files_upload ADD COLUMN joined bigint NOT NULL DEFAULT 0"),
    Ddl::both("files-62-scrub-doubt", "ALTER TABLE files_scrub ADD COLUMN doubt varchar(10) NOT NULL DEFAULT ''"),
];

#[derive(Clone, Copy)]
struct Ddl {
    name: &'static str,
    statement: &'static str,
    /// What SQLite runs instead.
    sqlite: Option<&'static str>,
}

impl Ddl {
    const fn both(name: &'static str, statement: &'static str) -> Self {
        Self { name, statement, sqlite: None }
    }
}

impl Migration for Ddl {
    fn name(&self) -> &'static str {
        self.name
    }

    fn statement(&self, engine: DbBackend) -> String {
        let own = self.sqlite.filter(|_| engine == DbBackend::Sqlite);
        own.unwrap_or(self.statement).to_owned()
    }
}
