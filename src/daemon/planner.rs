//! Carries decisions to the store: facts in, plan out, stored whole, and planned again when somebody was faster.

use chrono::{DateTime, Utc};

use super::core::Core;
use crate::domain::contact::Contact;
use crate::domain::contact_change::ContactChange;
use crate::domain::event::Event;
use crate::domain::id::ContactId;
use crate::domain::invitation::Invitation;
use crate::domain::journey::CronTrigger;
use crate::domain::schedule::Fire;
use crate::plan::spread::{Before, Panel};
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
    let call = Call::of(stage, clock, (fire, since));
    let mut n_planned = 0;
    let mut last: Option<Contact> = None;
    loop {
        let page = core.store.contacts_after(last.as_ref().map(|contact| &contact.id), PAGE).await?;
        let Some(end) = page.last().cloned() else { break };
        for contact in page.iter().filter(|contact| is_in_audience(clock, fire, contact)) {
            if call.panel.is_some() {
                // Most of a panel have their turn some other time, which their own invitations tell.
                let own = core.store.invitations_of(&contact.id).await?;
                if call.asks_at(&contact.id, &own, core).is_none() {
                    continue;
                }
            }
            n_planned += u64::from(plan_fire(core, &call, contact).await?);
        }
        last = Some(end);
    }
    core.wake.everybody();
    Ok(n_planned)
}

/// A fire of a stage's clock.
struct Call<'a> {
    stage: &'a StageRules,
    fire: &'a Fire,
    /// Whose turn it is, where the clock does not call up everybody at each fire.
    panel: Option<Panel<'a>>,
}

impl<'a> Call<'a> {
    fn of(stage: &'a StageRules, clock: &CronTrigger, (fire, since): (&'a Fire, DateTime<Utc>)) -> Self {
        let after = stage.push.after;
        let panel = clock.spread.map(|per| {
            // A clock that never fires again calls up all whose turn would come within the period.
            let next = clock.schedule.after(clock.time_zone, fire.at).map_or(fire.at + per, |next| next.at);
            let (since, at, next) = (since + after, fire.at + after, next + after);
            Panel { journey: &stage.journey, stage: &stage.stage, since, at, next, per }
        });
        Self { stage, fire, panel }
    }

    /// When a contact of whom this is known is to be asked, if it is their turn.
    fn asks_at<'i>(
        &self,
        contact: &ContactId,
        asked: impl IntoIterator<Item = &'i Invitation>,
        core: &Core,
    ) -> Option<DateTime<Utc>> {
        let Some(panel) = &self.panel else { return Some(self.fire.at + self.stage.push.after) };
        panel.turn(contact, Before::of(asked, panel.journey, panel.stage), core.store.seal())
    }
}

fn is_in_audience(clock: &CronTrigger, fire: &Fire, contact: &Contact) -> bool {
    let seen = clock.seen_within.is_none_or(|within| contact.seen_at.is_some_and(|seen| fire.at - seen <= within));
    let here = clock.branch.is_none() || contact.branch == clock.branch;
    seen && here
}

async fn plan_fire(core: &Core, call: &Call<'_>, contact: &Contact) -> Result<bool, StoreError> {
    let live = core.live.load_full();
    for _ in 0..PLANS_MAX {
        let facts = core.store.facts(&contact.id).await?;
        let Some(contact) = facts.contact.clone() else { return Ok(false) };
        let Some(asks_at) = call.asks_at(&contact.id, facts.asked(), core) else { return Ok(false) };
        let (stage, nominal) = (call.stage, &call.fire.nominal);
        let at = asks_at - stage.push.after;
        let occasion = Occasion::Fire { journey: &stage.journey, stage: &stage.stage, nominal, at };
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

#[cfg(test)]
mod tests;
