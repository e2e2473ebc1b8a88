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
    fatigue: Fatigue,
    /// The first messages, and the priority of what they asked.
    sends: Vec<(DateTime<Utc>, u8)>,
}

/// The most of them that any stretch of that length holds.
fn most_in_stretch(sends: &[DateTime<Utc>], per: TimeDelta) -> usize {
    let from = |from: &DateTime<Utc>| sends.iter().filter(|at| *from <= **at && **at < *from + per).count();
    sends.iter().map(from).max().unwrap_or(0)
}

impl Watch {
    fn of(fatigue: Fatigue) -> Self {
        Self { fatigue, sends: Vec::new() }
    }

    /// How many may be asked below this priority, and how many at most were in any stretch.
    fn check_budget(&self, below: u8, at_most: u32) {
        let sends: Vec<_> = self.sends.iter().filter(|(_, priority)| *priority < below).map(|(at, _)| *at).collect();
        assert!(most_in_stretch(&sends, self.fatigue.cap.per) <= at_most as usize, "below {below}: {sends:?}");
    }

    fn check_send(&self, guest: &Guest, index: usize, now: DateTime<Utc>) {
        let invitation = &guest.facts.history[index];
        assert!(invitation.send.contains(BERLIN, now), "{now} {}", invitation.send);
        let Fatigue { cap, keep } = self.fatigue;
        self.check_budget(u8::MAX, cap.at_most);
        if let Some(keep) = keep {
            self.check_budget(keep.for_priority, cap.at_most - keep.n);
        }
        let Some(cap) = guest.rules.gate.stages.of(invitation).cap else { return };
        let here = guest.facts.history.iter().filter(|other| other.stage == invitation.stage);
        let sends: Vec<_> = here.filter_map(Invitation::first_at).collect();
        assert!(most_in_stretch(&sends, cap.per) <= cap.at_most as usize, "{sends:?}");
    }

    /// A rare survey is asked about when it wants to be, unless as many rare ones as room is kept for are near.
    fn check_room(&self, guest: &Guest, verdict: &Verdict, (event, now): (&Event, DateTime<Utc>)) {
        let Some(keep) = self.fatigue.keep else { return };
        let rare = guest.facts.history.iter().filter(|it| keep.for_priority <= it.priority);
        let (own, others): (Vec<_>, Vec<_>) = rare.partition(|it| it.event.as_ref() == Some(&event.id));
        let [own] = own.as_slice() else { return };
        let wanted = own.send.next_open(BERLIN, now.max(own.ask_before - own.window)).unwrap();
        let per = self.fatigue.cap.per;
        let near = others.iter().filter_map(|it| it.asks_at()).filter(|at| wanted - per < *at && *at < wanted + per);
        if near.count() < keep.n as usize && wanted < own.ask_before {
            assert!(matches!(verdict, Verdict::Planned { due_at, .. } if *due_at == wanted), "{verdict:?}");
        }
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
                watch.sends.extend(is_first.then_some((due_at, guest.facts.history[index].priority)));
                watch.check_send(guest, index, due_at);
            }
            Pass::PutOff { until, .. } => assert!(until > due_at),
            Pass::PassOver { .. } | Pass::Skip { .. } => (),
        }
    }
}

fn walk(fatigue: Fatigue, told: &[Told], outcomes: &[Outcome]) -> (Guest, Watch) {
    let mut guest = Guest::of(rules_with(stages(), |rules| rules.fatigue = Some(fatigue)));
    let mut watch = Watch::of(fatigue);
    let mut told: Vec<_> = told.iter().enumerate().collect();
    told.sort_by_key(|(_, told)| told.hour + told.late);
    let mut outcomes = outcomes.iter().cycle().cloned();
    for (n, told) in told {
        let (at, now) = (day(0) + TimeDelta::hours(told.hour), day(0) + TimeDelta::hours(told.hour + told.late));
        send_until(&mut guest, now, &mut outcomes, &mut watch);
        let event = Event { kind: told.kind.to_owned(), ..event(&format!("e-{n}"), at) };
        for verdict in guest.tell(&event, now) {
            if told.kind == "case.closed" {
                watch.check_room(&guest, &verdict, (&event, now));
            }
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
        n_kept in 0..3_u32,
    ) {
        let (guest, _) = walk(fatigue(at_most, days, n_kept.min(at_most - 1)), &told, &outcomes);
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
        n_kept in 0..3_u32,
    ) {
        let fatigue = fatigue(at_most, days, n_kept.min(at_most - 1));
        let (mut guest, _) = walk(fatigue, &told, &[accepted()]);
        let now = day(101);
        let newest = Event { kind: "visit.completed".to_owned(), ..event("newest", now) };
        guest.facts.history.retain(|known| known.first_at().is_none_or(|first_at| first_at < now));
        let mut planned: Vec<_> = guest.tell(&newest, now).into_iter().filter_map(|verdict| match verdict {
            Verdict::Planned { invitation, due_at, .. } => Some((due_at, invitation)),
            Verdict::Skipped { .. } => None,
        }).collect();
        planned.sort_unstable();
        let mut watch = Watch::of(fatigue);
        for (due_at, invitation) in planned {
            send_until(&mut guest, due_at - TimeDelta::seconds(1), &mut std::iter::empty(), &mut watch);
            let index = guest.facts.history.iter().position(|known| known.id == invitation).unwrap();
            prop_assert_eq!(guest.gate(index, due_at), Pass::Send, "{:?}", guest.facts.history[index]);
        }
    }
}
