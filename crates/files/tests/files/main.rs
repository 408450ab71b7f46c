//! The service through its whole router over real sockets, on SQLite and on MariaDB.

mod admission;
mod archive;
mod audit;
mod bad_input;
mod catalogue;
mod checksum;
mod concat;
mod defer_length;
mod download;
mod draft;
mod hand;
mod quotas;
mod resume;
mod scrub;
mod shares;
mod statistics;
mod stream;
mod support;
mod takeover;
mod thumbnail;
mod transfers;
mod trash;
mod upload;
mod vouchers;

use support::Campus;

/// Made in a frame of its own: all scenarios in one would not fit the stack.
#[inline(never)]
fn boxed<F: Future>(scenario: impl FnOnce() -> F) -> std::pin::Pin<Box<F>> {
    Box::pin(scenario())
}

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
                let url = server.url(concat!("files_", stringify!($name)));
                boxed(|| async move { $module::$name(Campus::new(&url).await).await }).await;
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
    defer_length::a_length_comes_later,
    defer_length::lengths_that_are_refused,
    checksum::in_the_header,
    checksum::in_the_trailer,
    checksum::with_the_creation,
    checksum::nothing_counts_before_the_end,
    concat::parts_become_a_file,
    concat::before_the_parts_are_complete,
    concat::joins_that_are_refused,
    concat::bytes_live_while_a_chain_names_them,
    concat::parts_end,
    scrub::damage_is_found_and_healed,
    scrub::it_goes_on_after_a_restart,
    scrub::one_bad_reading_is_no_damage,
    draft::from_beginning_to_end,
    draft::in_one_request,
    draft::refusals_of_the_draft,
    draft::both_doors_lead_to_one_store,
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
    archive::a_selection_in_one_archive,
    archive::a_broken_archive_goes_on,
    archive::archives_that_are_refused,
    archive::checksums_that_are_not_known_yet,
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
    shares::from_making_to_revoking,
    shares::the_last_download_is_one_ones,
    shares::passwords_and_guesses,
    shares::content_counts_first_bytes,
    shares::content_takes_a_password,
    shares::a_link_ends,
    shares::bad_links,
    shares::asked_twice,
    vouchers::a_guest_uploads_and_comes_back,
    vouchers::limits_hold_at_once,
    vouchers::guests_say_how_long_it_is,
    vouchers::what_is_given_up_is_given_back,
    vouchers::revoking_ends_running_uploads,
    vouchers::expiry_ends_beginnings,
    vouchers::bad_vouchers,
    quotas::two_at_once_cannot_pass,
    quotas::lengths_that_are_not_declared,
    quotas::the_row_is_the_sum,
    quotas::parts_count_once,
    quotas::roles_and_grants,
    quotas::guests_take_of_the_members,
    audit::an_upload_over_all_its_requests,
    audit::uploads_that_come_to_nothing,
    audit::a_download_over_all_its_ranges,
    audit::a_burst_is_written_whole,
    audit::whose_entries_and_pages,
    audit::exports_are_longer_than_a_page,
    statistics::equal_what_the_trail_adds_up_to,
    statistics::replicas_count_the_same_rows,
    stream::fast_start,
    stream::what_is_no_movie_is_served_as_it_is,
    thumbnail::images_are_made_small,
    thumbnail::images_that_are_refused,
    trash::there_and_back,
    trash::for_good,
    trash::emptied_when_its_time_is_over,
    trash::files_that_end_by_themselves,
    hand::an_upload_is_held_and_let_go,
    hand::held_without_live,
    hand::an_upload_is_ended,
    hand::downloads_are_cut,
);
