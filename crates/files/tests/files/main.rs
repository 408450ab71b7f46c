//! The service through its whole router over real sockets, on SQLite and on MariaDB.

mod admission;
mod audit;
mod bad_input;
mod catalogue;
mod download;
mod hand;
mod resume;
mod statistics;
mod support;
mod takeover;
mod transfers;
mod trash;
mod upload;

use support::Campus;

/// Each scenario on SQLite is a test of its own, so that they run side by side.
macro_rules! on_sqlite {
    ($($module:ident :: $name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$module::$name(super::Campus::new("sqlite").await).await;
                }
            )*
        }

        /// One server, a database for each scenario.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn all_of_it_on_mariadb() {
            let server = testkit::mariadb::MariaDb::start().await;
            $(
                eprintln!("on MariaDB: {}", stringify!($name));
                // On the heap: side by side they are more than a stack holds.
                let campus = Box::pin(Campus::new(&server.url(concat!("files_", stringify!($name))))).await;
                Box::pin($module::$name(campus)).await;
            )*
        }
    };
}

on_sqlite!(
    upload::tus_from_beginning_to_end,
    upload::first_bytes_with_the_creation,
    upload::an_empty_file_is_complete_at_once,
    upload::codes_of_the_protocol,
    upload::methods_in_disguise,
    upload::one_shot,
    upload::idempotency_keys,
    upload::twelve_at_once,
    resume::what_arrived_before_the_break_is_kept,
    resume::the_hash_goes_on_in_another_replica,
    resume::full_disk_and_on,
    resume::a_reserve_is_kept_free,
    resume::a_broken_one_shot,
    resume::ends_and_leftovers,
    takeover::head_ends_the_older_request,
    takeover::another_replica_takes_over,
    takeover::without_live_the_epoch_decides,
    takeover::a_dead_writer_does_not_hold_anybody_up,
    takeover::deleting_ends_the_writer,
    download::whole_and_described,
    download::ranges,
    download::conditions,
    download::across_segments,
    download::signed_addresses,
    download::what_could_run_is_not_shown,
    catalogue::visibility,
    catalogue::search_and_filter,
    catalogue::full_text,
    catalogue::pages_are_stable,
    catalogue::corrections,
    catalogue::removal_frees_the_bytes,
    bad_input::names_and_metadata,
    bad_input::sizes_and_offsets,
    bad_input::tokens,
    bad_input::bodies_and_queries,
    bad_input::early_refusals_are_heard,
    admission::a_user_has_so_many,
    admission::the_campus_has_so_many,
    admission::the_queue_lets_in_who_waited,
    transfers::seen_while_they_move_and_after,
    transfers::known_after_a_flush,
    transfers::presence,
    audit::an_upload_over_all_its_requests,
    audit::uploads_that_come_to_nothing,
    audit::a_download_over_all_its_ranges,
    audit::a_burst_is_written_whole,
    audit::whose_entries_and_pages,
    audit::exports_are_longer_than_a_page,
    statistics::equal_what_the_trail_adds_up_to,
    statistics::replicas_count_the_same_rows,
    trash::there_and_back,
    trash::for_good,
    trash::emptied_when_its_time_is_over,
    trash::files_that_end_by_themselves,
    hand::an_upload_is_held_and_let_go,
    hand::held_without_live,
    hand::an_upload_is_ended,
    hand::downloads_are_cut,
);
