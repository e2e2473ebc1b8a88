//! Decides who is asked what, when and how. Pure: time and chance are arguments, and the same input gives the same plan.
//!
//! **Invariant:** nothing here reads a clock, a store or a network. A plan is complete (channel, instant, survey version)
//! and leaves whoever carries it out no choice; where it says no, it says why. It names the revision of the contact it
//! was made on, and is worth nothing once that has moved.

pub mod backoff;
pub mod breaker;
pub mod budget;
pub mod crowd;
pub mod gate;
pub mod hours;
pub mod limits;
pub mod pace;
pub mod reach;
pub mod replan;
pub mod routes;
pub mod sample;
pub mod spend;
pub mod spread;

#[cfg(test)]
pub(crate) mod tests;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::contact::Contact;
use crate::domain::event::Event;
use crate::domain::id::{InvitationId, JourneyId, StageId, SurveyId};
use crate::domain::invitation::{Happening, Invitation, Note, State};
use crate::domain::journey::{Channel, Level, Push, Trigger};
use crate::domain::reason::{DeferReason, SkipReason};
use crate::domain::seal::Seal;
use crate::domain::survey::SurveyVersion;
use gate::GateRules;
use hours::{Chance, Hours};
use limits::DaySends;

/// Everything that planning goes by: what operations wrote, as far as it matters here.
#[derive(Clone, Debug)]
pub struct PlanRules {
    /// The stages that invite people, in the order of the files.
    pub stages: Vec<StageRules>,
    /// What the gate goes by.
    pub gate: std::sync::Arc<GateRules>,
}

/// A stage that invites people.
#[derive(Clone, Debug)]
pub struct StageRules {
    /// Its journey.
    pub journey: JourneyId,
    /// Its id.
    pub stage: StageId,
    /// What its scores speak of.
    pub level: Level,
    /// What it asks.
    pub survey: SurveyId,
    /// The content of that at present.
    pub version: SurveyVersion,
    /// Its rules.
    pub push: Push,
}

/// What is known of a person at one moment.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The contact.
    pub contact: Option<Contact>,
    /// Every invitation of theirs.
    pub history: Vec<Invitation>,
    /// Every invitation of the other contacts that share an email address or a phone number with this one: the same
    /// person, as far as budgets go, under another id.
    pub kin: Vec<Invitation>,
    /// The channels on which their address is suppressed.
    pub suppressed: Vec<Channel>,
    /// How many first messages have left today for the branch of the invitation that the gate is asked about.
    pub sent_today: DaySends,
}

impl Facts {
    /// The revision that a plan made on these facts is based on.
    pub fn revision(&self) -> u64 {
        self.contact.as_ref().map_or(0, |contact| contact.revision)
    }

    /// What counts towards the person's budgets.
    pub fn asked(&self) -> impl Iterator<Item = &Invitation> {
        self.history.iter().chain(&self.kin)
    }
}

/// What happened, to which stages apply.
#[derive(Clone, Copy, Debug)]
pub enum Occasion<'a> {
    /// An event from the caller's systems.
    Event(&'a Event),
    /// The clock of one stage.
    Fire {
        /// Its journey.
        journey: &'a JourneyId,
        /// The stage.
        stage: &'a StageId,
        /// The fire's own name, the same whenever it is worked through.
        nominal: &'a str,
        /// When it fired.
        at: DateTime<Utc>,
    },
}

/// What to plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// The time.
    pub now: DateTime<Utc>,
    /// What happened.
    pub occasion: Occasion<'a>,
    /// The contact as the occasion leaves them: with the news that came with the event.
    pub contact: &'a Contact,
    /// What was known before.
    pub facts: &'a Facts,
    /// What operations wrote.
    pub rules: &'a PlanRules,
    /// Makes ids.
    pub seal: &'a Seal,
}

/// What was decided, ready to be stored whole.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The revision of the contact that it was made on.
    pub based_on: u64,
    /// The contact as it is to be stored.
    pub contact: Contact,
    /// The event, if it was one, with every stage's decision.
    pub event: Option<RecordedEvent>,
    /// The invitations to be stored: planned ones, and skipped ones for the record.
    pub invitations: Vec<Invitation>,
    /// Every stage's decision.
    pub decisions: Vec<Decision>,
}

/// An event, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// The event.
    pub event: Event,
    /// Every stage's decision.
    pub decisions: Vec<Decision>,
}

/// What one stage decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The journey.
    pub journey: JourneyId,
    /// The stage.
    pub stage: StageId,
    /// Yes or no.
    pub verdict: Verdict,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The contact is asked.
    Planned {
        /// The invitation.
        invitation: InvitationId,
        /// By which channel first.
        channel: Channel,
        /// When the first message is due.
        due_at: DateTime<Utc>,
        /// Why that is later than the stage asks for, if it is.
        deferred: Option<DeferReason>,
    },
    /// The contact is not asked.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
}

/// Decides; changes nothing.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let (invitations, decisions) = decide_all(input);
    let mut contact = input.contact.clone();
    contact.revision = input.facts.revision() + 1;
    let event = match input.occasion {
        Occasion::Event(event) => {
            contact.seen_at = contact.seen_at.max(Some(event.at));
            Some(RecordedEvent { event: event.clone(), decisions: decisions.clone() })
        }
        Occasion::Fire { .. } => None,
    };
    Plan { based_on: input.facts.revision(), contact, event, invitations, decisions }
}

/// What the stages do with the occasion: the invitations, and the decisions in the order of the stages.
fn decide_all(input: &PlanInput<'_>) -> (Vec<Invitation>, Vec<Decision>) {
    let mut decisions = Vec::new();
    let mut blanks = Vec::new();
    for (place, stage) in input.rules.stages.iter().enumerate() {
        match meets_conditions(input, stage) {
            Some(true) => blanks.push((place, stage, blank_invitation(input, stage))),
            Some(false) => {
                let verdict = Verdict::Skipped { reason: SkipReason::ConditionNotMet };
                decisions.push((place, decision(stage, verdict)));
            }
            None => (),
        }
    }
    // In the order in which the gate will let them through, so that each sees what those before it take of the budget.
    blanks.sort_by_key(|(_, _, blank)| budget::rank(blank));
    let mut invitations = Vec::new();
    for (place, stage, blank) in blanks {
        let (invitation, verdict) = decide(input, stage, blank, &invitations);
        invitations.extend(invitation);
        decisions.push((place, decision(stage, verdict)));
    }
    decisions.sort_by_key(|(place, _)| *place);
    (invitations, decisions.into_iter().map(|(_, decision)| decision).collect())
}

fn decision(stage: &StageRules, verdict: Verdict) -> Decision {
    Decision { journey: stage.journey.clone(), stage: stage.stage.clone(), verdict }
}

/// What a stage does with an occasion that meets its conditions; `beside` is what was planned for the occasion before.
fn decide(
    input: &PlanInput<'_>,
    stage: &StageRules,
    blank: Invitation,
    beside: &[Invitation],
) -> (Option<Invitation>, Verdict) {
    if input.facts.history.iter().any(|known| known.id == blank.id) {
        return (None, Verdict::Skipped { reason: SkipReason::AlreadyAsked });
    }
    match ask(input, stage, &blank, beside) {
        Ok(asked) => {
            let verdict = Verdict::Planned {
                invitation: blank.id,
                channel: asked.channel,
                due_at: asked.due_at,
                deferred: asked.deferred,
            };
            (Some(asked.on(blank, input.now)), verdict)
        }
        Err(reason) => {
            let note = Note { at: input.now, what: Happening::Skipped { reason } };
            let skipped = Invitation { state: State::Skipped { at: input.now, reason }, history: vec![note], ..blank };
            (Some(skipped), Verdict::Skipped { reason })
        }
    }
}

/// Whether the occasion is this stage's business (`None` if not), and meets its conditions.
fn meets_conditions(input: &PlanInput<'_>, stage: &StageRules) -> Option<bool> {
    match (&stage.push.trigger, input.occasion) {
        (Trigger::Event { kind, conditions }, Occasion::Event(event)) if *kind == event.kind => {
            Some(conditions.iter().all(|condition| condition.holds(&event.data)))
        }
        (Trigger::Cron(_), Occasion::Fire { journey, stage: id, .. })
            if *journey == stage.journey && *id == stage.stage =>
        {
            Some(true)
        }
        (Trigger::Event { .. } | Trigger::Cron(_), Occasion::Event(_) | Occasion::Fire { .. }) => None,
    }
}

fn blank_invitation(input: &PlanInput<'_>, stage: &StageRules) -> Invitation {
    let (occasion, event, at, branch) = match input.occasion {
        Occasion::Event(event) => (event.id.as_str(), Some(event.id.clone()), event.at, event.branch.as_ref()),
        Occasion::Fire { nominal, at, .. } => (nominal, None, at, None),
    };
    let branch = branch.or(input.contact.branch.as_ref()).cloned();
    let gate = &input.rules.gate;
    let zone = branch.as_ref().and_then(|id| gate.branches.get(id)).map_or(gate.default_zone, |branch| branch.zone);
    Invitation {
        id: input.seal.invitation_id(&input.contact.id, &stage.journey, &stage.stage, occasion),
        contact: input.contact.id.clone(),
        journey: stage.journey.clone(),
        stage: stage.stage.clone(),
        occasion: occasion.to_owned(),
        event,
        level: stage.level,
        branch,
        zone,
        survey: stage.survey.clone(),
        version: stage.version,
        planned_at: input.now,
        ask_before: at + stage.push.after + stage.push.window,
        window: stage.push.window,
        send: stage.push.send,
        line_up: stage.push.line_up.clone(),
        priority: stage.push.priority,
        state: State::Skipped { at: input.now, reason: SkipReason::NoChannel },
        attempts: Vec::new(),
        answer: None,
        history: Vec::new(),
    }
}

/// How an invitation begins.
struct Asked {
    step: u8,
    channel: Channel,
    due_at: DateTime<Utc>,
    deferred: Option<DeferReason>,
    passed_over: Vec<(Channel, SkipReason)>,
}

impl Asked {
    fn on(self, blank: Invitation, now: DateTime<Utc>) -> Invitation {
        let passed_over =
            self.passed_over.into_iter().map(|(channel, reason)| Happening::StepPassedOver { channel, reason });
        let planned = Happening::Planned { due_at: self.due_at, deferred: self.deferred };
        let history = passed_over.chain([planned]).map(|what| Note { at: now, what }).collect();
        Invitation { state: State::Waiting { step: self.step, due_at: self.due_at }, history, ..blank }
    }
}

fn ask(
    input: &PlanInput<'_>,
    stage: &StageRules,
    blank: &Invitation,
    beside: &[Invitation],
) -> Result<Asked, SkipReason> {
    let push = &stage.push;
    if sample::lot(&stage.journey, &stage.stage, &input.contact.id, input.occasion) >= push.sample {
        return Err(SkipReason::NotSampled);
    }
    let person = reach::Person { contact: input.contact, suppressed: &input.facts.suppressed };
    let first = reach::first_step(&push.line_up, person, &input.rules.gate)?;
    let at = blank.ask_before - push.window;
    let hours = Hours::of(&input.rules.gate, (blank, first.channel), input.contact);
    let others = input.facts.asked().chain(beside);
    let chance = budget::first_chance(&input.rules.gate, blank, others, (&hours, at.max(input.now)));
    let Chance { at: due_at, deferred } = chance.ok_or(SkipReason::NeverOpen)?;
    if due_at >= blank.ask_before {
        return Err(deferred.map_or(SkipReason::TooLate, budget::skip_instead));
    }
    Ok(Asked { step: first.step, channel: first.channel, due_at, deferred, passed_over: first.passed_over })
}

/// The longest time that matters to any budget: older invitations need not be looked at.
pub const BUDGET_MAX: TimeDelta = TimeDelta::days(3653);
