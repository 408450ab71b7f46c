//! The tables of this service, one DDL statement a migration.
//!
//! Times are microseconds since the epoch. Rooms are names: classrooms, laboratories and adapted classrooms, each list
//! separated by spaces, the lists by slashes.

use store::migration;
use store::schema::{ColumnDef, Migration, Table, index, number, text};

/// All migrations, oldest first.
#[must_use]
pub fn migrations() -> Vec<Box<dyn Migration>> {
    vec![
        Box::new(Requests),
        Box::new(RequestsByKey),
        Box::new(RequestsByState),
        Box::new(Leader),
        Box::new(Alerts),
        Box::new(Servers),
        Box::new(Times),
        Box::new(TimesByMoment),
        Box::new(Refusals),
        Box::new(Members),
        Box::new(Decisions),
        Box::new(History),
        Box::new(HistoryByMoment),
        Box::new(TimesAlike),
    ]
}

migration!(
    Requests,
    "rooms-01-requests",
    Table::create()
        .table("rooms_requests")
        .col(text("id", 26).primary_key())
        .col(text("request_key", 129))
        .col(text("program", 64))
        .col(text("semester", 7))
        .col(number("classrooms"))
        .col(number("labs"))
        .col(number("minimum_capacity"))
        .col(number("equipment"))
        .col(ColumnDef::new("hold_us").big_integer())
        .col(text("state", 10))
        .col(number("epoch"))
        .col(text("rooms", 8000))
        .col(ColumnDef::new("detail").string_len(300))
        .col(number("asked_at"))
        .col(ColumnDef::new("deadline").big_integer())
        .col(number("changed_at"))
        .to_owned()
);
migration!(
    RequestsByKey,
    "rooms-02-requests-by-key",
    index("rooms_requests_key", "rooms_requests", &["request_key"]).unique().to_owned()
);
migration!(
    RequestsByState,
    "rooms-03-requests-by-state",
    index("rooms_requests_state", "rooms_requests", &["state", "semester"])
);

migration!(
    Leader,
    "rooms-04-leader",
    Table::create()
        .table("rooms_leader")
        .col(text("name", 32).primary_key())
        .col(number("epoch"))
        .col(text("server", 255))
        .col(text("node", 255))
        .col(number("pid"))
        .col(number("started"))
        .col(ColumnDef::new("connection_id").big_integer())
        .col(text("endpoint", 255))
        .col(text("presence", 64))
        .col(text("http", 64))
        .to_owned()
);

migration!(
    Alerts,
    "rooms-05-alerts",
    Table::create()
        .table("rooms_alerts")
        .col(text("id", 26).primary_key())
        .col(text("kind", 32))
        .col(text("detail", 500))
        .col(number("at"))
        .to_owned()
);

migration!(
    Servers,
    "rooms-06-servers",
    Table::create()
        .table("rooms_servers")
        .col(text("id", 26).primary_key())
        .col(text("server", 255))
        .col(text("role", 16))
        .col(text("event", 32))
        .col(number("epoch"))
        .col(number("at"))
        .to_owned()
);

migration!(
    Times,
    "rooms-07-times",
    Table::create()
        .table("rooms_times")
        .col(text("id", 26).primary_key())
        .col(text("kind", 16))
        .col(number("micros"))
        .col(number("at"))
        .to_owned()
);
migration!(TimesByMoment, "rooms-08-times-by-moment", index("rooms_times_at", "rooms_times", &["at"]));

migration!(
    Refusals,
    "rooms-09-refusals",
    Table::create()
        .table("rooms_refusals")
        .col(text("id", 26).primary_key())
        .col(text("address", 64))
        .col(text("reason", 300))
        .col(number("at"))
        .to_owned()
);

migration!(
    Members,
    "rooms-10-members",
    Table::create()
        .table("rooms_members")
        .col(text("name", 64).primary_key())
        .col(ColumnDef::new("faculty").string_len(64))
        .col(text("title", 200))
        .col(ColumnDef::new("public_key").string_len(40))
        .col(text("state", 10))
        .col(number("version"))
        .col(number("changed_at"))
        .col(text("changed_by", 255))
        .to_owned()
);
migration!(
    Decisions,
    "rooms-11-decisions",
    Table::create()
        .table("rooms_decisions")
        .col(text("id", 26).primary_key())
        .col(text("user_id", 26))
        .col(text("user_name", 255))
        .col(text("action", 10))
        .col(text("member", 64))
        .col(text("detail", 300))
        .col(number("at"))
        .to_owned()
);

migration!(
    History,
    "rooms-12-history",
    Table::create()
        .table("rooms_history")
        .col(text("id", 26).primary_key())
        .col(text("server", 255))
        .col(number("at"))
        .col(number("span_us"))
        .col(number("led"))
        .col(number("proposals"))
        .col(number("proposals_us"))
        .col(number("proposals_most_us"))
        .col(number("resolutions"))
        .col(number("resolutions_us"))
        .col(number("resolutions_most_us"))
        .col(number("refused"))
        .col(number("cpu_us"))
        .col(number("memory_bytes"))
        .to_owned()
);
migration!(HistoryByMoment, "rooms-13-history-by-moment", index("rooms_history_at", "rooms_history", &["at"]));

migration!(
    TimesAlike,
    "rooms-14-times-alike",
    Table::alter()
        .table("rooms_times")
        .add_column(ColumnDef::new("alike").big_integer().not_null().default(1))
        .to_owned()
);
