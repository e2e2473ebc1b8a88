//! People say no, by whichever way they say it.

use super::breaker;
use super::core::Core;
use crate::store::{Extent, Refusal, StoreError};

/// Notes a refusal. It is on disk when this returns, and nothing that it goes against passes the gate from then on.
pub async fn take(core: &Core, refusal: Refusal) -> Result<(), StoreError> {
    let (id, attempt, extent, source) = (refusal.invitation, refusal.attempt, refusal.extent, refusal.source.clone());
    core.store.refuse(refusal).await?;
    tracing::info!(invitation.id = %id, extent = extent.as_str(), source, "a refusal came through {id}, by {source}");
    if extent != Extent::Occasion
        && let Some(invitation) = core.store.invitation(&id).await?
    {
        breaker::refused(core, &invitation, attempt).await;
    }
    Ok(())
}
