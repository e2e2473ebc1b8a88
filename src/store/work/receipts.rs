//! What comes back about messages.

use chrono::{DateTime, Utc};

use super::super::view::View;
use super::super::{StoreError, reads};
use super::{answers, dispatch, invitations, suppressions};
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::domain::receipt::{Bounce, News, Receipt};
use crate::domain::seal::{LinkTarget, Seal};
use crate::domain::suppression::{Suppression, SuppressionReason};

/// A receipt for a message.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The message.
    pub of: LinkTarget,
    /// By which channel it left, as far as whoever tells of it can know.
    pub channel: Channel,
    /// What came back.
    pub receipt: Receipt,
    /// When it came.
    pub now: DateTime<Utc>,
}

/// What a gateway says that was asked about a message.
#[derive(Clone, Debug)]
pub struct Inquired {
    /// The message.
    pub of: LinkTarget,
    /// Who was asked.
    pub gateway: String,
    /// Its own name for the message; `None` when it does not have it.
    pub provider_ref: Option<String>,
    /// When it said so.
    pub now: DateTime<Utc>,
}

/// What became of a receipt.
#[derive(Clone, Debug, PartialEq)]
pub enum Learnt {
    /// It told something new. How the invitation stands then.
    News(Box<Invitation>),
    /// As much or more was known.
    Nothing,
    /// There is no such message by that channel; its invitation may have been erased.
    NotThere,
}

/// Notes a receipt, with what it means for the address and for whoever has it.
pub(in super::super) fn hear(
    view: &mut View<'_>,
    seal: &Seal,
    Heard { of, channel, receipt, now }: &Heard,
) -> Result<Learnt, StoreError> {
    let Some(before) = reads::invitation(view, &of.invitation)? else { return Ok(Learnt::NotThere) };
    let attempt = before.attempt(of.attempt).filter(|attempt| attempt.channel == *channel);
    let Some(attempt) = attempt.cloned() else { return Ok(Learnt::NotThere) };
    let contact = reads::contact(view, &before.contact)?;
    let zone = dispatch::zone_of(contact.as_ref(), &before);
    let Some(after) = before.clone().heard(of.attempt, receipt, *now, zone) else { return Ok(Learnt::Nothing) };
    invitations::put(view, Some(&before), &after)?;
    let reason = match receipt.news {
        News::Bounced(Bounce::Hard) => SuppressionReason::Bounced,
        News::Complained => SuppressionReason::Complained,
        News::Bounced(Bounce::Soft | Bounce::Policy | Bounce::Sender) | News::Delivered => {
            return Ok(Learnt::News(Box::new(after)));
        }
    };
    let (channel, source) = (*channel, receipt.source.as_str());
    let now_theirs = || contact.as_ref()?.address(channel).map(|address| seal.address_mark(channel, address));
    if let Some(mark) = attempt.to.or_else(now_theirs) {
        let suppression = Suppression { channel, reason, source: source.to_owned(), since: *now };
        suppressions::put(view, mark, &suppression)?;
    }
    if receipt.news == News::Complained {
        // Whoever complains of one survey does not want the next by another way.
        answers::refuse_all(view, seal, (&after.contact, Some(*of)), (SuppressionReason::Complained, source), *now)?;
    }
    Ok(Learnt::News(Box::new(after)))
}

/// Notes what a gateway says of a message of unknown outcome.
pub(in super::super) fn inquired(view: &mut View<'_>, asked: &Inquired) -> Result<Learnt, StoreError> {
    let Inquired { of, gateway, provider_ref, now } = asked;
    let Some(before) = reads::invitation(view, &of.invitation)? else { return Ok(Learnt::NotThere) };
    let attempt = before.attempt(of.attempt).filter(|attempt| attempt.channel == Channel::Sms);
    if attempt.is_none() {
        return Ok(Learnt::NotThere);
    }
    let contact = reads::contact(view, &before.contact)?;
    let zone = dispatch::zone_of(contact.as_ref(), &before);
    let said = (gateway.as_str(), provider_ref.as_deref());
    let Some(after) = before.clone().inquired(of.attempt, said, *now, zone) else { return Ok(Learnt::Nothing) };
    invitations::put(view, Some(&before), &after)?;
    Ok(Learnt::News(Box::new(after)))
}
