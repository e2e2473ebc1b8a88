//! People say no, by whichever way they say it.

use super::breaker;
use super::core::Core;
use crate::domain::contact::Consent;
use crate::store::{Extent, Refusal, StoreError};

/// Notes a refusal. It is on disk when this returns, and nothing that it goes against passes the gate from then on.
pub async fn take(core: &Core, refusal: Refusal) -> Result<(), StoreError> {
    let (id, attempt, extent, source) = (refusal.invitation, refusal.attempt, refusal.extent, refusal.source.clone());
    let asked = core.store.invitation(&id).await?;
    let contact = match &asked {
        Some(asked) => core.store.contact(&asked.contact).await?,
        None => None,
    };
    core.store.refuse(refusal).await?;
    tracing::info!(invitation.id = %id, extent = extent.as_str(), source, "a refusal came through {id}, by {source}");
    let channel = asked.as_ref().and_then(|asked| asked.attempt(attempt)).map(|attempt| attempt.channel);
    // Who said so before is no second person.
    let said_before =
        channel.zip(contact).is_some_and(|(channel, contact)| contact.consent(channel) == Consent::Refused);
    if let Some(asked) = asked.filter(|_| extent != Extent::Occasion && !said_before) {
        breaker::refused(core, &asked, attempt).await;
    }
    Ok(())
}
