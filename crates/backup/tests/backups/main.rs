//! Servers and agents on one database, SQLite and MariaDB: folders are backed up, listed, restored by GNU tar; and what
//! happens when one of them dies, is cut off, or lies; on faults of every kind, `make soak` runs them at full count.

mod campus;
mod child;
mod faults;
mod flow;
mod hot;
mod http;
mod kills;
mod leading;
mod memory;
mod namespaces;
mod odd;
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
);
