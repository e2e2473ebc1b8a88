//! Reasons with their inputs, as far as these are still what they were.

use chrono::{DateTime, Utc};

use super::words::{message, send_hours};
use super::{Background, budget};
use crate::domain::contact::Consent;
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::domain::reason::{DeferReason, SkipReason};

/// Why nobody was asked, or not by this channel; to follow "because".
pub(super) fn skipped(
    invitation: &Invitation,
    background: &Background<'_>,
    (reason, channel): (SkipReason, Option<Channel>),
    at: DateTime<Utc>,
) -> String {
    let channel = channel.or_else(|| invitation.line_up.first().map(|step| step.channel));
    let in_full = match (reason, channel) {
        (SkipReason::NoConsent, Some(channel)) => no_consent(background, channel),
        (SkipReason::NoAddress, Some(channel)) => no_address(background, channel),
        (SkipReason::Suppressed, Some(channel)) => suppressed(background, channel),
        (SkipReason::FrequencyCap, _) => budget::skipped(invitation, background, DeferReason::FrequencyCap, at),
        (SkipReason::StageCap, _) => budget::skipped(invitation, background, DeferReason::StageCap, at),
        (SkipReason::KeptRoom, _) => budget::skipped(invitation, background, DeferReason::KeptRoom, at),
        (
            SkipReason::ConditionNotMet
            | SkipReason::NotSampled
            | SkipReason::NoConsent
            | SkipReason::NoAddress
            | SkipReason::Suppressed
            | SkipReason::TooLate
            | SkipReason::AlreadyAsked
            | SkipReason::ContactGone
            | SkipReason::NoChannel
            | SkipReason::NeverOpen
            | SkipReason::Overdue
            | SkipReason::BranchCap,
            _,
        ) => None,
    };
    in_full.unwrap_or_else(|| reason.because().to_owned())
}

fn no_consent(background: &Background<'_>, channel: Channel) -> Option<String> {
    let what = message(channel);
    match background.facts.contact.as_ref()?.consent(channel) {
        Consent::Refused => Some(format!("the contact said no to surveys by {what}")),
        Consent::Unknown if background.rules.gate.consent_required => {
            Some(format!("nothing says that the contact agreed to surveys by {what}, and [consent] asks for that"))
        }
        Consent::Unknown | Consent::Granted => None,
    }
}

fn no_address(background: &Background<'_>, channel: Channel) -> Option<String> {
    let is_missing = background.facts.contact.as_ref()?.address(channel).is_none();
    is_missing.then(|| match channel {
        Channel::Email => "the contact has no email address".to_owned(),
        Channel::Sms => "the contact has no telephone number".to_owned(),
    })
}

fn suppressed(background: &Background<'_>, channel: Channel) -> Option<String> {
    background.facts.suppressed.contains(&channel).then(|| match channel {
        Channel::Email => "the email address is on the suppression list".to_owned(),
        Channel::Sms => "the telephone number is on the suppression list".to_owned(),
    })
}

/// Why a message moved to `until`; to follow "because".
pub(super) fn deferred(
    invitation: &Invitation,
    background: &Background<'_>,
    (reason, until): (DeferReason, DateTime<Utc>),
    at: DateTime<Utc>,
) -> String {
    let in_full = match reason {
        DeferReason::QuietHours => closed(invitation, background, at),
        DeferReason::Holiday | DeferReason::NationalHours => None,
        DeferReason::FrequencyCap | DeferReason::StageCap | DeferReason::KeptRoom | DeferReason::BranchCap => {
            budget::deferred(invitation, background, (reason, until), at)
        }
    };
    in_full.unwrap_or_else(|| reason.because().to_owned())
}

/// Why a first message that was planned at `at` is due later than its stage asks for, where that is due to its send hours.
pub(super) fn moved(
    invitation: &Invitation,
    background: &Background<'_>,
    due_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Option<String> {
    let meant = meant_for(invitation, at);
    (due_at > meant).then(|| closed(invitation, background, meant)).flatten()
}

/// When the first message of an invitation that was planned at `at` was meant to leave.
pub(super) fn meant_for(invitation: &Invitation, at: DateTime<Utc>) -> DateTime<Utc> {
    (invitation.ask_before - invitation.window).max(at)
}

/// Why nothing may be sent at that time, if that is so.
fn closed(invitation: &Invitation, background: &Background<'_>, at: DateTime<Utc>) -> Option<String> {
    let (send, zone) = (invitation.send, background.send_zone(invitation));
    if send.contains(zone, at) {
        return None;
    }
    let writes = format!("this stage writes only {}", send_hours(send));
    let same_clock = at.with_timezone(&zone).naive_local() == at.with_timezone(&invitation.zone).naive_local();
    Some(if same_clock {
        writes
    } else {
        let clock = at.with_timezone(&zone).format("%a %H:%M");
        format!("{writes}, and the contact's clock ({zone}) showed {clock}")
    })
}
