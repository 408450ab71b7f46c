//! Every endpoint, through the whole router, on both engines.

#[path = "../campus/mod.rs"]
mod campus;

mod guessing;
mod refusals;
mod sessions;
mod tokens;
mod users;

use campus::Campus;
use testkit::mariadb::MariaDb;

/// Runs each scenario on SQLite as a test of its own, and all of them on one MariaDB, each in its own database.
macro_rules! scenarios {
    ($($module:ident::$name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$module::$name(&super::Campus::start("sqlite").await).await;
            })+
        }

        #[tokio::test]
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
    sessions::logging_in_gives_tokens_that_the_keys_verify,
    sessions::a_refresh_token_is_good_once,
    sessions::an_answer_that_was_lost_does_not_end_the_session,
    sessions::a_session_ends_when_its_time_is_over,
    sessions::logging_out_ends_one_session_or_all,
    sessions::the_cookie_carries_the_refresh_token,
    users::registering_makes_a_student,
    users::a_repeated_registration_is_one,
    users::what_is_wrong_with_a_user_is_told_at_once,
    users::administrators_make_find_change_and_remove_users,
    users::lists_are_paged_and_searched,
    users::users_change_themselves_with_their_password,
    users::a_new_password_ends_the_other_sessions,
    users::a_change_of_rights_ends_the_old_tokens,
    users::there_is_always_an_administrator,
    users::two_administrators_cannot_demote_each_other,
    users::two_may_not_have_one_name_or_carnet,
    tokens::api_tokens_are_shown_once_and_do_what_their_scopes_say,
    tokens::a_repeated_request_gets_the_same_token,
    tokens::the_last_use_is_collected,
    tokens::what_is_wrong_with_a_token_is_told,
    tokens::others_tokens_are_not_there,
    guessing::an_account_is_closed_for_a_while,
    guessing::an_address_is_closed_for_a_while,
    guessing::a_flood_of_guesses_is_no_way_around,
    refusals::nobody_gets_in_without_a_believable_token,
    refusals::bodies_that_are_not_right_are_refused,
    refusals::only_administrators_manage_users,
}
