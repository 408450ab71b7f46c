//! Every scenario on both engines, through the whole router where there is one, and what happens when things fail.

mod campus;
mod entering;
mod figures;
mod outage;
mod reading;
mod recording;
mod tables;

use campus::Campus;
use testkit::mariadb::MariaDb;

/// Runs each scenario on SQLite as a test of its own, and all of them on one MariaDB, each in its own database.
macro_rules! scenarios {
    ($($module:ident::$name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$module::$name(&super::Campus::start("sqlite").await).await;
            })+
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn all_on_mariadb() {
            let server = MariaDb::start().await;
            $({
                println!("{}", stringify!($module::$name));
                let campus = Campus::start(&server.url(concat!("t_", stringify!($name)))).await;
                $module::$name(&campus).await;
            })+
        }
    };
}

scenarios! {
    recording::what_comes_at_once_is_kept_once,
    recording::another_grade_is_a_correction_and_another_name_is_none,
    recording::writers_of_the_same_students_lose_nothing,
    recording::a_key_gets_its_first_answer_on_any_replica,
    recording::many_keys_at_once_get_their_own_answers,
    recording::one_record_that_cannot_be_kept_harms_nobody_else,
    recording::a_full_queue_is_refused_at_once,
    recording::what_was_taken_is_written_before_the_end,
    recording::each_commit_leaves_one_message,
    entering::a_grade_is_entered_repeated_and_corrected,
    entering::whatever_is_wrong_is_named_and_nothing_is_kept,
    entering::only_those_who_may_enter_grades,
    entering::a_repeat_under_a_key_is_the_first_answer,
    reading::lists_are_filtered_and_paged,
    reading::a_grade_shows_its_history,
    reading::everybody_reads_what_is_theirs,
    reading::a_transcript_has_all_grades_of_a_student,
    tables::a_table_is_entered_whole_and_exported_again,
    tables::a_table_with_a_bad_line_is_not_entered_at_all,
    tables::a_table_that_is_none_is_refused,
    tables::a_table_under_a_key_gets_its_first_answer,
    tables::a_table_that_comes_twice_at_once_is_entered_once,
    tables::first_answers_are_kept_for_a_day,
    tables::whatever_is_wrong_with_a_table_is_named_and_nothing_is_kept,
    tables::an_export_is_streamed_in_pieces,
    figures::statistics_are_those_of_the_grades,
    figures::figures_of_the_campus_are_not_for_students,
}
