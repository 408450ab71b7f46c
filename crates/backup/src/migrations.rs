//! The tables of this service, one DDL statement a migration. Times and spans are microseconds.

use store::migration;
use store::schema::{ColumnDef, Migration, Table, TableAlterStatement, index, number, text};

/// All migrations, oldest first.
#[must_use]
pub fn migrations() -> Vec<Box<dyn Migration>> {
    vec![
        Box::new(Nodes),
        Box::new(NodesByAddress),
        Box::new(Targets),
        Box::new(TargetsByKey),
        Box::new(TargetsByTime),
        Box::new(Archives),
        Box::new(ArchivesByNumber),
        Box::new(Log),
        Box::new(LogByOutcome),
        Box::new(Agents),
        Box::new(AgentsByFingerprint),
        Box::new(Enrolments),
        Box::new(Leader),
        Box::new(LogKind),
        Box::new(ArchiveProof),
        Box::new(ArchiveProofAt),
        Box::new(ArchiveProofDetail),
        Box::new(ArchiveTriedAt),
        Box::new(ArchivesByTarget),
        Box::new(TargetGoodAt),
        Box::new(TargetPin),
        Box::new(NodeQuota),
        Box::new(NodeUsed),
        Box::new(Alerts),
        Box::new(AlertsByOpenKey),
        Box::new(AgentFormer),
        Box::new(AgentExpires),
        Box::new(AgentRevoked),
        Box::new(LogReason),
    ]
}

migration!(
    Nodes,
    "backups-01-nodes",
    Table::create()
        .table("backups_nodes")
        .col(text("id", 26).primary_key())
        .col(text("address", 250))
        .col(text("host", 240))
        .col(number("port"))
        .col(ColumnDef::new("agent").string_len(26))
        .col(number("created_at"))
        .to_owned()
);
migration!(
    NodesByAddress,
    "backups-02-nodes-by-address",
    index("backups_nodes_address", "backups_nodes", &["address"]).unique().to_owned()
);

migration!(
    Targets,
    "backups-03-targets",
    Table::create()
        .table("backups_targets")
        .col(text("id", 26).primary_key())
        .col(text("node", 26))
        .col(text("path", 4096))
        .col(text("target_key", 64))
        .col(number("every_us"))
        .col(number("next_at"))
        .col(number("failures"))
        .col(text("created_by", 26))
        .col(number("created_at"))
        .to_owned()
);
migration!(
    TargetsByKey,
    "backups-04-targets-by-key",
    index("backups_targets_key", "backups_targets", &["target_key"]).unique().to_owned()
);
migration!(TargetsByTime, "backups-05-targets-by-time", index("backups_targets_next", "backups_targets", &["next_at"]));

migration!(
    Archives,
    "backups-06-archives",
    Table::create()
        .table("backups_archives")
        .col(text("id", 26).primary_key())
        .col(text("node", 26))
        .col(text("host", 240))
        .col(number("port"))
        .col(text("path", 4096))
        .col(text("target_key", 64))
        .col(number("number"))
        .col(number("at"))
        .col(number("size"))
        .col(number("span"))
        .col(number("entries"))
        .col(number("warnings"))
        .col(number("kept"))
        .to_owned()
);
migration!(
    ArchivesByNumber,
    "backups-07-archives-by-number",
    index("backups_archives_number", "backups_archives", &["node", "number"]).unique().to_owned()
);

migration!(
    Log,
    "backups-08-log",
    Table::create()
        .table("backups_log")
        .col(text("id", 26).primary_key())
        .col(text("target", 26))
        .col(text("host", 240))
        .col(number("port"))
        .col(text("path", 4096))
        .col(text("target_key", 64))
        .col(text("outcome", 12))
        .col(number("started_at"))
        .col(ColumnDef::new("ended_at").big_integer())
        .col(ColumnDef::new("archive").string_len(26))
        .col(ColumnDef::new("detail").string_len(1000))
        .col(text("warnings", 6000))
        .col(number("warnings_total"))
        .col(number("sent"))
        .col(number("entries"))
        .to_owned()
);
migration!(LogByOutcome, "backups-09-log-by-outcome", index("backups_log_outcome", "backups_log", &["outcome"]));

migration!(
    Agents,
    "backups-10-agents",
    Table::create()
        .table("backups_agents")
        .col(text("id", 26).primary_key())
        .col(text("fingerprint", 64))
        .col(number("enrolled_at"))
        .to_owned()
);
migration!(
    AgentsByFingerprint,
    "backups-11-agents-by-fingerprint",
    index("backups_agents_fingerprint", "backups_agents", &["fingerprint"]).unique().to_owned()
);

migration!(
    Enrolments,
    "backups-12-enrolments",
    Table::create()
        .table("backups_enrolments")
        .col(text("id", 26).primary_key())
        .col(text("secret", 64))
        .col(text("created_by", 26))
        .col(number("expires_at"))
        .col(ColumnDef::new("used_by").string_len(26))
        .to_owned()
);

migration!(
    Leader,
    "backups-13-leader",
    Table::create()
        .table("backups_leader")
        .col(text("name", 32).primary_key())
        .col(number("epoch"))
        .col(text("http", 64))
        .to_owned()
);

/// A column of a table that was there before.
fn added(table: &'static str, column: ColumnDef) -> TableAlterStatement {
    Table::alter().table(table).add_column(column).to_owned()
}

/// A number that rows from before do not have.
fn optional_number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().to_owned()
}

migration!(LogKind, "backups-14-log-kind", added("backups_log", text("kind", 12).default("backup").to_owned()));
migration!(ArchiveProof, "backups-15-archive-proof", added("backups_archives", optional_number("proof")));
migration!(ArchiveProofAt, "backups-16-archive-proof-at", added("backups_archives", optional_number("proof_at")));
migration!(
    ArchiveProofDetail,
    "backups-17-archive-proof-detail",
    added("backups_archives", ColumnDef::new("proof_detail").string_len(1000).to_owned())
);
migration!(ArchiveTriedAt, "backups-18-archive-tried-at", added("backups_archives", optional_number("tried_at")));
migration!(
    ArchivesByTarget,
    "backups-19-archives-by-target",
    index("backups_archives_target", "backups_archives", &["target_key", "kept"])
);
migration!(TargetGoodAt, "backups-20-target-good-at", added("backups_targets", optional_number("good_at")));
migration!(TargetPin, "backups-21-target-pin", added("backups_targets", number("pin_last_good").default(0).to_owned()));
migration!(NodeQuota, "backups-22-node-quota", added("backups_nodes", optional_number("quota")));
migration!(NodeUsed, "backups-23-node-used", added("backups_nodes", number("used").default(0).to_owned()));

migration!(
    Alerts,
    "backups-24-alerts",
    Table::create()
        .table("backups_alerts")
        .col(text("id", 26).primary_key())
        .col(text("kind", 20))
        .col(text("alert_key", 64))
        // The key while it is open: of each there is one at most.
        .col(ColumnDef::new("open_key").string_len(64))
        .col(ColumnDef::new("host").string_len(240))
        .col(ColumnDef::new("port").big_integer())
        .col(ColumnDef::new("path").string_len(4096))
        .col(ColumnDef::new("archive").string_len(26))
        .col(text("detail", 1000))
        .col(number("raised_at"))
        .col(ColumnDef::new("cleared_at").big_integer())
        .to_owned()
);
migration!(
    AlertsByOpenKey,
    "backups-25-alerts-by-open-key",
    index("backups_alerts_open", "backups_alerts", &["open_key"]).unique().to_owned()
);

migration!(
    AgentFormer,
    "backups-26-agent-former",
    added("backups_agents", ColumnDef::new("former").string_len(64).to_owned())
);
migration!(AgentExpires, "backups-27-agent-expires", added("backups_agents", optional_number("expires_at")));
migration!(AgentRevoked, "backups-28-agent-revoked", added("backups_agents", optional_number("revoked_at")));
migration!(
    LogReason,
    "backups-29-log-reason",
    added("backups_log", ColumnDef::new("reason").string_len(20).to_owned())
);
