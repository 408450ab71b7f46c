//! Servers on one database, SQLite and MariaDB: what is decided, by whom, and who is asked over HTTP.

mod campus;
mod children;
mod deciding;
mod http;
mod leading;
mod members;
mod outage;
mod stopped;

use campus::Campus;

testkit::on_both_engines!(
    deciding::what_was_answered_is_kept_and_answered_again,
    deciding::many_at_once_get_what_there_is_and_no_room_twice,
    deciding::a_proposal_that_nobody_answers_ends_by_itself,
    leading::the_standby_sends_askers_to_the_leader_and_follows_it,
    leading::a_planned_change_of_leaders_fails_no_request,
    leading::a_killed_leader_is_followed_at_once,
    leading::a_stopped_leader_is_ended_and_followed,
    http::a_request_is_made_answered_given_back_and_shown_on_any_replica,
    http::who_waits_over_http_is_served,
    http::what_is_wrong_is_told,
    members::keys_are_revoked_and_admitted_again,
    members::members_come_and_go,
    members::wrong_members_are_refused,
    outage::without_a_leader_http_says_so_and_reads_go_on,
    stopped::a_leader_stopped_inside_a_transaction_is_ended_and_followed,
);
