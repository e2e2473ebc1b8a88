//! Holds a journey, or a channel, when too much goes wrong with it, until somebody has looked and releases it.
//!
//! What is counted is in memory and begins anew with the process; the hold itself is on disk like any other. What is too
//! much is decided in [`crate::plan::breaker`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::core::Core;
use crate::chain::Chain;
use crate::domain::answer::Answers;
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::hold::Hold;
use crate::domain::id::JourneyId;
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::domain::operator::Operator;
use crate::domain::reason::HoldReason;
use crate::domain::receipt::{Bounce, News};
use crate::domain::scope::Scope;
use crate::domain::survey::Survey;
use crate::plan::breaker::{BreakerRules, Burst, Sight, Watch};
use crate::score::is_all_worst;

/// Journeys that are watched at once; a configuration has fewer.
const JOURNEYS_MAX: usize = 1_000;
/// In whose name it holds.
const BY: &str = "canvass";

/// What was seen lately.
#[derive(Debug, Default)]
pub struct Breaker {
    watched: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    journeys: BTreeMap<JourneyId, Watch>,
    email: Watch,
    sms: Watch,
}

impl Breaker {
    fn see(
        &self,
        rules: &BreakerRules,
        scope: (&JourneyId, Channel),
        sight: Sight,
        now: DateTime<Utc>,
    ) -> Option<Burst> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let (journey, channel) = scope;
        let watch = match (is_of_channel(sight), channel) {
            (true, Channel::Email) => &mut watched.email,
            (true, Channel::Sms) => &mut watched.sms,
            (false, _) => {
                if !watched.journeys.contains_key(journey) && watched.journeys.len() < JOURNEYS_MAX {
                    watched.journeys.insert(journey.clone(), Watch::default());
                }
                watched.journeys.get_mut(journey)?
            }
        };
        watch.see(rules, sight, now)
    }
}

/// Who is not believed in one journey is not in any other.
fn is_of_channel(sight: Sight) -> bool {
    sight == Sight::SenderFault
}

/// Something came of a message at its channel.
pub(super) async fn settled(core: &Core, invitation: &Invitation, channel: Channel, outcome: &Outcome) {
    match outcome {
        Outcome::Accepted { .. } => see(core, invitation, channel, Sight::Message).await,
        Outcome::Refused { .. } => {
            see(core, invitation, channel, Sight::Message).await;
            see(core, invitation, channel, Sight::Bounce).await;
        }
        Outcome::Deferred { obstacle: Obstacle::Sender, .. } => {
            see(core, invitation, channel, Sight::SenderFault).await;
        }
        Outcome::Deferred {
            obstacle: Obstacle::Recipient | Obstacle::Domain { .. } | Obstacle::Route { .. } | Obstacle::DayLimit { .. },
            ..
        }
        | Outcome::Unknown { .. } => (),
    }
}

/// Something new came back about a message.
pub(super) async fn heard(core: &Core, invitation: &Invitation, attempt: u8, news: News) {
    let sight = match news {
        News::Delivered => return,
        News::Bounced(Bounce::Sender) => Sight::SenderFault,
        News::Bounced(Bounce::Soft | Bounce::Policy | Bounce::Hard) => Sight::Bounce,
        News::Complained => Sight::Complaint,
    };
    see_of_message(core, invitation, attempt, sight).await;
}

/// Somebody wants no more, as they said by this message.
pub(super) async fn refused(core: &Core, invitation: &Invitation, attempt: u8) {
    see_of_message(core, invitation, attempt, Sight::OptOut).await;
}

/// Somebody answered for the first time, by this message.
pub async fn answered(core: &Core, invitation: &Invitation, attempt: u8, (survey, answers): (&Survey, &Answers)) {
    let Some(channel) = invitation.attempt(attempt).map(|attempt| attempt.channel) else { return };
    see(core, invitation, channel, Sight::Answer).await;
    if is_all_worst(survey, answers) {
        see(core, invitation, channel, Sight::WorstAnswer).await;
    }
}

/// Counts what concerns a message, if the message was counted.
async fn see_of_message(core: &Core, invitation: &Invitation, attempt: u8, sight: Sight) {
    let Some(attempt) = invitation.attempt(attempt) else { return };
    if core.pulse.begun_at().is_some_and(|begun_at| begun_at <= attempt.first_tried_at) {
        see(core, invitation, attempt.channel, sight).await;
    }
}

async fn see(core: &Core, invitation: &Invitation, channel: Channel, sight: Sight) {
    let Some(rules) = core.live.load().config.settings.breaker else { return };
    let burst = core.breaker.see(&rules, (&invitation.journey, channel), sight, core.clock.now());
    let Some(burst) = burst else { return };
    let scope = if is_of_channel(sight) {
        Scope { channel: Some(channel), ..Scope::default() }
    } else {
        Scope { journey: Some(invitation.journey.clone()), ..Scope::default() }
    };
    core.metrics.tripped(sight);
    let by = Operator::parse(BY).expect("it is one short word");
    let note = burst.to_string();
    let hold = Hold { scope, since: core.clock.now(), reason: HoldReason::Breaker, note, by };
    let scope = hold.scope.clone();
    match core.store.hold(hold).await {
        Ok(hold) => tracing::error!("{} will not leave before somebody releases it: {}", hold.scope, hold.note),
        Err(err) => tracing::error!("{scope} should be held, because {burst}, but cannot be: {}", Chain(&err)),
    }
}
