//! All rules of the gate at once: what it chooses satisfies every one of them, nothing earlier does, and the reason that
//! it gives is the truth.
//!
//! The rules are looked at one by one at each quarter of an hour, which is where everything here begins and ends.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::domain::civil::local_time;
use crate::domain::holidays::{Holiday, Holidays};
use crate::domain::invitation::tests::accepted;
use crate::domain::quiet_hours::{HoursByCountry, NationalHours};
use crate::domain::reason::{DeferReason, SkipReason};
use crate::domain::send_window::DaySet;
use crate::plan::limits::DaySends;
use chrono_tz::Tz;

const QUARTER: TimeDelta = TimeDelta::minutes(15);
/// With offsets of quarters of an hour, and changes at many hours of the day.
const ZONES: [Tz; 7] = [
    chrono_tz::Europe::Berlin,
    chrono_tz::America::Havana,
    chrono_tz::America::St_Johns,
    chrono_tz::Asia::Kathmandu,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Pacific::Apia,
    chrono_tz::UTC,
];

/// Everything that may stand in the way of one message.
#[derive(Clone, Debug)]
struct Obstacles {
    zone: Tz,
    send: SendWindow,
    writes_on: WritesOn,
    weekend: DaySet,
    holidays: Holidays,
    national: Option<NationalHours>,
    fatigue: Option<Cap>,
    stage_cap: Option<Cap>,
    per_day: Option<u32>,
    sent_today: u32,
    late_max: TimeDelta,
    /// When they were asked before, and whether at the same stage.
    asked: Vec<(DateTime<Utc>, bool)>,
}

fn begin() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn days_of(bits: u32) -> DaySet {
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let meant: Vec<_> = names.iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0).map(|(_, name)| *name).collect();
    DaySet::parse(&meant.join(",")).unwrap()
}

/// Quarters of an hour from midnight, on days.
fn window() -> impl Strategy<Value = SendWindow> {
    (0..96_u32, 1..96_u32, 1..=127_u32).prop_map(|(from, length, days)| {
        let until = (from + length) % 96;
        let text = format!("{:02}:{:02}-{:02}:{:02}", from / 4, from % 4 * 15, until / 4, until % 4 * 15);
        SendWindow::parse(&text, Some(&days_of(days).to_string())).unwrap()
    })
}

fn holidays() -> impl Strategy<Value = Holidays> {
    let day = (0..60_i64).prop_map(|n| Holiday::Date((begin() + TimeDelta::days(n)).date_naive()));
    vec(day, 0..12).prop_map(|days| days.into_iter().collect())
}

fn some_cap() -> impl Strategy<Value = Cap> {
    (1..4_u32, 1..30_i64).prop_map(|(at_most, days)| cap(at_most, days))
}

fn obstacles() -> impl Strategy<Value = Obstacles> {
    let national = (window(), holidays()).prop_map(|(window, holidays)| NationalHours { window, holidays });
    let clock = (0..ZONES.len(), window(), any::<(bool, bool)>(), 1..127_u32, holidays(), option::of(national));
    let asked = vec((-40 * 96..40 * 96_i64, any::<bool>()), 0..6);
    let caps = (option::of(some_cap()), option::of(some_cap()), option::of(1..4_u32), 0..5_u32, 1..400_i64, asked);
    (clock, caps).prop_map(|((zone, send, (weekends, on_holidays), weekend, holidays, national), caps)| {
        let (fatigue, stage_cap, per_day, sent_today, late_hours, asked) = caps;
        let at = |quarters: i64| begin() + TimeDelta::days(14) + TimeDelta::minutes(15 * quarters);
        Obstacles {
            zone: ZONES[zone],
            send,
            writes_on: WritesOn { weekends, holidays: on_holidays },
            weekend: days_of(weekend),
            holidays,
            national,
            fatigue,
            stage_cap,
            per_day,
            sent_today,
            late_max: TimeDelta::hours(late_hours),
            asked: asked.into_iter().map(|(quarters, here)| (at(quarters), here)).collect(),
        }
    })
}

impl Obstacles {
    fn rules(&self, window: TimeDelta) -> PlanRules {
        let asks = named(
            "visit",
            stage_with(|push| {
                any_time(push);
                (push.send, push.writes_on, push.window) = (self.send, self.writes_on, window);
                (push.cap, push.late_max) = (self.stage_cap, self.late_max);
            }),
        );
        rules_with(vec![asks], |gate| {
            gate.fatigue = self.fatigue.map(|cap| Fatigue { cap, keep: None });
            gate.quiet_hours.email = HoursByCountry { countries: BTreeMap::new(), other: self.national.clone() };
            let branch = gate.branches.get_mut(&BranchId::parse("mitte").unwrap()).unwrap();
            (branch.zone, branch.weekend) = (self.zone, self.weekend);
            branch.holidays = self.holidays.clone();
            branch.per_day = DayCaps { all: self.per_day, ..DayCaps::NONE };
        })
    }

    /// Somebody of whom only an address is known, and what they were asked before `now`.
    fn facts(&self, now: DateTime<Utc>) -> Facts {
        let somebody = Contact { phone: None, time_zone: None, ..contact() };
        let template = crate::domain::invitation::tests::invitation();
        let before = |(n, (at, here)): (usize, &(DateTime<Utc>, bool))| {
            let id = seal().invitation_id(&somebody.id, &template.journey, &template.stage, &format!("before-{n}"));
            let stage = StageId::parse(if *here { "visit" } else { "other" }).unwrap();
            let waiting = State::Waiting { step: 0, due_at: *at };
            Invitation { id, stage, state: waiting, planned_at: *at, ..template.clone() }.sent(*at, &accepted())
        };
        let past = self.asked.iter().filter(|(at, _)| *at < now).enumerate();
        let history = past.map(before).collect();
        let sent_today = (0..self.sent_today).fold(DaySends::default(), |sent, _| sent.and_one(Channel::Email));
        Facts { history, sent_today, ..facts(somebody) }
    }

    /// Whether the stage's own hours are open.
    fn own(&self, at: DateTime<Utc>) -> bool {
        let is_weekend = !SendWindow::on_days(self.weekend.others().unwrap()).contains(self.zone, at);
        self.send.contains(self.zone, at) && (self.writes_on.weekends || !is_weekend)
    }

    /// Whether this rule is kept by a message at `at`, when it is `now`.
    fn keeps(&self, reason: DeferReason, (at, now): (DateTime<Utc>, DateTime<Utc>)) -> bool {
        let date = |at| local_time(self.zone, at).date();
        let within = |cap: Option<Cap>, counts: &dyn Fn(bool) -> bool| {
            let Some(cap) = cap else { return true };
            let past =
                self.asked.iter().filter(|(before, here)| *before < now && counts(*here)).map(|(before, _)| *before);
            let all: Vec<_> = past.chain([at]).collect();
            let mine = |start: &DateTime<Utc>| *start <= at && at < *start + cap.per;
            let n_in =
                |start: DateTime<Utc>| all.iter().filter(|ask| start <= **ask && **ask < start + cap.per).count();
            all.iter().filter(|start| mine(start)).all(|start| n_in(*start) <= cap.at_most as usize)
        };
        match reason {
            DeferReason::QuietHours => self.own(at),
            DeferReason::Holiday => self.writes_on.holidays || !self.holidays.contains(date(at)),
            DeferReason::NationalHours => self.national.as_ref().is_none_or(|national| {
                national.window.contains(self.zone, at) && !national.holidays.contains(date(at))
            }),
            DeferReason::FrequencyCap => within(self.fatigue, &|_| true),
            DeferReason::StageCap => within(self.stage_cap, &|here| here),
            DeferReason::KeptRoom => true,
            DeferReason::BranchCap => self.per_day.is_none_or(|cap| self.sent_today < cap || date(now) < date(at)),
        }
    }

    fn keeps_all(&self, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        RULES.iter().all(|rule| self.keeps(*rule, (at, now)))
    }

    /// The first quarter of an hour from `now` to before `last` at which all rules are kept.
    fn first(&self, now: DateTime<Utc>, last: DateTime<Utc>) -> Option<DateTime<Utc>> {
        quarters(now, last).find(|at| self.keeps_all(*at, now))
    }

    /// A reason is the truth when its rule is broken at a time at which the stage itself would have written.
    fn check_reason(&self, reason: DeferReason, (now, until): (DateTime<Utc>, DateTime<Utc>)) {
        let is_true =
            |at: DateTime<Utc>| !self.keeps(reason, (at, now)) && (reason == DeferReason::QuietHours || self.own(at));
        assert!(quarters(now, until).any(is_true), "{reason:?} stands nowhere in the way from {now} to {until}");
    }
}

impl Obstacles {
    /// A skip is right when there is no chance, and its reason the truth when one of the rules behind it is broken.
    fn check_skip(&self, reason: SkipReason, (now, last): (DateTime<Utc>, DateTime<Utc>)) {
        assert_eq!(self.first(now, last), None, "skipped for {reason:?} at {now} though there is a chance");
        let mut behind = RULES.iter().filter(|rule| crate::plan::budget::skip_instead(**rule) == reason);
        let stands = |rule: &DeferReason| quarters(now, last).any(|at| !self.keeps(*rule, (at, now)));
        assert!(last <= now || behind.any(stands), "{reason:?} is no reason at {now}");
    }
}

const RULES: [DeferReason; 6] = [
    DeferReason::QuietHours,
    DeferReason::Holiday,
    DeferReason::NationalHours,
    DeferReason::FrequencyCap,
    DeferReason::StageCap,
    DeferReason::BranchCap,
];

fn quarters(from: DateTime<Utc>, until: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    (0..).map(move |n| from + QUARTER * n).take_while(move |at| *at < until)
}

/// One message from its plan to its end.
fn walk(obstacles: &Obstacles, event_at: DateTime<Utc>, (window, late): (TimeDelta, TimeDelta)) {
    let rules = obstacles.rules(window);
    let told = event("e-1", event_at);
    let last = event_at + window;
    let mut guest = Guest { facts: obstacles.facts(event_at), rules };
    // Nobody plans by what a branch sends on a day: that is the gate's.
    let unhurried = Obstacles { sent_today: 0, per_day: None, ..obstacles.clone() };
    let due_at = match guest.tell(&told, event_at)[0] {
        Verdict::Planned { due_at, deferred, .. } => {
            assert_eq!(Some(due_at), unhurried.first(event_at, last), "the plan is the first chance");
            if let Some(reason) = deferred {
                unhurried.check_reason(reason, (event_at, due_at));
            }
            due_at
        }
        Verdict::Skipped { reason } => {
            unhurried.check_skip(reason, (event_at, last));
            return;
        }
    };
    let mut now = due_at + late;
    for n_steps in 0.. {
        assert!(n_steps < obstacles.asked.len() + 3, "it is put off again and again");
        // The other days are free.
        let sent_today = if n_steps == 0 { obstacles.sent_today } else { 0 };
        let here = Obstacles { sent_today, ..obstacles.clone() };
        // What was asked elsewhere in the meantime counts now.
        let mine = guest.facts.history.pop().unwrap();
        guest.facts = here.facts(now);
        guest.facts.history.push(mine);
        let at = guest.facts.history.len() - 1;
        let State::Waiting { due_at, .. } = guest.facts.history[at].state else { panic!("it waits") };
        match guest.dispatch(at, now, &accepted()) {
            Pass::Send => {
                assert!(here.keeps_all(now, now) && now < last && now - due_at <= obstacles.late_max);
                return;
            }
            Pass::PutOff { until, reason } => {
                assert!(now < until && until < last);
                // Whether the branch has room is asked when everything else is open.
                let judge = if reason == DeferReason::BranchCap { &here } else { &unhurried };
                assert_eq!(judge.first(now, last), Some(until), "put off for {reason:?} at {now}");
                judge.check_reason(reason, (now, until));
                now = until;
            }
            Pass::Skip { reason: SkipReason::Overdue } => {
                assert!(obstacles.late_max < now - due_at);
                return;
            }
            Pass::Skip { reason } => {
                here.check_skip(reason, (now, last));
                return;
            }
            Pass::PassOver { reason } => panic!("{reason:?}: the address is fine"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_chosen_keeps_every_rule_and_what_is_said_of_it_is_true(
        obstacles in obstacles(),
        quarter in 0..40 * 96_i64,
        window_hours in 1..12 * 24_i64,
        late_quarters in prop_oneof![3 => Just(0_i64), 1 => 0..96_i64, 1 => 0..2_000_i64],
    ) {
        let event_at = begin() + TimeDelta::minutes(15 * quarter);
        walk(&obstacles, event_at, (TimeDelta::hours(window_hours), TimeDelta::minutes(15 * late_quarters)));
    }
}
