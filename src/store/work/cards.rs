//! Cards are printed and put out of use.

use chrono::{DateTime, Utc};

use super::super::reads;
use super::super::view::{Reading, View};
use super::super::{StoreError, keys, record};
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;

/// Stores new cards; a code that is taken already refuses them all.
pub(in super::super) fn issue(view: &mut View<'_>, cards: &[Card]) -> Result<(), StoreError> {
    for card in cards {
        let key = keys::card(card.code);
        if view.get(&key)?.is_some() {
            return Err(StoreError::Exists { what: "a card with that code" });
        }
        view.put(key, record::card::write(card)?);
    }
    Ok(())
}

/// Puts a card out of use; doing so again changes nothing.
pub(in super::super) fn revoke(view: &mut View<'_>, code: CardCode, now: DateTime<Utc>) -> Result<Card, StoreError> {
    let mut card = reads::card(view, code)?.ok_or(StoreError::NotFound { what: "card with that code" })?;
    card.revoked_at.get_or_insert(now);
    view.put(keys::card(code), record::card::write(&card)?);
    Ok(card)
}
