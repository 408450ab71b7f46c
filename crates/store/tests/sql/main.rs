//! One suite of what SQL must do, run on SQLite and on a real MariaDB, and what only one of them can get wrong.

mod campus;
mod children;
mod mariadb;
mod records;
mod sqlite;
mod suite;

/// Each case becomes a test for each engine.
macro_rules! on_both_engines {
    ($($case:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")] async fn $case() { crate::suite::$case(&crate::campus::Campus::sqlite()).await; })*
        }
        mod on_mariadb {
            $(#[tokio::test(flavor = "multi_thread")] async fn $case() { crate::suite::$case(&crate::campus::Campus::mariadb().await).await; })*
        }
    };
}

on_both_engines!(
    what_is_ok_is_kept_and_what_fails_is_not,
    one_failure_among_many_harms_nobody_else,
    a_panic_is_an_error_like_another,
    leases_are_won_renewed_lost_and_given_back,
    a_lease_is_overtaken_by_its_epoch_before_it_ends,
    nothing_is_committed_under_a_stale_epoch,
    a_repeat_gets_the_first_answer,
    one_of_many_equal_requests_takes_effect,
    old_answers_are_swept,
    messages_leave_only_with_their_transaction,
    a_job_is_done_once,
    an_overtaken_worker_cannot_end_its_job,
    three_processes_migrate_at_once,
    a_killed_writer_leaves_no_lock_and_nothing_half,
    two_services_have_tables_of_their_own,
);
