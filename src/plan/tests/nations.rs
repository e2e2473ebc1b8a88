//! The hours of the contact's country, and how they go together with the stage's own.

use super::*;
use crate::domain::contact::Phone;
use crate::domain::country::Country;
use crate::domain::holidays::{Holiday, Holidays};
use crate::domain::invitation::tests::{accepted, at, first};
use crate::domain::quiet_hours::{HoursByCountry, NationalHours};
use crate::domain::reason::{DeferReason, SkipReason};

fn national(between: &str, days: Option<&str>, holidays: &[&str]) -> NationalHours {
    let holidays = holidays.iter().map(|day| Holiday::parse(day).unwrap()).collect::<Holidays>();
    NationalHours { window: SendWindow::parse(between, days).unwrap(), holidays }
}

/// Some of the hours that come with the program, for text messages only.
fn quiet_hours() -> QuietHours {
    let country = |letters| Country::parse(letters).unwrap();
    let countries = BTreeMap::from([
        (country("US"), national("08:00-21:00", None, &[])),
        (country("FR"), national("08:00-22:00", Some("Mon-Sat"), &["easter+1"])),
    ]);
    let sms = HoursByCountry { countries, other: Some(national("08:00-20:00", None, &[])) };
    QuietHours { email: HoursByCountry::default(), sms }
}

/// A stage that asks at once by this channel, in these hours.
fn asking(channel: Channel, between: &str) -> StageRules {
    stage_with(|push| {
        (push.after, push.line_up) = (TimeDelta::zero(), vec![first(channel)]);
        push.send = SendWindow::parse(between, None).unwrap();
    })
}

/// Somebody with this number of whom no zone is known.
fn guest(stage: StageRules, number: &str) -> Guest {
    let mut guest = Guest::of(rules_with(vec![stage], |rules| rules.quiet_hours = quiet_hours()));
    let contact = guest.facts.contact.as_mut().unwrap();
    (contact.phone, contact.time_zone) = (Some(Phone::trusted(number)), None);
    guest
}

/// When somebody with this number is asked by text message after a visit at that time in Berlin, at any hour of the
/// stage's, with the changes made to what is known of them and their branch.
#[track_caller]
fn check(number: &str, change: impl FnOnce(&mut Contact, &mut BranchRules), told_at: &str, expected: &str) {
    let mut guest = guest(asking(Channel::Sms, "00:00-24:00"), number);
    let mitte = Arc::make_mut(&mut guest.rules.gate).branches.get_mut("mitte").unwrap();
    change(guest.facts.contact.as_mut().unwrap(), mitte);
    let verdict = guest.tell(&event("pos-1", at(told_at)), at(told_at))[0];
    let Verdict::Planned { due_at, deferred, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(due_at, at(expected), "{}", due_at.to_rfc3339());
    assert_eq!(deferred, (due_at > at(told_at)).then_some(DeferReason::NationalHours));
    assert_eq!(guest.gate(0, due_at), Pass::Send);
}

const NOTHING: fn(&mut Contact, &mut BranchRules) = |_, _| ();

#[test]
fn text_messages_keep_to_the_hours_of_the_numbers_country() {
    check("+4915112345678", NOTHING, "2026-03-02T19:59:59+01:00", "2026-03-02T19:59:59+01:00");
    check("+4915112345678", NOTHING, "2026-03-02T20:00:00+01:00", "2026-03-03T08:00:00+01:00");
    check("+33612345678", NOTHING, "2026-03-02T21:59:00+01:00", "2026-03-02T21:59:00+01:00");
    // A Saturday evening; then the Saturday before Easter, after which there is no Sunday and no Monday.
    check("+33612345678", NOTHING, "2026-03-07T22:00:00+01:00", "2026-03-09T08:00:00+01:00");
    check("+33612345678", NOTHING, "2026-04-04T22:00:00+02:00", "2026-04-07T08:00:00+02:00");
    // A satellite's number is of no country.
    check("+881612345678", NOTHING, "2026-03-02T20:00:00+01:00", "2026-03-03T08:00:00+01:00");
}

#[test]
fn where_nobody_knows_the_zone_it_must_be_day_in_all_of_the_country() {
    // Eight in the morning in Honolulu is one in the afternoon in New York.
    check("+12125550123", NOTHING, "2026-03-02T12:00:00+01:00", "2026-03-02T08:00:00-10:00");
    // The evening begins in New York first.
    check("+12125550123", NOTHING, "2026-03-02T20:59:00-05:00", "2026-03-02T20:59:00-05:00");
    check("+12125550123", NOTHING, "2026-03-02T21:00:00-05:00", "2026-03-03T08:00:00-10:00");
}

#[test]
fn the_contacts_clock_counts_else_that_of_a_branch_in_the_same_country() {
    let in_new_york = |contact: &mut Contact, _: &mut BranchRules| {
        contact.time_zone = Some(chrono_tz::America::New_York);
    };
    check("+12125550123", in_new_york, "2026-03-02T12:00:00+01:00", "2026-03-02T08:00:00-05:00");
    // In Detroit, which is not among the zones that stand for all, but its branch says where it is.
    let near = |_: &mut Contact, branch: &mut BranchRules| {
        (branch.zone, branch.country) = (chrono_tz::America::Detroit, Country::parse("US").ok());
    };
    check("+12125550123", near, "2026-03-02T12:00:00+01:00", "2026-03-02T08:00:00-05:00");
    let by_zone_alone = |_: &mut Contact, branch: &mut BranchRules| branch.zone = chrono_tz::America::Chicago;
    check("+12125550123", by_zone_alone, "2026-03-02T12:00:00+01:00", "2026-03-02T08:00:00-06:00");
    // Who is in New York with a German number is asked by the hours for German numbers, on the clock of New York.
    check("+4915112345678", in_new_york, "2026-03-02T12:00:00+01:00", "2026-03-02T08:00:00-05:00");
}

#[test]
fn both_the_stage_and_the_country_must_allow_it() {
    let evening = at("2026-03-02T12:00:00+01:00");
    let mut guest = guest(asking(Channel::Sms, "18:00-22:00"), "+4915112345678");
    assert_eq!(due_at(&guest.tell(&event("pos-1", evening), evening)[0]), at("2026-03-02T18:00:00+01:00"));
    // When its turn comes after an outage, the hours of the stage are open still, and those of the country no longer.
    let put_off = Pass::PutOff { until: at("2026-03-03T18:00:00+01:00"), reason: DeferReason::NationalHours };
    assert_eq!(guest.gate(0, at("2026-03-02T20:30:00+01:00")), put_off);
    assert_eq!(guest.dispatch(0, at("2026-03-02T19:30:00+01:00"), &accepted()), Pass::Send);
}

#[test]
fn hours_that_never_meet_are_told_when_it_is_planned() {
    let noon = at("2026-03-02T12:00:00+01:00");
    let mut guest = guest(asking(Channel::Sms, "20:00-23:00"), "+4915112345678");
    assert_eq!(guest.tell(&event("pos-1", noon), noon), [Verdict::Skipped { reason: SkipReason::NeverOpen }]);
}

#[test]
fn mails_have_hours_only_where_operations_set_them() {
    let night = at("2026-03-02T23:00:00+01:00");
    let mut guest = guest(asking(Channel::Email, "00:00-24:00"), "+4915112345678");
    assert_eq!(due_at(&guest.tell(&event("pos-1", night), night)[0]), night);
    let gate = Arc::make_mut(&mut guest.rules.gate);
    gate.quiet_hours.email.countries.insert(Country::parse("PT").unwrap(), national("07:00-22:00", None, &[]));
    assert_eq!(guest.gate(0, night), Pass::Send, "the number is German, and Germans sleep as they like");
    // Without a number, the country is the branch's.
    guest.facts.contact.as_mut().unwrap().phone = None;
    Arc::make_mut(&mut guest.rules.gate).branches.get_mut("mitte").unwrap().country = Country::parse("PT").ok();
    let put_off = Pass::PutOff { until: at("2026-03-03T07:00:00+01:00"), reason: DeferReason::NationalHours };
    assert_eq!(guest.gate(0, night), put_off);
}

#[test]
fn a_holiday_of_the_branch_and_the_hours_of_the_country_add_up() {
    let mut guest = guest(asking(Channel::Sms, "00:00-24:00"), "+33612345678");
    let mitte = Arc::make_mut(&mut guest.rules.gate).branches.get_mut("mitte").unwrap();
    mitte.holidays = [Holiday::parse("2026-03-09").unwrap()].into_iter().collect();
    // Saturday night, a Sunday of France, a Monday off at the branch.
    let saturday = at("2026-03-07T23:00:00+01:00");
    assert_eq!(due_at(&guest.tell(&event("pos-1", saturday), saturday)[0]), at("2026-03-10T08:00:00+01:00"));
}
