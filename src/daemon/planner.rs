//! Carries decisions to the store: facts in, plan out, stored whole, and planned again when somebody was faster.

mod rounds;

use std::sync::Arc;

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
use crate::plan::{Occasion, Plan, PlanInput, PlanRules, RecordedEvent, StageRules, plan};
use crate::store::{Arrival, Known, StoreError};
use rounds::Taken;

/// Contacts read at a time while a clock's audience is worked through.
const PAGE: usize = 500;

/// Takes one event, like [`take_events`].
#[expect(clippy::missing_panics_doc, reason = "each event has its answer")]
pub async fn take_event(core: &Core, event: Event, news: ContactChange) -> Result<RecordedEvent, StoreError> {
    take_events(core, vec![(event, news)]).await.pop().expect("each event has its answer")
}

/// Takes events, each with the news of its contact: decides for every stage, and stores event, contact and invitations as
/// one. The same event again gives what was decided the first time. What is decided is what would be if they came one after
/// the other; each is answered by itself, in their order.
pub async fn take_events(core: &Core, events: Vec<(Event, ContactChange)>) -> Vec<Result<RecordedEvent, StoreError>> {
    let live = core.live.load_full();
    let with_arrival = |(event, news): (Event, ContactChange)| {
        let arrival = Arrival { event: Some(event.id.clone()), news };
        (event, Arc::new(arrival))
    };
    let (events, arrivals): (Vec<_>, Vec<_>) = events.into_iter().map(with_arrival).unzip();
    let decide = |place: usize, known: &Known, now| {
        let occasion = Occasion::Event(events.get(place)?);
        let (contact, facts) = (&known.contact, &known.facts);
        Some(plan(&PlanInput { now, occasion, contact, facts, rules: &live.rules, seal: core.store.seal() }))
    };
    let taken = rounds::take(core, &arrivals, decide).await;
    let told = taken.into_iter().zip(events).map(|(taken, event)| match taken? {
        Taken::Before(recorded) => Ok(recorded),
        Taken::Now(decisions) => Ok(RecordedEvent { event, decisions }),
    });
    told.collect()
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
    let mut last: Option<ContactId> = None;
    loop {
        let page = core.store.contacts_after(last.as_ref(), PAGE).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.id.clone());
        let called = page.into_iter().filter(|contact| is_in_audience(clock, fire, contact));
        let arrival = |contact: Contact| Arc::new(Arrival { event: None, news: ContactChange::none(contact.id) });
        let arrivals: Vec<_> = called.map(arrival).collect();
        let live = core.live.load_full();
        let decide = |_: usize, known: &Known, now| call.plan(known, now, (&live.rules, core));
        for taken in rounds::take(core, &arrivals, decide).await {
            match taken? {
                Taken::Now(decisions) => n_planned += u64::from(!decisions.is_empty()),
                Taken::Before(_) => (),
            }
        }
    }
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

    /// The plan for a contact, if there is one to be asked and it is their turn.
    fn plan(&self, known: &Known, now: DateTime<Utc>, (rules, core): (&PlanRules, &Core)) -> Option<Plan> {
        let facts = &known.facts;
        let contact = facts.contact.as_ref()?;
        // Most of a panel have their turn some other time, which their own invitations tell.
        self.asks_at(&contact.id, &facts.history, core)?;
        let asks_at = self.asks_at(&contact.id, facts.asked(), core)?;
        let StageRules { journey, stage, push, .. } = self.stage;
        let occasion = Occasion::Fire { journey, stage, nominal: &self.fire.nominal, at: asks_at - push.after };
        let planned = plan(&PlanInput { now, occasion, contact, facts, rules, seal: core.store.seal() });
        (!planned.invitations.is_empty()).then_some(planned)
    }
}

fn is_in_audience(clock: &CronTrigger, fire: &Fire, contact: &Contact) -> bool {
    let seen = clock.seen_within.is_none_or(|within| contact.seen_at.is_some_and(|seen| fire.at - seen <= within));
    let here = clock.branch.is_none() || contact.branch == clock.branch;
    seen && here
}

#[cfg(test)]
mod tests;
