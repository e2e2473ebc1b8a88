//! Rules, events and a person to plan for, and a short way through a plan and the gate.
//!
//! [`stage`] is the visit of DESIGN.md's dine-in journey; a test changes what it is about, `stage_with(|push| ..)`. A
//! [`Guest`] keeps what the store would keep of one contact: plans are applied, due messages are put to the gate and sent.

mod asking;
mod branches;
mod budgets;
mod gates;
mod interplay;
mod nations;
mod reaching;
mod walks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::gate::{GateRules, Pass, gate};
use super::limits::BranchRules;
use super::{Decision, Facts, Occasion, Plan, PlanInput, PlanRules, StageRules, Verdict, plan};
use crate::domain::contact::Contact;
use crate::domain::event::Event;
use crate::domain::id::{BranchId, EventId, JourneyId, StageId, SurveyId};
use crate::domain::invitation::tests::{BERLIN, contact, line_up};
use crate::domain::invitation::{Invitation, State};
use crate::domain::journey::{Cap, Channel, Fatigue, Keep, Level, Push, Trigger, WritesOn};
use crate::domain::place::DayCaps;
use crate::domain::quiet_hours::QuietHours;
use crate::domain::seal::Seal;
use crate::domain::send_window::SendWindow;
use crate::domain::survey::tests::visit;
use crate::domain::tap::OneTap;

/// The seal that ids and lots of these tests come from.
pub(crate) fn seal() -> Seal {
    Seal::new(&[7; 32])
}

/// Asks after `visit.completed`, two hours later, between 10:00 and 20:00 on all days but Sunday, by [`line_up`].
pub(crate) fn stage() -> StageRules {
    StageRules {
        journey: JourneyId::parse("dine-in").unwrap(),
        stage: StageId::parse("visit").unwrap(),
        level: Level::Interaction,
        survey: SurveyId::parse("visit").unwrap(),
        version: visit().version(),
        push: Push {
            trigger: Trigger::Event { kind: "visit.completed".to_owned(), conditions: Vec::new() },
            after: TimeDelta::hours(2),
            send: SendWindow::parse("10:00-20:00", Some("Mon-Sat")).unwrap(),
            writes_on: WritesOn::USUAL,
            window: TimeDelta::days(14),
            line_up: line_up(),
            sample: 1.0,
            priority: 5,
            cap: None,
            late_max: TimeDelta::days(14),
            one_tap: OneTap::Confirm,
        },
    }
}

/// The same with other rules.
pub(crate) fn stage_with(change: impl FnOnce(&mut Push)) -> StageRules {
    let mut stage = stage();
    change(&mut stage.push);
    stage
}

/// The same stage under another name, so that one event can set off several.
pub(crate) fn named(name: &str, stage: StageRules) -> StageRules {
    StageRules { stage: StageId::parse(name).unwrap(), ..stage }
}

/// Asks whenever told, at once, at any hour: for tests in which only the budget matters.
pub(crate) fn any_time(push: &mut Push) {
    (push.after, push.send) = (TimeDelta::zero(), SendWindow::always());
}

/// These stages, both channels, no budget of a person's; the branches are `mitte` in Berlin and `porto` in Lisbon.
pub(crate) fn rules(stages: Vec<StageRules>) -> PlanRules {
    let branch = |name, zone| (BranchId::parse(name).unwrap(), BranchRules::in_zone(zone));
    let gate = GateRules {
        fatigue: None,
        stages: stages.iter().map(|stage| (&stage.journey, &stage.stage, &stage.push)).collect(),
        branches: BTreeMap::from([branch("mitte", BERLIN), branch("porto", chrono_tz::Europe::Lisbon)]),
        quiet_hours: QuietHours::default(),
        consent_required: false,
        channels: BTreeSet::from(Channel::ALL),
        default_zone: chrono_tz::UTC,
        routes: crate::plan::routes::RouteRules::default(),
    };
    PlanRules { stages, gate: Arc::new(gate) }
}

/// The same with a change of what the gate goes by.
pub(crate) fn rules_with(stages: Vec<StageRules>, change: impl FnOnce(&mut GateRules)) -> PlanRules {
    let mut rules = rules(stages);
    change(Arc::make_mut(&mut rules.gate));
    rules
}

/// So many in so many days.
pub(crate) fn cap(at_most: u32, days: i64) -> Cap {
    Cap { at_most, per: TimeDelta::days(days) }
}

/// A budget of so many in so many days, of which `n_kept` are kept for stages of priority 8 and more.
pub(crate) fn fatigue(at_most: u32, days: i64, n_kept: u32) -> Fatigue {
    let keep = (n_kept > 0).then_some(Keep { n: n_kept, for_priority: 8 });
    Fatigue { cap: cap(at_most, days), keep }
}

/// A visit of the contact's in `mitte`.
pub(crate) fn event(id: &str, at: DateTime<Utc>) -> Event {
    Event {
        id: EventId::parse(id).unwrap(),
        kind: "visit.completed".to_owned(),
        at,
        contact: contact().id,
        branch: Some(BranchId::parse("mitte").unwrap()),
        data: BTreeMap::new(),
    }
}

/// What is decided on the event when it comes in at `now`.
pub(crate) fn plan_for(rules: &PlanRules, facts: &Facts, event: &Event, now: DateTime<Utc>) -> Plan {
    let contact = facts.contact.clone().unwrap();
    plan(&PlanInput { now, occasion: Occasion::Event(event), contact: &contact, facts, rules, seal: &seal() })
}

/// What is known of somebody of whom nothing but the contact is known.
pub(crate) fn facts(contact: Contact) -> Facts {
    Facts { contact: Some(contact), ..Facts::default() }
}

/// One contact, as the store keeps them.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    /// What is known of them.
    pub(crate) facts: Facts,
    /// What operations wrote.
    pub(crate) rules: PlanRules,
}

impl Guest {
    /// [`contact`], of whom nothing else is known.
    pub(crate) fn of(rules: PlanRules) -> Self {
        Self { facts: facts(contact()), rules }
    }

    /// Plans for the event at `now` and stores the plan. Gives the verdicts in the order of the stages.
    pub(crate) fn tell(&mut self, event: &Event, now: DateTime<Utc>) -> Vec<Verdict> {
        let plan = plan_for(&self.rules, &self.facts, event, now);
        assert_eq!(plan.based_on, self.facts.revision());
        self.facts.contact = Some(plan.contact);
        self.facts.history.extend(plan.invitations);
        plan.decisions.iter().map(|Decision { verdict, .. }| *verdict).collect()
    }

    /// The invitation that is due first, among those that wait.
    pub(crate) fn next_due(&self) -> Option<(usize, DateTime<Utc>)> {
        let due = |invitation: &Invitation| match invitation.state {
            State::Waiting { due_at, .. } => Some((due_at, std::cmp::Reverse(invitation.priority), invitation.id)),
            State::Sending { .. }
            | State::Held { .. }
            | State::Asked
            | State::Closed { .. }
            | State::Skipped { .. } => None,
        };
        let waiting = self.facts.history.iter().enumerate().filter_map(|(index, it)| Some((due(it)?, index)));
        waiting.min().map(|((due_at, ..), index)| (index, due_at))
    }

    /// What the gate says of that invitation.
    pub(crate) fn gate(&self, index: usize, now: DateTime<Utc>) -> Pass {
        gate(&self.rules.gate, &self.facts.history[index], &self.facts, now)
    }

    /// Puts the invitation to the gate and does as it says; what may leave is sent with this outcome.
    pub(crate) fn dispatch(
        &mut self,
        index: usize,
        now: DateTime<Utc>,
        outcome: &crate::domain::attempt::Outcome,
    ) -> Pass {
        let (pass, invitation) = (self.gate(index, now), self.facts.history[index].clone());
        let zone = self.facts.contact.as_ref().and_then(|contact| contact.time_zone).unwrap_or(invitation.zone);
        self.facts.history[index] = match pass {
            Pass::Send => invitation.sent(now, outcome),
            Pass::PutOff { until, reason } => invitation.put_off(now, until, reason).unwrap(),
            Pass::PassOver { reason } => invitation.pass_over(now, reason, zone).unwrap(),
            Pass::Skip { reason } => invitation.skip(now, reason).unwrap(),
        };
        pass
    }
}

/// When that verdict has the first message due.
#[track_caller]
pub(crate) fn due_at(verdict: &Verdict) -> DateTime<Utc> {
    match verdict {
        Verdict::Planned { due_at, .. } => *due_at,
        Verdict::Skipped { reason } => panic!("skipped: {}", reason.as_str()),
    }
}
