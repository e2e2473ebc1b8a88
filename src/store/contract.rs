//! What every backend must do: one list of cases, run on each of them.
//!
//! A case is an async function that takes an empty store; its name is the claim. A new backend joins by its name and the
//! function that opens it, a new case by one line in the list.

mod answers;
mod backlogs;
pub(crate) mod books;
mod branch_days;
mod by_hand;
mod cards;
mod contacts;
mod dispatch;
pub(super) mod fixture;
mod gate;
mod gateway_days;
pub(super) mod histories;
mod holds;
mod kin;
mod many;
mod migrations;
mod planning;
mod receipts;
mod rehearsals;
mod routes;
mod taps;
mod texts;
pub(super) mod unit;
mod unknown;
mod windows;
pub(super) mod world;

use std::sync::Arc;

use super::{Store, memory, sled, work};
use crate::domain::seal::SECRET_BYTES;

/// The secret of the stores in tests.
pub(crate) const SECRET: [u8; SECRET_BYTES] = [7; SECRET_BYTES];
/// The most contacts that an address makes one person of.
pub(crate) const SHARED_MAX: usize = work::addresses::SHARED_MAX;

/// A store in a folder of its own, which goes when the guard is dropped.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    _folder: Option<tempfile::TempDir>,
}

async fn open_memory() -> Opened {
    Opened { store: memory::open(SECRET).await.unwrap(), _folder: None }
}

async fn open_sled() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let options = sled::SledOptions { path: folder.path().join("store"), cache_bytes: 16 << 20 };
    Opened { store: sled::open(options, SECRET).await.unwrap(), _folder: Some(folder) }
}

macro_rules! store_contract {
    ($backend:ident, $open:path, $n_histories:literal, [$($file:ident::$case:ident),* $(,)?]) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let opened = $open().await;
                    super::$file::$case(opened.store.clone()).await;
                }
            )*

            #[test]
            fn the_books_balance_after_any_history() {
                super::histories::run($n_histories, || $open());
            }
        }
    };
}

macro_rules! on_every_backend {
    ($($cases:tt)*) => {
        store_contract!(on_memory, super::open_memory, 256, [$($cases)*]);
        store_contract!(on_sled, super::open_sled, 32, [$($cases)*]);
    };
}

on_every_backend!(
    planning::a_plan_is_stored_whole_or_not_at_all,
    planning::the_same_event_again_gives_the_recorded_decisions_and_changes_nothing,
    planning::a_plan_on_an_older_revision_is_stale,
    planning::two_racing_plans_for_one_contact_cannot_both_pass_a_cap,
    planning::of_many_racing_events_of_one_contact_each_is_recorded_once_and_none_is_asked_over_the_cap,
    planning::the_last_fire_of_a_clock_is_kept_by_stage,
    many::of_many_plans_a_stale_one_neither_undoes_nor_blocks_the_others,
    many::an_event_that_is_twice_among_many_is_recorded_once,
    many::who_is_no_other_can_be_planned_for_at_once_and_who_is_waits,
    many::an_address_that_was_left_or_comes_with_the_news_of_another_counts,
    many::what_was_recorded_is_told_and_is_in_nobodys_way,
    many::no_more_are_looked_up_than_asked_for,
    many::what_hangs_on_a_plan_that_is_being_stored_waits,
    many::those_who_have_the_address_of_a_crowd_do_not_wait_for_each_other,
    dispatch::due_invitations_are_leased_in_order_of_priority_then_time,
    dispatch::no_more_than_asked_for_are_leased_and_none_twice,
    dispatch::racing_workers_never_hold_the_same_invitation,
    dispatch::only_the_holder_of_a_lease_may_settle_it,
    dispatch::outcomes_that_are_recorded_together_stand_each_for_itself,
    dispatch::a_deferred_message_waits_again_under_the_same_attempt,
    dispatch::a_line_up_goes_on_by_another_channel_when_the_first_was_refused,
    dispatch::windows_close_on_time_and_only_once,
    dispatch::the_queue_tells_how_many_stand_on_each_lane_and_what_is_due_first,
    windows::those_that_end_by_the_same_second_and_are_settled_together_share_an_entry_and_never_end_early,
    windows::text_messages_whose_leases_end_together_share_an_entry,
    windows::one_that_is_over_before_its_end_is_neither_closed_again_nor_opened,
    windows::one_that_is_sent_again_ends_once_and_so_do_those_beside_it,
    windows::one_that_is_on_its_way_at_its_end_is_closed_when_it_has_arrived,
    windows::no_entry_is_longer_than_is_good_and_each_is_worked_off_whole,
    backlogs::what_is_due_waits_is_held_or_on_its_way_is_counted_by_channel,
    backlogs::a_count_that_reaches_its_bound_says_so_and_the_oldest_is_found_all_the_same,
    backlogs::what_is_unknown_is_counted_until_it_is_known,
    backlogs::routes_are_listed_while_they_are_out_of_order,
    receipts::a_receipt_is_noted_once_and_tells_what_follows,
    receipts::what_a_gateway_says_that_was_asked_settles_a_message_once_or_leaves_it,
    receipts::an_address_that_bounced_for_good_is_suppressed_and_the_line_up_goes_on,
    receipts::what_is_not_the_recipients_fault_suppresses_nobody,
    receipts::the_address_that_a_message_went_to_is_suppressed_and_not_a_later_one,
    receipts::whoever_complains_is_not_asked_again_by_any_way,
    receipts::a_receipt_during_a_lease_is_kept_and_the_answer_comes_after_it,
    receipts::a_receipt_finds_a_message_of_unknown_outcome,
    receipts::an_address_comes_off_the_list_by_hand_only,
    texts::a_message_brought_many_times_at_once_is_heard_once_and_answered_the_same,
    texts::an_answer_belongs_to_the_last_text_message_that_went_there,
    texts::a_stop_ends_it_for_all_who_have_the_number_also_what_waits,
    texts::a_start_takes_back_what_a_stop_did_to_text_messages_and_nothing_else,
    texts::words_without_an_id_are_another_message_after_a_minute,
    unknown::an_expired_lease_of_mail_waits_again_under_the_same_attempt,
    unknown::an_expired_lease_of_a_text_message_is_held,
    unknown::a_lease_ends_at_its_time_and_not_before,
    unknown::mail_of_unknown_outcome_is_sent_once_more_and_then_held,
    unknown::unknown_outcomes_stay_listed_also_when_they_become_known,
    routes::what_is_over_a_domains_rate_waits_in_nobodys_way,
    routes::a_rate_of_the_relay_holds_over_all_domains_and_is_remembered,
    routes::what_waits_for_a_slow_domain_is_out_of_the_way_until_the_domain_has_room,
    routes::no_domain_takes_all_that_is_free,
    routes::an_invitation_that_changes_while_it_waits_in_a_room_leaves_nothing_behind,
    routes::a_relay_that_fails_rests_and_is_tried_with_one_message,
    routes::a_domain_that_asks_to_slow_down_is_slowed_and_the_others_are_not,
    routes::a_gateway_that_says_when_to_come_back_is_left_alone_until_then,
    by_hand::a_held_message_that_is_sent_again_leaves_under_its_number,
    by_hand::a_dry_run_says_what_would_become_of_them_and_changes_nothing,
    by_hand::what_an_operator_found_out_corrects_the_counters,
    by_hand::what_a_relay_refused_by_mistake_is_asked_again_and_arrives,
    by_hand::whom_the_gate_would_not_let_through_is_left_out_with_its_reason,
    by_hand::each_of_many_is_decided_by_itself,
    holds::what_is_held_does_not_leave_with_the_very_next_lease_and_what_is_not_does,
    holds::what_is_let_go_leaves_in_its_order,
    holds::a_hold_on_everything_moves_nothing,
    holds::what_is_held_twice_waits_for_both,
    holds::a_scope_has_one_hold_whose_note_may_change,
    holds::there_are_no_more_holds_than_are_kept,
    holds::what_waits_is_listed_page_by_page_wherever_it_stands,
    holds::what_was_held_too_long_is_not_sent_any_more,
    gate::a_message_that_is_due_does_not_leave_after_the_contact_opted_out,
    gate::a_message_that_is_due_does_not_leave_after_a_refusal_through_another_invitation,
    gate::a_dead_address_is_suppressed_for_everybody_under_every_spelling,
    gate::a_dead_address_is_the_one_that_was_written_to,
    gate::of_a_contact_whose_address_changes_the_new_one_matters,
    gate::a_message_over_the_budget_is_put_off_when_it_is_due,
    gate::a_message_whose_time_is_over_is_skipped_with_the_reason,
    gate::a_refusal_closes_what_was_asked_and_blocks_what_comes,
    gate::an_occasion_that_never_was_ends_only_its_own_invitation,
    gate::who_minds_only_one_channel_is_asked_by_the_others,
    kin::who_shares_an_address_or_a_number_is_asked_as_one_person,
    kin::two_events_of_one_person_planned_at_the_same_time_do_not_both_slip_under_the_cap,
    kin::who_moves_away_from_an_address_is_another_person_again,
    kin::a_chain_of_shared_addresses_joins_neighbours_only,
    kin::an_address_that_was_typed_in_for_everybody_joins_nobody,
    branch_days::a_branch_asks_no_more_people_on_a_day_than_it_may,
    branch_days::racing_workers_together_stay_within_the_cap_of_the_day,
    branch_days::only_the_first_message_of_an_invitation_is_counted,
    gateway_days::what_a_message_took_counts_and_the_rest_is_given_back,
    gateway_days::a_gateway_without_a_limit_has_no_count,
    gateway_days::a_full_day_shuts_the_gateway_until_the_next_and_nothing_else,
    gateway_days::a_crash_leaves_spent_what_the_messages_may_have_taken,
    gateway_days::what_does_not_fit_waits_for_a_day_with_room,
    gateway_days::racing_workers_together_stay_within_the_limit,
    answers::a_second_answer_amends_the_first,
    answers::a_form_that_says_less_does_not_replace_one_that_says_more,
    answers::the_same_form_handed_in_twenty_times_at_once_is_one_response,
    answers::an_answer_in_full_ends_the_asking,
    answers::an_answer_after_the_window_is_kept_and_called_late,
    answers::an_answer_to_nothing_is_not_found,
    answers::surveys_are_kept_by_version,
    taps::racing_taps_are_one_entry_and_no_answer,
    taps::an_answer_takes_the_place_of_taps,
    taps::a_tap_is_released_once_and_only_when_it_is_the_only_one,
    cards::cards_are_issued_all_or_none,
    cards::putting_a_card_out_of_use_twice_changes_nothing,
    cards::sessions_and_answers_at_a_card_are_counted,
    cards::what_is_flagged_once_is_counted_apart,
    cards::answers_by_a_link_stay_where_they_were_given,
    cards::an_answer_amended_on_the_next_day_is_counted_on_the_first,
    cards::racing_answers_at_one_card_are_all_counted,
    contacts::a_dry_run_says_what_would_change_and_changes_nothing,
    contacts::contacts_come_in_the_order_of_their_ids_page_by_page,
    contacts::later_changes_of_one_import_see_the_earlier,
    contacts::a_recorded_refusal_is_never_overturned,
    contacts::a_closed_store_says_so,
    rehearsals::what_is_rehearsed_changes_nothing_and_each_rehearsal_begins_anew,
    rehearsals::a_snapshot_stays_as_it_was_while_the_store_goes_on,
    rehearsals::what_is_on_its_way_arrives_in_a_rehearsal,
    migrations::what_was_not_sent_yet_moves_to_the_rules_of_today_and_says_so,
    migrations::whom_the_rules_of_today_would_not_ask_is_dropped_with_the_reason,
    migrations::what_cannot_be_moved_stays_as_it_was_planned,
);
