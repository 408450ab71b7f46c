//! Servers and agents on one database, SQLite and MariaDB: folders are backed up, listed, restored by GNU tar; and what
//! happens when one of them dies, is cut off, or lies; on faults of every kind, `make soak` runs them at full count.

mod agents;
mod alerts;
mod campus;
mod child;
mod faults;
mod flow;
mod hot;
mod http;
mod kills;
mod leading;
mod live;
mod memory;
mod namespaces;
mod odd;
mod quotas;
mod rehearsals;
mod resumed;
mod stage;
mod tree;

use campus::Campus;

/// `small` in `make test`, `full` in `make soak`.
fn count<T>(small: T, full: T) -> T {
    if std::env::var_os("BEDEL_TEST_FULL").is_some() { full } else { small }
}

testkit::on_both_engines!(
    flow::a_folder_is_backed_up_and_restored_by_tar,
    flow::only_what_changed_is_sent_and_the_last_ones_are_kept,
    flow::what_is_hot_or_odd_is_listed,
    flow::a_node_that_is_back_is_backed_up,
    flow::another_agent_at_the_same_address_is_not_asked,
    http::what_is_wrong_is_told,
    http::tokens_are_good_once,
    leading::a_standby_hands_on_and_takes_over,
    leading::a_backup_that_was_committed_is_listed_again,
    rehearsals::a_backup_is_proven_by_restoring_it,
    rehearsals::a_damaged_pack_fails_its_rehearsal_and_is_mended,
    rehearsals::at_night_everything_is_rehearsed_unasked,
    alerts::a_backup_that_lost_or_changed_nearly_everything_is_told_and_the_one_before_is_pinned,
    alerts::a_path_that_is_overdue_or_fails_is_told_until_it_is_backed_up,
    quotas::a_quota_stops_a_backup_and_keeps_what_is_committed,
    live::how_backups_stand_is_told_and_told_again,
    agents::a_revoked_agent_is_cut_off_and_never_asked_again,
    agents::a_certificate_is_renewed_and_a_lost_answer_harms_nobody,
    http::a_browser_opens_what_is_signed_and_looks_into_folders,
);
