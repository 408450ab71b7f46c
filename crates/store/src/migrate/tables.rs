//! The store's own tables, `SERVICE_` before each name.

/// Names for the history, and one statement each.
pub(super) fn own(service: &str) -> [(&'static str, String); 7] {
    [
        (
            "store-01-lease",
            format!(
                "CREATE TABLE {service}_lease (name varchar(255) NOT NULL PRIMARY KEY, holder varchar(255) NOT NULL, \
                 epoch bigint NOT NULL, expires_at bigint NOT NULL, touched bigint NOT NULL)"
            ),
        ),
        (
            "store-02-idempotency",
            format!(
                "CREATE TABLE {service}_idempotency (scope varchar(255) NOT NULL, idem_key varchar(255) NOT NULL, \
                 digest varchar(64) NOT NULL, status bigint NOT NULL, body longtext NOT NULL, created_at bigint NOT \
                 NULL, PRIMARY KEY (scope, idem_key))"
            ),
        ),
        (
            "store-03-idempotency-age",
            format!("CREATE INDEX {service}_idempotency_age ON {service}_idempotency (created_at)"),
        ),
        (
            "store-04-outbox",
            format!(
                "CREATE TABLE {service}_outbox (id varchar(32) NOT NULL PRIMARY KEY, topic varchar(255) NOT NULL, \
                 payload longtext NOT NULL, created_at bigint NOT NULL)"
            ),
        ),
        (
            "store-05-job",
            format!(
                "CREATE TABLE {service}_job (kind varchar(100) NOT NULL, job_key varchar(255) NOT NULL, payload \
                 longtext NOT NULL, run_at bigint NOT NULL, attempts bigint NOT NULL, holder varchar(255), leased_until \
                 bigint NOT NULL, last_error longtext, PRIMARY KEY (kind, job_key))"
            ),
        ),
        ("store-06-job-due", format!("CREATE INDEX {service}_job_due ON {service}_job (kind, run_at)")),
        ("store-07-outbox-age", format!("CREATE INDEX {service}_outbox_age ON {service}_outbox (created_at, id)")),
    ]
}
