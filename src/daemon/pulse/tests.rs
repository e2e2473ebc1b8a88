//! Time is an argument, so the quarter of an hour takes no time.

use chrono::TimeDelta;

use super::*;

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

fn accepted() -> Outcome {
    Outcome::Accepted { provider_ref: None, n_segments: None, reply: "250 ok".to_owned() }
}

fn deferred(reply: &str, obstacle: Obstacle) -> Outcome {
    Outcome::Deferred { not_before: None, reply: reply.to_owned(), obstacle }
}

fn refused(reply: &str) -> Outcome {
    Outcome::Refused { reply: reply.to_owned(), address_dead: true }
}

fn routes() -> [Route; 2] {
    [Route::Account, Route::Domain("sole.example".to_owned())]
}

#[test]
fn what_left_is_counted_over_each_span_and_then_forgotten() {
    let pulse = Pulse::default();
    for second in 0..900 {
        pulse.note(Channel::Email, &routes(), &accepted(), noon() + TimeDelta::seconds(second));
    }
    let end = noon() + TimeDelta::seconds(899);
    let sent = |now| SPANS_MINUTES.map(|minutes| pulse.within(Channel::Email, minutes, now).n_sent);
    assert_eq!(sent(end), [60, 300, 900]);
    assert_eq!(sent(end + TimeDelta::minutes(4)), [0, 60, 660]);
    assert_eq!(sent(end + TimeDelta::minutes(15)), [0, 0, 0]);
    assert_eq!(pulse.within(Channel::Sms, 15, end), Outcomes::default());
    assert_eq!(pulse.kept().slots.len(), SLOTS_MAX);
}

#[test]
fn each_outcome_counts_as_what_it_is() {
    let pulse = Pulse::default();
    let unknown = Outcome::Unknown { reply: "no answer within 60s".to_owned() };
    for outcome in [accepted(), refused("550 no"), deferred("451 later", Obstacle::Recipient), unknown] {
        pulse.note(Channel::Sms, &[], &outcome, noon());
    }
    let counted = pulse.within(Channel::Sms, 1, noon());
    assert_eq!(counted, Outcomes { n_sent: 1, n_failed: 1, n_deferred: 1, n_unknown: 1 });
    assert_eq!(pulse.errors().len(), 3);
}

#[test]
fn a_clock_that_is_set_back_leaves_nothing_in_the_future() {
    let pulse = Pulse::default();
    pulse.note(Channel::Email, &[], &accepted(), noon() + TimeDelta::days(365));
    pulse.note(Channel::Email, &[], &accepted(), noon());
    assert_eq!(pulse.within(Channel::Email, 15, noon()).n_sent, 1);
    assert_eq!(pulse.within(Channel::Email, 15, noon() + TimeDelta::days(365)).n_sent, 0);
}

#[test]
fn the_same_error_counts_up_and_the_oldest_of_many_goes() {
    let pulse = Pulse::default();
    let slow = deferred("421 4.7.0 slow down, ada@sole.example", Obstacle::Domain { slow_down: true });
    for n in 0..3 {
        pulse.note(Channel::Email, &routes(), &slow, noon() + TimeDelta::seconds(n));
    }
    let [_, domain] = routes();
    let expected = LastError {
        at: noon() + TimeDelta::seconds(2),
        n: 3,
        channel: Channel::Email,
        route: Some(domain),
        outcome: "deferred",
        what: "421 4.7.0".to_owned(),
    };
    assert_eq!(pulse.errors(), [expected]);
    for code in 500..500 + ERRORS_MAX {
        let at = noon() + TimeDelta::seconds(i64::try_from(code).unwrap());
        pulse.note(Channel::Email, &routes(), &refused(&code.to_string()), at);
    }
    let errors = pulse.errors();
    assert_eq!((errors.len(), errors[0].what.as_str()), (ERRORS_MAX, "519"));
    assert!(errors.iter().all(|error| error.outcome == "refused"));
}

#[track_caller]
fn check_kept(reply: &str, kept: &str) {
    assert_eq!(without_names(reply), kept, "{reply}");
}

#[test]
fn of_a_reply_only_its_code_or_our_own_words_are_kept() {
    check_kept("550 5.1.1 <ada@sole.example> no such user", "550 5.1.1");
    check_kept("421 ada@sole.example come back", "421");
    check_kept("450 4.1.1234 no", "450");
    check_kept("429 {\"to\": \"+4915112345678\"}", "429");
    check_kept(
        "cannot connect to the relay: Connection refused (os error 111)",
        "cannot connect to the relay: Connection refused (os error 111)",
    );
    check_kept("no message id in the answer: 200 thanks, Ada", "no message id in the answer");
    check_kept("not sent: +4915112345678 is no number", "not sent");
    check_kept("ada@sole.example", "no code");
    check_kept("", "no code");
    assert_eq!(without_names(&"x".repeat(1_000)).len(), WORDS_CHARS_MAX);
}
