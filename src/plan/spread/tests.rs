//! A panel over years, with asks that come late, do not come at all, or come by another way.

use proptest::prelude::*;

use super::*;
use crate::domain::invitation::State;
use crate::domain::invitation::tests::{accepted, contact, day, invitation};
use crate::domain::reason::SkipReason;

const WEEK: TimeDelta = TimeDelta::weeks(1);

fn ids() -> (JourneyId, StageId, Seal) {
    (JourneyId::parse("dine-in").unwrap(), StageId::parse("visit").unwrap(), Seal::new(&[5; 32]))
}

/// What somebody whom the panel follows was asked, fire by fire: their turn, and how long the ask then took, if it came.
struct Member {
    id: ContactId,
    before: Before,
    asked: Vec<DateTime<Utc>>,
    n_turns: usize,
}

impl Member {
    fn new(n: usize) -> Self {
        let id = ContactId::parse(&format!("c-{n}")).unwrap();
        Self { id, before: Before::default(), asked: Vec::new(), n_turns: 0 }
    }

    /// A fire calls them up if it is their turn; the ask comes so much later, or not at all.
    fn called(&mut self, panel: &Panel<'_>, seal: &Seal, late: Option<TimeDelta>) {
        let Some(turn) = panel.turn(&self.id, self.before, seal) else { return };
        assert!(panel.at <= turn && turn < panel.next.max(panel.at + WEEK), "{turn}");
        self.n_turns += 1;
        self.before.turn_at = Some(turn);
        if let Some(late) = late {
            self.before.asked_at = Some(turn + late);
            self.asked.push(turn + late);
        }
        assert_eq!(panel.turn(&self.id, self.before, seal), None, "the same fire again calls nobody twice");
    }
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

/// Fires of every week for so many weeks, of which those in `missed` are caught up on by the next that is not.
fn fires(n_weeks: i32, missed: &[i32]) -> Vec<(DateTime<Utc>, DateTime<Utc>, DateTime<Utc>)> {
    let kept: Vec<_> = (0..n_weeks).filter(|week| !missed.contains(week)).collect();
    let mut since = start() - WEEK;
    let mut fires = Vec::new();
    for week in kept {
        let at = start() + WEEK * week;
        fires.push((since, at, at + WEEK));
        since = at;
    }
    fires
}

#[test]
fn everybody_is_called_once_per_period_and_about_evenly_and_it_stays_so() {
    let (journey, stage, seal) = ids();
    let per = WEEK * 13;
    let mut members: Vec<_> = (0..1_300).map(Member::new).collect();
    let mut n_asked = Vec::new();
    for (since, at, next) in fires(13 * 8, &[]) {
        let panel = Panel { journey: &journey, stage: &stage, since, at, next, per };
        let before: usize = members.iter().map(|member| member.asked.len()).sum();
        for member in &mut members {
            member.called(&panel, &seal, Some(TimeDelta::hours(1)));
        }
        n_asked.push(members.iter().map(|member| member.asked.len()).sum::<usize>() - before);
    }
    assert!(n_asked.iter().all(|n| (60..145).contains(n)), "{n_asked:?}");
    for member in &members {
        assert!((7..=8).contains(&member.asked.len()), "{:?}", member.asked);
        let periods = member.asked.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(periods.into_iter().all(|period| period == per + TimeDelta::hours(1)), "{:?}", member.asked);
    }
}

#[test]
fn whoever_cannot_be_asked_is_called_once_per_period_all_the_same() {
    let (journey, stage, seal) = ids();
    let mut member = Member::new(1);
    for (since, at, next) in fires(13 * 4, &[]) {
        let panel = Panel { journey: &journey, stage: &stage, since, at, next, per: WEEK * 13 };
        member.called(&panel, &seal, None);
    }
    assert_eq!(member.n_turns, 4);
    let mut asked_once = Member::new(2);
    asked_once.before = Before { asked_at: Some(start()), turn_at: Some(start()) };
    for (since, at, next) in fires(13 * 4, &[]) {
        let panel = Panel { journey: &journey, stage: &stage, since, at, next, per: WEEK * 13 };
        asked_once.called(&panel, &seal, None);
    }
    assert_eq!(asked_once.n_turns, 3, "a period after the ask, and each period from then on");
}

#[test]
fn an_ask_that_is_still_to_come_counts_as_one() {
    let (journey, stage, seal) = ids();
    let panel = Panel {
        journey: &journey,
        stage: &stage,
        since: start() - WEEK,
        at: start(),
        next: start() + WEEK,
        per: WEEK * 100,
    };
    let before = Before { asked_at: Some(start() + WEEK * 3), turn_at: None };
    assert_eq!(panel.turn(&contact().id, before, &seal), None);
}

#[test]
fn only_invitations_of_the_stage_count_and_a_skip_is_a_turn_but_no_ask() {
    let (journey, stage, _) = ids();
    let other = StageId::parse("support").unwrap();
    let waiting = Invitation { state: State::Waiting { step: 0, due_at: day(3) }, ..invitation() };
    let sent = waiting.clone().sent(day(4), &accepted());
    let later = Invitation { ask_before: waiting.ask_before + TimeDelta::days(50), ..waiting.clone() };
    let skipped = later.skip(day(50), SkipReason::FrequencyCap).unwrap();
    assert!(matches!(skipped.state, State::Skipped { .. }));
    let of = |invitations: &[Invitation], stage: &StageId| Before::of(invitations, &journey, stage);
    let turn_of = |invitation: &Invitation| Some(invitation.ask_before - invitation.window);
    assert_eq!(of(std::slice::from_ref(&waiting), &stage).asked_at, waiting.asks_at());
    let both = of(&[sent.clone(), skipped.clone()], &stage);
    assert_eq!(both, Before { asked_at: Some(day(4)), turn_at: turn_of(&skipped).max(turn_of(&sent)) });
    assert_eq!(of(&[sent, skipped], &other), Before::default());
}

proptest! {
    #[test]
    fn nobody_is_asked_twice_within_a_period_nor_forgotten(
        n in 0..10_000_usize,
        weeks in 1..30_i32,
        late in prop::collection::vec(prop::option::weighted(0.9, 0..200_i64), 1..40),
        missed in prop::collection::vec(0..300_i32, 0..20),
    ) {
        let (journey, stage, seal) = ids();
        let per = WEEK * weeks;
        let mut member = Member::new(n);
        let mut turns = late.iter().cycle();
        let mut last_chance = start() - WEEK;
        for (since, at, next) in fires(300, &missed) {
            let panel = Panel { journey: &journey, stage: &stage, since, at, next, per };
            let n_before = member.n_turns;
            let late = turns.next().copied().flatten().map(TimeDelta::hours);
            member.called(&panel, &seal, late);
            if member.n_turns > n_before {
                last_chance = member.before.asked_at.max(member.before.turn_at).unwrap();
            }
            // A turn a period; what is late is late by the fires that were missed, or by the ask itself.
            let gap = TimeDelta::days(i64::from(at.signed_duration_since(since).num_days() > 7) * (at - since).num_days());
            prop_assert!(at - last_chance <= per + per / 2 + gap + WEEK, "{} after {}", at, last_chance);
        }
        for pair in member.asked.windows(2) {
            prop_assert!(pair[1] - pair[0] >= per, "{:?}", member.asked);
        }
    }
}
