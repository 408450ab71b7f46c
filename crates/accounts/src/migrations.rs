//! The tables of this service, one DDL statement a migration.
//!
//! Times are microseconds since the epoch. Text is compared byte by byte; what must not depend on case is folded in a
//! column of its own.

use store::migration;
use store::schema::{ColumnDef, Migration, Table, index, number, text};

/// All migrations, oldest first.
#[must_use]
pub fn migrations() -> Vec<Box<dyn Migration>> {
    vec![
        Box::new(Users),
        Box::new(UsersByRole),
        Box::new(Sessions),
        Box::new(SessionsByUser),
        Box::new(Tokens),
        Box::new(TokensByUser),
        Box::new(Failures),
        Box::new(FailuresByAccount),
        Box::new(FailuresByAddress),
        Box::new(Revocations),
    ]
}

fn id(name: &'static str) -> ColumnDef {
    text(name, 26)
}

migration!(
    Users,
    "accounts-01-users",
    Table::create()
        .table("accounts_users")
        .col(id("id").primary_key())
        .col(text("username", 64))
        .col(text("folded", 192).unique_key())
        .col(text("name", 200))
        .col(text("email", 254))
        .col(text("search", 1600))
        .col(text("role", 16))
        .col(ColumnDef::new("carnet").big_integer().unique_key())
        .col(text("courses", 4000))
        .col(text("password_hash", 255))
        .col(number("created_at"))
        .to_owned()
);
migration!(UsersByRole, "accounts-02-users-by-role", index("accounts_users_role", "accounts_users", &["role"]));

migration!(
    Sessions,
    "accounts-03-sessions",
    Table::create()
        .table("accounts_sessions")
        .col(id("id").primary_key())
        .col(id("user_id"))
        .col(text("token_hash", 64))
        .col(ColumnDef::new("previous_hash").string_len(64))
        .col(number("rotated_at"))
        .col(number("created_at"))
        .col(number("expires_at"))
        .to_owned()
);
migration!(
    SessionsByUser,
    "accounts-04-sessions-by-user",
    index("accounts_sessions_user", "accounts_sessions", &["user_id"])
);

migration!(
    Tokens,
    "accounts-05-tokens",
    Table::create()
        .table("accounts_tokens")
        .col(id("id").primary_key())
        .col(id("user_id"))
        .col(text("name", 200))
        .col(text("hint", 32))
        .col(text("claims", 4000))
        .col(text("scopes", 500))
        .col(number("created_at"))
        .col(number("expires_at"))
        .col(ColumnDef::new("last_used_at").big_integer())
        .to_owned()
);
migration!(TokensByUser, "accounts-06-tokens-by-user", index("accounts_tokens_user", "accounts_tokens", &["user_id"]));

migration!(
    Failures,
    "accounts-07-login-failures",
    Table::create()
        .table("accounts_login_failures")
        .col(id("id").primary_key())
        .col(text("account", 64))
        .col(text("address", 64))
        .col(number("failed_at"))
        .to_owned()
);
migration!(
    FailuresByAccount,
    "accounts-08-failures-by-account",
    index("accounts_failures_account", "accounts_login_failures", &["account", "failed_at"])
);
migration!(
    FailuresByAddress,
    "accounts-09-failures-by-address",
    index("accounts_failures_address", "accounts_login_failures", &["address", "failed_at"])
);

migration!(
    Revocations,
    "accounts-10-revocations",
    Table::create()
        .table("accounts_revocations")
        .col(text("id", 64).primary_key())
        .col(text("kind", 16))
        .col(number("revoked_at"))
        .col(number("until_at"))
        .to_owned()
);
