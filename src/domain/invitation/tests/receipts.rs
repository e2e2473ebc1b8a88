//! What comes back, whenever it comes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Asked by mail, and by text message if that does not arrive; reminded by mail after three days.
fn with_fallback() -> Invitation {
    let steps = vec![first(Channel::Email), reminder(Channel::Email, 3), fallback(Channel::Sms, 5, When::Undelivered)];
    Invitation { line_up: steps, ..invitation() }
}

fn mailed() -> Invitation {
    with_fallback().sent(day(0), &accepted())
}

#[track_caller]
fn heard(invitation: Invitation, attempt: u8, news: News, now: DateTime<Utc>) -> Invitation {
    let heard = invitation.heard(attempt, &receipt(news), now, BERLIN).expect("it tells something");
    check_sound(&heard);
    heard
}

#[test]
fn what_came_back_goes_on_at_once_with_what_follows_a_message_that_did_not_arrive() {
    for class in Bounce::ALL {
        let bounced = heard(mailed(), 1, News::Bounced(class), day(1));
        assert_eq!((standing(&bounced), due_at(&bounced)), ("waiting 2".to_owned(), day(1)));
        assert_eq!(fates(&bounced), ["bounced"]);
        assert!(!bounced.delivered() && !bounced.delivered_by(Channel::Email));
        let texted = bounced.sent(day(1), &accepted());
        assert_eq!((standing(&texted), fates(&texted)), ("asked".to_owned(), vec!["bounced", "accepted"]));
    }
}

#[test]
fn a_message_that_came_back_and_was_the_last_leaves_it_undelivered_whenever_that_is_heard() {
    let alone = || Invitation { line_up: vec![first(Channel::Email)], ..invitation() }.sent(day(0), &accepted());
    let hard = News::Bounced(Bounce::Hard);
    assert_eq!(standing(&heard(alone(), 1, hard, day(2))), "closed undelivered");
    let closed = alone().window_closed(day(14));
    assert_eq!(standing(&closed), "closed window_closed");
    assert_eq!(standing(&heard(closed, 1, hard, day(15))), "closed undelivered");
    let answered = alone().answered(day(1), 1, crate::domain::answer::Completeness::Complete);
    assert_eq!(standing(&heard(answered, 1, hard, day(2))), "closed answered", "whoever answered had it");
}

#[test]
fn a_reminder_that_came_back_leaves_what_arrived_before_it() {
    let reminded = mailed().sent(day(3), &accepted());
    assert_eq!(standing(&reminded), "asked");
    let back = heard(reminded, 2, News::Bounced(Bounce::Soft), day(3));
    assert_eq!((standing(&back), fates(&back)), ("asked".to_owned(), vec!["accepted", "bounced"]));
    let both = heard(back, 1, News::Bounced(Bounce::Soft), day(4));
    assert_eq!((standing(&both), due_at(&both)), ("waiting 2".to_owned(), day(4)));
}

#[test]
fn that_it_arrived_is_noted_and_changes_nothing_else() {
    let before = mailed();
    let after = heard(before.clone(), 1, News::Delivered, minute(1));
    assert_eq!((after.state, fates(&after)), (before.state, vec!["delivered"]));
    assert!(after.delivered());
}

#[test]
fn whoever_complains_gets_nothing_more() {
    let after = heard(mailed(), 1, News::Complained, day(1));
    assert_eq!((standing(&after), fates(&after)), ("closed opted_out".to_owned(), vec!["complained"]));
    let State::Closed { through, .. } = after.state else { panic!("{after:?}") };
    assert_eq!(through, Some(1));
    let gone = Invitation { line_up: vec![first(Channel::Email)], ..invitation() }.sent(day(0), &accepted());
    let gone = heard(gone, 1, News::Bounced(Bounce::Soft), day(1));
    assert_eq!(standing(&gone), "closed undelivered");
    assert_eq!(standing(&heard(gone, 1, News::Complained, day(2))), "closed opted_out", "they had it after all");
}

#[test]
fn a_receipt_may_be_faster_than_the_answer_to_the_message() {
    for outcome in [accepted(), unknown(), deferred()] {
        let arrived = heard(with_fallback().sending(day(0)), 1, News::Delivered, day(0));
        assert_eq!(standing(&arrived), "sending 0");
        let settled = arrived.settled(day(0), &outcome);
        assert_eq!((standing(&settled), fates(&settled)), ("waiting 1".to_owned(), vec!["delivered"]));
        check_sound(&settled);

        let back = heard(with_fallback().sending(day(0)), 1, News::Bounced(Bounce::Hard), day(0));
        let settled = back.settled(day(0), &outcome);
        assert_eq!((standing(&settled), fates(&settled)), ("waiting 2".to_owned(), vec!["bounced"]));
        check_sound(&settled);
    }
}

#[test]
fn a_receipt_tells_what_nobody_could_say() {
    let held = || {
        Invitation {
            line_up: vec![first(Channel::Sms), fallback(Channel::Email, 0, When::Undelivered)],
            ..invitation()
        }
        .sent(day(0), &unknown())
    };
    assert_eq!(standing(&held()), "held 0");
    assert_eq!(standing(&heard(held(), 1, News::Delivered, day(1))), "asked");
    let back = heard(held(), 1, News::Bounced(Bounce::Soft), day(1));
    assert_eq!((standing(&back), due_at(&back)), ("waiting 1".to_owned(), day(1)));
    // The second try of a mail of unknown outcome is not needed when the first is known to have arrived.
    let waiting = with_fallback().sent(day(0), &unknown());
    assert_eq!(standing(&waiting), "waiting 0");
    let arrived = heard(waiting, 1, News::Delivered, minute(5));
    assert_eq!((standing(&arrived), due_at(&arrived)), ("waiting 1".to_owned(), day(3)));
}

#[test]
fn what_was_refused_or_never_sent_hears_nothing() {
    let refused = with_fallback().sent(day(0), &refused());
    assert!(refused.clone().heard(1, &receipt(News::Delivered), day(1), BERLIN).is_none());
    assert!(refused.heard(2, &receipt(News::Delivered), day(1), BERLIN).is_none());
    assert!(invitation().heard(1, &receipt(News::Delivered), day(1), BERLIN).is_none());
}

proptest! {
    #[test]
    fn the_same_receipts_in_any_order_and_number_leave_the_same_fate(
        mut all in vec(select(all_news()), 1..8),
        order in any::<u64>(),
    ) {
        let fate = |all: &[News]| {
            let after = all.iter().fold(mailed(), |before, news| {
                before.clone().heard(1, &receipt(*news), day(1), BERLIN).unwrap_or(before)
            });
            after.attempts.into_iter().next().map(|attempt| attempt.fate)
        };
        let first = fate(&all);
        prop_assert_eq!(first.and_then(Fate::news), all.iter().max().copied());
        let turn = usize::try_from(order % 8).unwrap() % all.len();
        all.rotate_left(turn);
        all.extend(all.clone());
        prop_assert_eq!(fate(&all), first);
    }
}
