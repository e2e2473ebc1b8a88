//! What comes back about messages, from whichever side it is told.

use super::breaker;
use super::core::Core;
use crate::chain::Chain;
use crate::domain::invitation::Lane;
use crate::domain::journey::Channel;
use crate::domain::receipt::Receipt;
use crate::domain::seal::LinkTarget;
use crate::store::{Heard, Learnt, StoreError};

/// Notes a receipt for a message of this channel and sets off what follows. It is on disk when this returns, and the same
/// again changes nothing.
pub async fn hear(core: &Core, of: LinkTarget, channel: Channel, receipt: Receipt) -> Result<Learnt, StoreError> {
    let (news, source) = (receipt.news, receipt.source.clone());
    let heard = Heard { of, channel, receipt, now: core.clock.now() };
    let learnt = core.store.hear(heard).await;
    let LinkTarget { invitation: id, attempt: number } = of;
    match &learnt {
        Ok(Learnt::News(after)) => {
            core.metrics.heard(channel, news);
            breaker::heard(core, after, number, news).await;
            if let Some(Lane::Send(next)) = after.due().map(|due| due.lane) {
                core.wake.ring(next);
            }
            tracing::info!(invitation.id = %id, attempt = number, news = news.as_str(), source,
                "attempt {number} of {id}: {}, says {source}", news.as_str());
        }
        Ok(Learnt::Nothing) => {
            tracing::debug!(invitation.id = %id, attempt = number, source, "{source} says nothing new");
        }
        Ok(Learnt::NotThere) => {
            tracing::warn!(invitation.id = %id, attempt = number, source, "{source} speaks of a message that is not known");
        }
        Err(err) => {
            tracing::error!(invitation.id = %id, attempt = number, source, "cannot note what {source} says: {}", Chain(err));
        }
    }
    learnt
}

/// Where a gateway reports on a message, as it is told when it is given the message.
pub fn report_url(public_url: &str, gateway: &str, token: &str) -> String {
    format!("{public_url}/hooks/sms/{gateway}/status/{token}")
}
