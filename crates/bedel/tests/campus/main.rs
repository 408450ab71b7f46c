//! The whole campus, as a process tree, under faults.
//!
//! Each test starts its own campus on free ports. `BEDEL_TEST_FULL=1` runs the faults at their full counts.

mod backups;
mod backups_alone;
mod bad_input;
mod benches;
mod commands;
mod disks;
mod engines;
mod gets;
mod grades;
mod harness;
mod kills;
mod links;
mod outages;
mod peers;
mod puts;
mod refusals;
mod registrar;
mod rolling;
mod rooms;
mod sharing;
mod transfer;
mod two_machines;

/// `small` in `make test`, `full` in `make soak`.
fn count<T>(small: T, full: T) -> T {
    if std::env::var_os("BEDEL_TEST_FULL").is_some() { full } else { small }
}
