//! The story of a contact: how they can be reached, and how often they were asked lately.

use super::Background;
use super::words::{span, times};
use crate::domain::contact::{Consent, Contact};
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;

/// How a contact stands, line by line. Addresses are left out.
pub fn contact(contact: &Contact, background: &Background<'_>) -> Vec<String> {
    let reach = |channel: Channel| {
        let name = channel.as_str();
        if contact.address(channel).is_none() {
            return format!("{name}: no address.");
        }
        let consent = match contact.consent(channel) {
            Consent::Granted => "agreed to be asked",
            Consent::Refused => "said no",
            Consent::Unknown if background.rules.gate.consent_required => "never agreed, and only who agreed is asked",
            Consent::Unknown => "no decision recorded",
        };
        let listed = background.facts.suppressed.contains(&channel);
        let listed = if listed { "; the address is on the suppression list" } else { "" };
        format!("{name}: {consent}{listed}.")
    };
    Channel::ALL.map(reach).into_iter().chain(asked_lately(background)).collect()
}

/// How much of the budget of all journeys is used up.
fn asked_lately(background: &Background<'_>) -> Option<String> {
    let cap = background.rules.gate.fatigue?.cap;
    let since = background.now - cap.per;
    let asks = background.facts.asked().filter_map(Invitation::first_at);
    let n_asked = asks.filter(|ask| since < *ask && *ask <= background.now).count();
    let times = times(i64::try_from(n_asked).unwrap_or(i64::MAX));
    let sentence = format!("asked: {times} in the last {}, where [fatigue] allows {}.", span(cap.per), cap.at_most);
    (n_asked > 0).then_some(sentence)
}
