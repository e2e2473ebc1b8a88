use std::collections::BTreeMap;

use super::events::{Event, What, events};
use super::outlook::{Outlook, Takes};
use super::{Account, csv, json, table};
use crate::domain::invitation::Invitation;
use crate::domain::journey::{Channel, StepKind};
use crate::domain::price::Price;
use crate::domain::reason::{DeferReason, SkipReason};
use crate::report::tests::story::{accepted, day, planned, retry, step};

/// A mail, and a text message four days later.
fn line_up() -> [crate::domain::journey::Step; 2] {
    [step(Channel::Email, 0, StepKind::Initial), step(Channel::Sms, 4, StepKind::Fallback)]
}

fn sent(invitation: Invitation, n: i64) -> Invitation {
    let leased = invitation.lease(day(n), 1, day(n + 1)).unwrap();
    leased.settle(1, &accepted(), day(n), (retry(day(n)), chrono_tz::Europe::Berlin)).unwrap()
}

/// Put off for a day, sent by mail, and by text message when that is silent.
fn lived() -> (Invitation, Invitation) {
    let before = planned("c-1", &line_up(), day(1));
    let put_off = before.clone().put_off(day(1), day(2), DeferReason::QuietHours).unwrap();
    (before, sent(sent(put_off, 2), 6))
}

/// No address for either channel.
fn unreachable() -> (Invitation, Invitation) {
    let before = planned("c-2", &line_up(), day(2));
    let zone = chrono_tz::Europe::Berlin;
    let passed = before.clone().pass_over(day(2), SkipReason::NoAddress, zone).unwrap();
    let after = passed.pass_over(day(2), SkipReason::NoConsent, zone).unwrap();
    (before, after)
}

fn outlook() -> Outlook {
    let mut outlook = Outlook::of(day(1), day(8));
    let price = Price::parse("0.079 EUR").ok();
    for (before, after) in [lived(), unreachable()] {
        outlook.add(Some(&before), &after, |attempt| (attempt == 2).then_some(Takes { n_segments: 2, price }));
    }
    outlook
}

fn account() -> Account {
    Account { outlook: outlook(), against: None }
}

#[test]
fn an_invitation_tells_what_happened_to_each_message() {
    let (before, after) = lived();
    let told = events(Some(&before), &after);
    let event = |n, channel, what| Event { at: day(n), channel, what };
    let expected = [
        event(1, Channel::Email, What::PutOff { reason: "quiet_hours" }),
        event(2, Channel::Email, What::Sent { attempt: 1, kind: StepKind::Initial }),
        event(6, Channel::Sms, What::Sent { attempt: 2, kind: StepKind::Fallback }),
    ];
    assert_eq!(told, expected);
    assert_eq!(events(None, &after), expected, "it had no history before");
    assert!(events(Some(&after), &after).is_empty());
}

#[test]
fn who_cannot_be_reached_is_left_out_once_for_each_channel() {
    let (before, after) = unreachable();
    let event = |channel, reason| Event { at: day(2), channel, what: What::LeftOut { reason } };
    let expected = [event(Channel::Email, "no_address"), event(Channel::Sms, "no_consent")];
    assert_eq!(events(Some(&before), &after), expected);
}

#[test]
fn the_rows_add_up_to_the_total() {
    let outlook = outlook();
    let sum = |figure: fn(&super::outlook::Figures) -> u64| outlook.rows.values().map(figure).sum::<u64>();
    assert_eq!(sum(|row| row.n_sends), outlook.total.n_sends);
    assert_eq!(sum(|row| row.n_segments), outlook.total.n_segments);
    assert_eq!(outlook.total.skips, BTreeMap::from([("no_address", 1), ("no_consent", 1)]));
    assert_eq!(outlook.total.costs().map(|cost| cost.to_string()).collect::<Vec<_>>(), ["0.158 EUR"]);
}

#[test]
fn people_read_a_table() {
    insta::assert_snapshot!(table::table(&account()), @r"
    What would happen from 2026-03-01 09:00 UTC to 2026-03-08 09:00 UTC
    Nothing was sent and nothing was changed.

    day         branch  stage          channel  sends  put off        left out                    SMS segments       cost
    ----------  ------  -------------  -------  -----  -------------  --------------------------  ------------  ---------
    2026-03-01  mitte   dine-in/visit  email        0  1 quiet_hours
    2026-03-02  mitte   dine-in/visit  email        1                 1 no_address
    2026-03-02  mitte   dine-in/visit  sms          0                 1 no_consent
    2026-03-06  mitte   dine-in/visit  sms          1                                                        2  0.158 EUR
    ----------  ------  -------------  -------  -----  -------------  --------------------------  ------------  ---------
    total                                           2  1 quiet_hours  1 no_address, 1 no_consent             2  0.158 EUR

    Taken for granted:
      - every message is taken at once, those that are on their way now too, and nobody answers, opts out or complains
      - events that are still to come are not in it: it plays what waits in the store and what clocks set off
      - contacts, holds and everything else that people change stay as they are now
      - of messages by different channels that are due at the same instant, emails are decided first; where they share a cap, it may fall otherwise
      - the account ends at its last instant: what is due later is not in it
    ");
}

#[test]
fn machines_read_json_and_csv() {
    let json = json::json(&account());
    assert_eq!(json["total"]["sends"], 2);
    assert_eq!(json["rows"][3]["day"], "2026-03-06");
    assert_eq!(json["rows"][3]["cost"]["EUR"], "0.158");
    let mut text = Vec::new();
    csv::csv(&account(), &mut text).unwrap();
    insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r"
    day,branch,journey,stage,channel,sends,deferrals,skips,sms_segments,sms_segments_unpriced,cost
    2026-03-01,mitte,dine-in,visit,email,0,quiet_hours=1,,0,0,
    2026-03-02,mitte,dine-in,visit,email,1,,no_address=1,0,0,
    2026-03-02,mitte,dine-in,visit,sms,0,,no_consent=1,0,0,
    2026-03-06,mitte,dine-in,visit,sms,1,,,2,0,EUR=0.158
    ");
}
