//! Carries decisions to the store: facts in, plan out, stored whole, and planned again when somebody was faster.

use chrono::{DateTime, Utc};

use super::core::Core;
use crate::domain::contact::Contact;
use crate::domain::contact_change::ContactChange;
use crate::domain::event::Event;
use crate::domain::journey::CronTrigger;
use crate::domain::schedule::Fire;
use crate::plan::spread::{Turn, is_called};
use crate::plan::{Occasion, PlanInput, RecordedEvent, StageRules, plan};
use crate::store::StoreError;

/// Plans made for one occasion before we give up: each time, somebody else changed the same contact in between.
const PLANS_MAX: usize = 32;
/// Contacts read at a time while a clock's audience is worked through.
const PAGE: usize = 500;

/// Takes an event: decides for every stage, and stores event, contact and invitations as one. The same event again gives
/// what was decided the first time.
pub async fn take_event(core: &Core, event: &Event, news: &ContactChange) -> Result<RecordedEvent, StoreError> {
    let live = core.live.load_full();
    for _ in 0..PLANS_MAX {
        if let Some(recorded) = core.store.event(&event.id).await? {
            core.store.confirm().await?;
            return Ok(recorded);
        }
        let facts = core.store.facts_after(news).await?;
        let (contact, _) = news.clone().applied_to(facts.contact.clone());
        let input = PlanInput {
            now: core.clock.now(),
            occasion: Occasion::Event(event),
            contact: &contact,
            facts: &facts,
            rules: &live.rules,
            seal: core.store.seal(),
        };
        let planned = plan(&input);
        let decisions = planned.decisions.clone();
        match core.store.apply_plan(planned).await {
            Ok(Some(recorded)) => return Ok(recorded),
            Ok(None) => {
                core.wake.everybody();
                return Ok(RecordedEvent { event: event.clone(), decisions });
            }
            Err(StoreError::Stale) => (),
            Err(err) => return Err(err),
        }
    }
    Err(StoreError::Stale)
}

/// Works a clock's fire through: plans for every contact that it calls up. Doing so again, or going on after a crash,
/// plans nobody twice.
pub async fn take_fire(
    core: &Core,
    stage: &StageRules,
    clock: &CronTrigger,
    (fire, since): (&Fire, DateTime<Utc>),
) -> Result<u64, StoreError> {
    let mut n_planned = 0;
    let mut last: Option<Contact> = None;
    loop {
        let page = core.store.contacts_after(last.as_ref().map(|contact| &contact.id), PAGE).await?;
        let Some(end) = page.last().cloned() else { break };
        for contact in page.iter().filter(|contact| is_in_audience(core, stage, clock, (fire, since), contact)) {
            n_planned += u64::from(plan_fire(core, stage, fire, contact).await?);
        }
        last = Some(end);
    }
    core.wake.everybody();
    Ok(n_planned)
}

fn is_in_audience(
    core: &Core,
    stage: &StageRules,
    clock: &CronTrigger,
    (fire, since): (&Fire, DateTime<Utc>),
    contact: &Contact,
) -> bool {
    let seen = clock.seen_within.is_none_or(|within| contact.seen_at.is_some_and(|seen| fire.at - seen <= within));
    let here = clock.branch.is_none() || contact.branch == clock.branch;
    let called = clock.spread.is_none_or(|per| {
        let turn = Turn { journey: &stage.journey, stage: &stage.stage, since, at: fire.at, per };
        is_called(&turn, &contact.id, core.store.seal())
    });
    seen && here && called
}

async fn plan_fire(core: &Core, stage: &StageRules, fire: &Fire, contact: &Contact) -> Result<bool, StoreError> {
    let live = core.live.load_full();
    for _ in 0..PLANS_MAX {
        let facts = core.store.facts(&contact.id).await?;
        let Some(contact) = facts.contact.clone() else { return Ok(false) };
        let occasion =
            Occasion::Fire { journey: &stage.journey, stage: &stage.stage, nominal: &fire.nominal, at: fire.at };
        let input = PlanInput {
            now: core.clock.now(),
            occasion,
            contact: &contact,
            facts: &facts,
            rules: &live.rules,
            seal: core.store.seal(),
        };
        let planned = plan(&input);
        if planned.invitations.is_empty() {
            return Ok(false);
        }
        match core.store.apply_plan(planned).await {
            Ok(_) => return Ok(true),
            Err(StoreError::Stale) => (),
            Err(err) => return Err(err),
        }
    }
    Err(StoreError::Stale)
}
