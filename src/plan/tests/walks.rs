//! Whatever events come in and however sending goes, the promises to the contact are kept.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::attempt::Outcome;
use crate::domain::invitation::tests::{accepted, check_sound, day, deferred, refused, relay_dead, unknown};
use crate::domain::reason::SkipReason;
use crate::report::tally::contribution;

#[derive(Clone, Debug)]
struct Told {
    kind: &'static str,
    /// When it happened, in hours.
    hour: i64,
    /// How much later it is told, in hours.
    late: i64,
}

fn events() -> impl Strategy<Value = Vec<Told>> {
    let kind = prop_oneof![Just("visit.completed"), Just("order.delivered"), Just("case.closed")];
    let told = (kind, 0..2_400_i64, prop_oneof![9 => 0..48_i64, 1 => 0..600_i64]);
    vec(told.prop_map(|(kind, hour, late)| Told { kind, hour, late }), 1..25)
}

fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    let outcome = prop_oneof![
        6 => Just(accepted()),
        1 => Just(deferred()),
        1 => Just(relay_dead()),
        1 => Just(refused()),
        1 => Just(unknown()),
    ];
    vec(outcome, 1..20)
}

/// Three kinds of events, two stages on the first; priorities, windows and caps of their own.
fn stages() -> Vec<StageRules> {
    let on = |name: &str, kind: &str, change: fn(&mut Push)| {
        let mut stage = named(name, stage_with(change));
        stage.push.trigger = Trigger::Event { kind: kind.to_owned(), conditions: Vec::new() };
        stage
    };
    vec![
        on("visit", "visit.completed", |_| ()),
        on("taste", "visit.completed", |push| (push.priority, push.window) = (1, TimeDelta::days(40))),
        on("delivery", "order.delivered", |push| {
            (push.priority, push.cap, push.window) = (3, Some(cap(1, 20)), TimeDelta::days(60));
        }),
        on("support", "case.closed", |push| {
            (push.priority, push.after) = (9, TimeDelta::days(3));
            push.send = SendWindow::parse("22:00-02:00", Some("Fri-Sun")).unwrap();
        }),
    ]
}

/// What the walk looks at after each step.
struct Watch {
    fatigue: Cap,
    sends: Vec<DateTime<Utc>>,
}

impl Watch {
    fn check_send(&self, guest: &Guest, index: usize, now: DateTime<Utc>) {
        let invitation = &guest.facts.history[index];
        assert!(invitation.send.contains(BERLIN, now), "{now} {}", invitation.send);
        let in_stretch = |sends: &[DateTime<Utc>], cap: Cap| {
            sends.iter().map(|from| sends.iter().filter(|at| *from <= **at && **at < *from + cap.per).count()).max()
        };
        assert!(
            in_stretch(&self.sends, self.fatigue).unwrap_or(0) <= self.fatigue.at_most as usize,
            "{:?}",
            self.sends
        );
        let Some(cap) = guest.rules.gate.stages.of(invitation).cap else { return };
        let here = guest.facts.history.iter().filter(|other| other.stage == invitation.stage);
        let sends: Vec<_> = here.filter_map(Invitation::first_at).collect();
        assert!(in_stretch(&sends, cap).unwrap_or(0) <= cap.at_most as usize, "{sends:?}");
    }
}

/// Sends what is due until `until`, the first due first.
fn send_until(guest: &mut Guest, until: DateTime<Utc>, outcomes: &mut dyn Iterator<Item = Outcome>, watch: &mut Watch) {
    while let Some((index, due_at)) = guest.next_due().filter(|(_, due_at)| *due_at <= until) {
        let is_first = guest.facts.history[index].attempts.is_empty();
        let outcome = outcomes.next().unwrap_or_else(accepted);
        let pass = guest.dispatch(index, due_at, &outcome);
        check_sound(&guest.facts.history[index]);
        match pass {
            Pass::Send => {
                watch.sends.extend(is_first.then_some(due_at));
                watch.check_send(guest, index, due_at);
            }
            Pass::PutOff { until, .. } => assert!(until > due_at),
            Pass::PassOver { .. } | Pass::Skip { .. } => (),
        }
    }
}

fn walk(fatigue: Cap, told: &[Told], outcomes: &[Outcome]) -> (Guest, Watch) {
    let mut guest = Guest::of(rules_with(stages(), |rules| rules.fatigue = Some(fatigue)));
    let mut watch = Watch { fatigue, sends: Vec::new() };
    let mut told: Vec<_> = told.iter().enumerate().collect();
    told.sort_by_key(|(_, told)| told.hour + told.late);
    let mut outcomes = outcomes.iter().cycle().cloned();
    for (n, told) in told {
        let (at, now) = (day(0) + TimeDelta::hours(told.hour), day(0) + TimeDelta::hours(told.hour + told.late));
        send_until(&mut guest, now, &mut outcomes, &mut watch);
        let event = Event { kind: told.kind.to_owned(), ..event(&format!("e-{n}"), at) };
        for verdict in guest.tell(&event, now) {
            if let Verdict::Planned { invitation, due_at, .. } = verdict {
                let planned = guest.facts.history.iter().find(|known| known.id == invitation).unwrap();
                assert!(planned.send.contains(BERLIN, due_at) && now <= due_at && due_at < planned.ask_before);
            }
        }
        let before = guest.facts.history.clone();
        let again = guest.tell(&event, now);
        assert!(again.iter().all(|verdict| *verdict == Verdict::Skipped { reason: SkipReason::AlreadyAsked }));
        assert_eq!(guest.facts.history, before);
    }
    send_until(&mut guest, day(1_000), &mut outcomes, &mut watch);
    (guest, watch)
}

proptest! {
    #[test]
    fn nobody_is_asked_too_often_or_at_night_or_twice_about_one_occasion(
        told in events(),
        outcomes in outcomes(),
        at_most in 1..4_u32,
        days in 1..45_i64,
    ) {
        let (guest, _) = walk(cap(at_most, days), &told, &outcomes);
        prop_assert!(guest.next_due().is_none());
        for invitation in guest.facts.history {
            let closed = invitation.window_closed(day(2_000));
            check_sound(&closed);
            prop_assert_eq!(closed.due(), None);
            prop_assert!(contribution(&closed).is_some(), "whatever is over counts somewhere: {:?}", closed);
        }
    }

    #[test]
    fn what_was_planned_may_leave_when_it_is_due_if_nothing_else_changed(
        told in events(),
        at_most in 1..4_u32,
        days in 1..45_i64,
    ) {
        let (mut guest, _) = walk(cap(at_most, days), &told, &[accepted()]);
        let now = day(101);
        let newest = Event { kind: "visit.completed".to_owned(), ..event("newest", now) };
        guest.facts.history.retain(|known| known.first_at().is_none_or(|first_at| first_at < now));
        let mut planned: Vec<_> = guest.tell(&newest, now).into_iter().filter_map(|verdict| match verdict {
            Verdict::Planned { invitation, due_at, .. } => Some((due_at, invitation)),
            Verdict::Skipped { .. } => None,
        }).collect();
        planned.sort_unstable();
        let mut watch = Watch { fatigue: cap(at_most, days), sends: Vec::new() };
        for (due_at, invitation) in planned {
            send_until(&mut guest, due_at - TimeDelta::seconds(1), &mut std::iter::empty(), &mut watch);
            let index = guest.facts.history.iter().position(|known| known.id == invitation).unwrap();
            prop_assert_eq!(guest.gate(index, due_at), Pass::Send, "{:?}", guest.facts.history[index]);
        }
    }
}
