//! What operations allow a stage and a branch, as far as the gate keeps it.
//!
//! The gate goes by the configuration that is in force, also for what was planned under an earlier one: a limit that is
//! tightened holds at once.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::civil::local_time;
use crate::domain::country::Country;
use crate::domain::holidays::Holidays;
use crate::domain::id::{JourneyId, StageId};
use crate::domain::invitation::Invitation;
use crate::domain::journey::{Cap, Channel, LATE_MAX, Push, WritesOn};
use crate::domain::place::{Branch, DayCaps};
use crate::domain::send_window::DaySet;

/// The limits of one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageLimits {
    /// How often the stage may ask one person.
    pub cap: Option<Cap>,
    /// How much later than it was due a message may still leave.
    pub late_max: TimeDelta,
    /// Whether it writes on the branch's days off.
    pub writes_on: WritesOn,
}

impl StageLimits {
    /// Of a stage that is no longer configured: what holds where nothing is said.
    pub const UNSAID: Self = Self { cap: None, late_max: LATE_MAX, writes_on: WritesOn::USUAL };

    /// Those that a stage's rules set.
    pub fn of(push: &Push) -> Self {
        Self { cap: push.cap, late_max: push.late_max, writes_on: push.writes_on }
    }
}

/// The limits of every stage.
#[derive(Clone, Debug, Default)]
pub struct AllStageLimits(BTreeMap<JourneyId, BTreeMap<StageId, StageLimits>>);

impl AllStageLimits {
    /// Of the stage that an invitation belongs to.
    pub fn of(&self, invitation: &Invitation) -> &StageLimits {
        let known = self.0.get(&invitation.journey).and_then(|stages| stages.get(&invitation.stage));
        known.unwrap_or(const { &StageLimits::UNSAID })
    }
}

impl<'a> FromIterator<(&'a JourneyId, &'a StageId, &'a Push)> for AllStageLimits {
    fn from_iter<I: IntoIterator<Item = (&'a JourneyId, &'a StageId, &'a Push)>>(stages: I) -> Self {
        let mut all = Self::default();
        for (journey, stage, push) in stages {
            all.0.entry(journey.clone()).or_default().insert(stage.clone(), StageLimits::of(push));
        }
        all
    }
}

/// What planning and the gate need to know of a branch.
#[derive(Clone, Debug, PartialEq)]
pub struct BranchRules {
    /// What its clocks show.
    pub zone: Tz,
    /// Where it is.
    pub country: Option<Country>,
    /// How many people it may ask on one day.
    pub per_day: DayCaps,
    /// The days of its weekend.
    pub weekend: DaySet,
    /// The days on which it rests.
    pub holidays: Holidays,
}

impl BranchRules {
    /// Those of a branch.
    pub fn of(branch: &Branch) -> Self {
        Self {
            zone: branch.time_zone,
            country: branch.country.as_deref().and_then(|letters| Country::parse(letters).ok()),
            per_day: branch.per_day,
            weekend: branch.weekend,
            holidays: branch.holidays.clone(),
        }
    }

    /// A branch of which nothing is said but its zone.
    #[cfg(test)]
    pub(crate) fn in_zone(zone: Tz) -> Self {
        Self { zone, country: None, per_day: DayCaps::NONE, weekend: DaySet::SAT_SUN, holidays: Holidays::NONE }
    }

    /// The day that its calendar shows.
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        local_time(self.zone, at).date()
    }

    /// Whether one more first message may leave by this channel on a day on which so many have left.
    pub fn has_room(&self, sent: DaySends, channel: Channel) -> bool {
        let below = |cap: Option<u32>, n_sent: u32| cap.is_none_or(|cap| n_sent < cap);
        below(self.per_day.all, sent.email.saturating_add(sent.sms))
            && below(self.per_day.on(channel), sent.on(channel))
    }
}

/// How many first messages left for a branch on one of its days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaySends {
    /// By mail.
    pub email: u32,
    /// By text message.
    pub sms: u32,
}

impl DaySends {
    /// By this channel.
    pub fn on(self, channel: Channel) -> u32 {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms,
        }
    }

    /// With one more by this channel.
    #[must_use]
    pub fn and_one(mut self, channel: Channel) -> Self {
        let n_sent = match channel {
            Channel::Email => &mut self.email,
            Channel::Sms => &mut self.sms,
        };
        *n_sent = n_sent.saturating_add(1);
        self
    }
}
