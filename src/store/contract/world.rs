//! A small business and its guests, to try a store with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use crate::domain::answer::{Answer, Answers, Completeness, Reading};
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::contact::{Email, Phone};
use crate::domain::contact_change::ContactChange;
use crate::domain::event::Event;
use crate::domain::id::{BranchId, ContactId, EventId, InvitationId, JourneyId, QuestionId, StageId};
use crate::domain::invitation::{AfterUnknown, Invitation, LeftOut, RetryPlan};
use crate::domain::journey::{Cap, Channel, Fatigue, Level, Push, Step, StepKind, Trigger, When, WritesOn};
use crate::domain::language::Language;
use crate::domain::operator::Operator;
use crate::domain::quiet_hours::QuietHours;
use crate::domain::seal::Seal;
use crate::domain::send_window::SendWindow;
use crate::domain::survey::tests::visit;
use crate::domain::tap::OneTap;
use crate::plan::gate::GateRules;
use crate::plan::limits::{AllStageLimits, BranchRules};
use crate::plan::routes::RouteRules;
use crate::plan::{Facts, Occasion, Plan, PlanInput, PlanRules, RecordedEvent, StageRules, plan};
use crate::store::{
    Arrival, Expiry, Extent, Intervention, InvitationAnswer, Known, Lease, LeaseRequest, Leased, Loads, LookUp,
    Outlook, Refusal, Settlement, Store, StoreError, Wanted, Way,
};

/// A Monday noon.
pub(in crate::store) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap()
}

pub(in crate::store) fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

pub(in crate::store) fn days(n: i64) -> TimeDelta {
    TimeDelta::days(n)
}

/// How long answers count at every stage here.
pub(in crate::store) const WINDOW: TimeDelta = TimeDelta::days(14);

fn step(channel: Channel, after: TimeDelta, kind: StepKind, when: When) -> Step {
    Step { channel, after, kind, when }
}

fn stage(id: &str, kind: &str, priority: u8, line_up: Vec<Step>) -> StageRules {
    StageRules {
        journey: JourneyId::parse("dine-in").unwrap(),
        stage: StageId::parse(id).unwrap(),
        level: Level::Interaction,
        survey: visit().id,
        version: visit().version(),
        push: Push {
            trigger: Trigger::Event { kind: kind.to_owned(), conditions: Vec::new() },
            after: TimeDelta::zero(),
            send: SendWindow::always(),
            writes_on: WritesOn::USUAL,
            window: WINDOW,
            line_up,
            sample: 1.0,
            priority,
            cap: None,
            late_max: WINDOW,
            one_tap: OneTap::Confirm,
        },
    }
}

/// `visit`: mail, a reminder by mail after 3 days, a text message where no mail arrived. `delivery`: a text message.
/// `renewal`: mail, and before the others. The event has the stage's name.
pub(super) fn rules(fatigue: Option<Fatigue>) -> PlanRules {
    let first = |channel| step(channel, TimeDelta::zero(), StepKind::Initial, When::Either);
    let reminder = step(Channel::Email, days(3), StepKind::Reminder, When::Silent);
    let fallback = step(Channel::Sms, days(5), StepKind::Fallback, When::Undelivered);
    let mitte = BranchRules::in_zone(chrono_tz::Europe::Berlin);
    let gate = GateRules {
        fatigue,
        stages: AllStageLimits::default(),
        branches: BTreeMap::from([(BranchId::parse("mitte").unwrap(), mitte)]),
        quiet_hours: QuietHours::default(),
        consent_required: false,
        channels: BTreeSet::from(Channel::ALL),
        default_zone: chrono_tz::Europe::Berlin,
        routes: RouteRules::default(),
    };
    PlanRules {
        stages: vec![
            stage("visit", "visit", 5, vec![first(Channel::Email), reminder, fallback]),
            stage("delivery", "delivery", 5, vec![first(Channel::Sms)]),
            stage("renewal", "renewal", 9, vec![first(Channel::Email)]),
        ],
        gate: Arc::new(gate),
    }
}

pub(in crate::store) fn contact_id(id: &str) -> ContactId {
    ContactId::parse(id).unwrap()
}

/// A person with an address and a number of their own.
pub(in crate::store) fn guest(id: &str) -> ContactChange {
    let number = id.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 10_000_000);
    ContactChange {
        email: Some(Email::parse(&format!("{id}@example.org")).unwrap()),
        // Not parsed: that reads the number plans of the whole world, in every test anew.
        phone: Some(Phone::trusted(&format!("+49151{:08}", 10_000_000 + number))),
        ..ContactChange::none(contact_id(id))
    }
}

pub(in crate::store) fn event(kind: &str, contact: &ContactId, id: &str, at: DateTime<Utc>) -> Event {
    Event {
        id: EventId::parse(id).unwrap(),
        kind: kind.to_owned(),
        at,
        contact: contact.clone(),
        branch: Some(BranchId::parse("mitte").unwrap()),
        data: BTreeMap::new(),
    }
}

pub(in crate::store) fn accepted() -> Outcome {
    Outcome::Accepted { provider_ref: None, n_segments: None, reply: "250 ok".to_owned() }
}

pub(in crate::store) fn refused(address_dead: bool) -> Outcome {
    Outcome::Refused { reply: "550 no".to_owned(), address_dead }
}

pub(in crate::store) fn deferred() -> Outcome {
    Outcome::Deferred { not_before: None, reply: "451 later".to_owned(), obstacle: Obstacle::Recipient }
}

pub(in crate::store) fn unknown() -> Outcome {
    Outcome::Unknown { reply: "connection lost".to_owned() }
}

/// Retry after a quarter of an hour, for two days.
pub(in crate::store) fn retry(channel: Channel, now: DateTime<Utc>) -> RetryPlan {
    RetryPlan {
        retry_at: now + TimeDelta::minutes(15),
        give_up_after: days(2),
        after_unknown: match channel {
            Channel::Email => AfterUnknown::RetryOnce,
            Channel::Sms => AfterUnknown::Hold,
        },
    }
}

/// What came of a lease.
pub(in crate::store) fn settlement(
    rules: &PlanRules,
    lease: &Lease,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Settlement {
    let channel = lease.invitation.attempts.last().expect("a leased invitation has an attempt").channel;
    Settlement::of(lease.clone(), &rules.gate, 1.0, (outcome, retry(channel, now)), now)
}

/// A form with this rating, or with nothing at all.
pub(in crate::store) fn form(rating: Option<i32>, completeness: Completeness) -> Reading {
    let answer = |rating| (QuestionId::parse("overall").unwrap(), Answer::Rating(rating));
    Reading { answers: rating.map(answer).into_iter().collect::<Answers>(), troubles: Vec::new(), completeness }
}

/// Nothing is under way, and everything may be.
pub(in crate::store) fn idle() -> Loads {
    Loads { busy: BTreeMap::new(), limit: usize::MAX }
}

/// What is known of these arrivals.
pub(in crate::store) async fn look_up(store: &dyn Store, arrivals: &[Arrival]) -> Vec<Result<Outlook, StoreError>> {
    let arrivals = arrivals.iter().cloned().map(Arc::new).collect();
    store.look_up(LookUp { arrivals, under_way: Vec::new(), n_max: usize::MAX }).await.unwrap()
}

/// Stores this plan alone.
pub(in crate::store) async fn apply(store: &dyn Store, plan: Plan) -> Result<Option<RecordedEvent>, StoreError> {
    store.apply_plans(vec![plan]).await?.remove(0)
}

/// A store, and the rules that it is used by.
pub(in crate::store) struct World {
    pub(in crate::store) store: Arc<dyn Store>,
    pub(in crate::store) rules: PlanRules,
    n_leases: AtomicU64,
}

impl World {
    pub(in crate::store) fn of(store: Arc<dyn Store>) -> Self {
        Self { store, rules: rules(None), n_leases: AtomicU64::new(0) }
    }

    /// With a budget of `at_most` invitations in any `n_days` days.
    pub(in crate::store) fn with_budget(store: Arc<dyn Store>, at_most: u32, n_days: i64) -> Self {
        let fatigue = Fatigue { cap: Cap { at_most, per: days(n_days) }, keep: None };
        Self { store, rules: rules(Some(fatigue)), n_leases: AtomicU64::new(0) }
    }

    /// What this event comes to at `now`.
    pub(in crate::store) async fn plan(&self, who: ContactChange, event: &Event, now: DateTime<Utc>) -> Plan {
        // Whether or not the event is recorded already.
        let arrival = Arrival { event: None, news: who };
        let outlook = look_up(&*self.store, &[arrival]).await.remove(0).unwrap();
        let Outlook::Known(known) = outlook else { panic!("{outlook:?}") };
        self.plan_on(&known, event, now)
    }

    /// What an event comes to if this is known.
    pub(in crate::store) fn plan_on(&self, known: &Known, event: &Event, now: DateTime<Utc>) -> Plan {
        let (occasion, seal) = (Occasion::Event(event), self.store.seal());
        plan(&PlanInput { now, occasion, contact: &known.contact, facts: &known.facts, rules: &self.rules, seal })
    }

    /// Stores this plan alone.
    pub(in crate::store) async fn apply(&self, plan: Plan) -> Result<Option<RecordedEvent>, StoreError> {
        apply(&*self.store, plan).await
    }

    /// The guest has this event at `at`, and is invited.
    pub(in crate::store) async fn invite(&self, kind: &str, who: &str, id: &str, at: DateTime<Utc>) -> InvitationId {
        let event = event(kind, &contact_id(who), id, at);
        let plan = self.plan(guest(who), &event, at).await;
        let invited = plan.invitations.first().expect("every event here has a stage").id;
        assert!(self.apply(plan).await.unwrap().is_none());
        invited
    }

    pub(in crate::store) async fn lease(&self, channel: Channel, n_max: usize, now: DateTime<Utc>) -> Leased {
        self.lease_with(channel, n_max, now, idle()).await
    }

    /// Leases while so much is under way.
    pub(in crate::store) async fn lease_with(
        &self,
        channel: Channel,
        n_max: usize,
        now: DateTime<Utc>,
        loads: Loads,
    ) -> Leased {
        let lease = self.n_leases.fetch_add(1, Ordering::SeqCst) + 1;
        let rules = Arc::clone(&self.rules.gate);
        let request = LeaseRequest { channel, now, n_max, until: now + hours(1), lease, rules, loads };
        self.store.lease_due(request).await.unwrap()
    }

    /// The only message that may leave now.
    pub(in crate::store) async fn lease_one(&self, channel: Channel, now: DateTime<Utc>) -> Lease {
        let mut leased = self.lease(channel, 10, now).await.leases;
        assert_eq!(leased.len(), 1);
        leased.remove(0)
    }

    pub(in crate::store) async fn settle(
        &self,
        lease: &Lease,
        outcome: Outcome,
        now: DateTime<Utc>,
    ) -> Result<Invitation, StoreError> {
        let settlement = settlement(&self.rules, lease, outcome, now);
        self.store.settle([settlement].into()).await?.swap_remove(0)
    }

    /// This comes of all of them, and it is recorded together.
    pub(in crate::store) async fn settle_together(&self, leases: &[Lease], outcome: Outcome, now: DateTime<Utc>) {
        let settlements = leases.iter().map(|lease| settlement(&self.rules, lease, outcome.clone(), now));
        let settled = self.store.settle(settlements.collect()).await.unwrap();
        assert!(settled.iter().all(Result::is_ok), "{settled:?}");
    }

    /// The one message that is due leaves, and this comes of it.
    pub(in crate::store) async fn send(&self, channel: Channel, outcome: Outcome, now: DateTime<Utc>) -> Invitation {
        let lease = self.lease_one(channel, now).await;
        self.settle(&lease, outcome, now).await.unwrap()
    }

    pub(in crate::store) async fn expire(&self, now: DateTime<Utc>) -> usize {
        self.store
            .expire_leases(Expiry {
                now,
                before: now,
                email: retry(Channel::Email, now),
                sms: retry(Channel::Sms, now),
            })
            .await
            .unwrap()
    }

    /// An operator wants this done with one invitation.
    pub(in crate::store) async fn intervene(
        &self,
        id: InvitationId,
        wanted: Wanted,
        now: DateTime<Utc>,
    ) -> Result<Invitation, LeftOut> {
        let mut done = self.store.intervene(self.intervention(vec![id], wanted, now)).await.unwrap();
        assert_eq!(done.len(), 1);
        done.remove(0).outcome
    }

    pub(in crate::store) fn intervention(
        &self,
        invitations: Vec<InvitationId>,
        wanted: Wanted,
        now: DateTime<Utc>,
    ) -> Intervention {
        let (by, rules) = (Operator::parse("maria").unwrap(), Arc::clone(&self.rules.gate));
        Intervention { invitations, wanted, by, now, rules, dry_run: false }
    }

    pub(in crate::store) fn answer(
        id: InvitationId,
        attempt: u8,
        reading: Reading,
        now: DateTime<Utc>,
    ) -> InvitationAnswer {
        InvitationAnswer { invitation: id, attempt, way: Way::Link, language: Language::english(), reading, now }
    }

    pub(in crate::store) async fn refuse(&self, id: InvitationId, extent: Extent, now: DateTime<Utc>) {
        self.store
            .refuse(Refusal { invitation: id, attempt: 1, extent, source: "survey link".to_owned(), now })
            .await
            .unwrap();
    }

    pub(in crate::store) async fn invitation(&self, id: InvitationId) -> Invitation {
        self.store.invitation(&id).await.unwrap().expect("it was planned")
    }
}

/// An invitation of the usual shape: three steps in daytime, planned and not yet due.
pub(in crate::store) fn planned_visit() -> Invitation {
    let mut rules = rules(None);
    rules.stages.truncate(1);
    for stage in &mut rules.stages {
        stage.push.send = SendWindow::parse("10:00-20:00", Some("Mon-Sat")).unwrap();
    }
    let visit = event("visit", &contact_id("c-100017"), "pos-2026-471123", noon());
    let (contact, _) = guest("c-100017").applied_to(None);
    let input = PlanInput {
        now: noon(),
        occasion: Occasion::Event(&visit),
        contact: &contact,
        facts: &Facts::default(),
        rules: &rules,
        seal: &Seal::new(&super::SECRET),
    };
    plan(&input).invitations.remove(0)
}
