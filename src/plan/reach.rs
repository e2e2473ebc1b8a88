//! Whether a person can be reached on a channel, and where a line-up begins for them.

use crate::domain::contact::{Consent, Contact};
use crate::domain::journey::{Channel, Step};
use crate::domain::reason::SkipReason;

use super::gate::GateRules;

/// A person, as far as reaching them goes.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The contact.
    pub contact: &'a Contact,
    /// The channels on which their address is suppressed.
    pub suppressed: &'a [Channel],
}

/// Where a line-up begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstStep {
    /// The step, counted from 0.
    pub step: u8,
    /// Its channel.
    pub channel: Channel,
    /// The steps before it, and why they cannot be taken.
    pub passed_over: Vec<(Channel, SkipReason)>,
}

/// Why a person cannot be reached on a channel, if so.
pub fn obstacle(channel: Channel, person: Person<'_>, rules: &GateRules) -> Option<SkipReason> {
    if !rules.channels.contains(&channel) {
        return Some(SkipReason::NoChannel);
    }
    match person.contact.consent(channel) {
        Consent::Refused => return Some(SkipReason::NoConsent),
        Consent::Unknown if rules.consent_required => return Some(SkipReason::NoConsent),
        Consent::Unknown | Consent::Granted => (),
    }
    if person.contact.address(channel).is_none() {
        return Some(SkipReason::NoAddress);
    }
    person.suppressed.contains(&channel).then_some(SkipReason::Suppressed)
}

/// The first step that can be taken: the first of all, else one that follows an undelivered message. When there is none,
/// the reason is that of the first step.
pub fn first_step(line_up: &[Step], person: Person<'_>, rules: &GateRules) -> Result<FirstStep, SkipReason> {
    let mut passed_over = Vec::new();
    for (index, step) in line_up.iter().enumerate() {
        if index > 0 && !step.may_begin() {
            continue;
        }
        match (obstacle(step.channel, person, rules), u8::try_from(index)) {
            (None, Ok(step_number)) => {
                return Ok(FirstStep { step: step_number, channel: step.channel, passed_over });
            }
            (Some(reason), _) => passed_over.push((step.channel, reason)),
            (None, Err(_)) => break,
        }
    }
    Err(passed_over.first().map_or(SkipReason::NoChannel, |(_, reason)| *reason))
}
