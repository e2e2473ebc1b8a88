//! Which contacts have an address, so that those who share one count as one person.
//!
//! The same guest stands in a caller's systems twice: once by the booking's id, once by the till's. Who shares an email
//! address or a phone number with a contact is the same person as far as budgets go (not those who share one with *them*
//! in turn: a chain of shared addresses soon joins a whole town).
//!
//! An address that more than [`SHARED_MAX`] contacts have is no person's but one that was typed in for want of another,
//! and joins nobody from then on, whoever leaves it.

use super::super::record::address::Holders;
use super::super::view::{Reading, View};
use super::super::{StoreError, keys, record};
use crate::domain::contact::Contact;
use crate::domain::id::ContactId;
use crate::domain::journey::Channel;
use crate::domain::seal::Seal;

/// The most contacts that an address makes one person of.
pub(in super::super) const SHARED_MAX: usize = 20;

/// Who has the address of this mark; nobody, where a crowd has it.
pub(in super::super) fn holders(db: &dyn Reading, mark: [u8; 16]) -> Result<Vec<ContactId>, StoreError> {
    match read(db, mark)? {
        Some(Holders::Known(ids)) => Ok(ids),
        Some(Holders::Crowd) | None => Ok(Vec::new()),
    }
}

/// Notes which addresses a contact has now, and which no longer.
pub(in super::super) fn change(
    view: &mut View<'_>,
    seal: &Seal,
    before: Option<&Contact>,
    after: &Contact,
) -> Result<(), StoreError> {
    for channel in Channel::ALL {
        let (old, new) = (before.and_then(|before| before.address(channel)), after.address(channel));
        if old == new {
            continue;
        }
        if let Some(old) = old {
            leave(view, seal.address_mark(channel, old), &after.id)?;
        }
        if let Some(new) = new {
            join(view, seal.address_mark(channel, new), &after.id)?;
        }
    }
    Ok(())
}

fn join(view: &mut View<'_>, mark: [u8; 16], id: &ContactId) -> Result<(), StoreError> {
    let mut ids = match read(view, mark)? {
        Some(Holders::Known(ids)) => ids,
        Some(Holders::Crowd) => return Ok(()),
        None => Vec::new(),
    };
    let Err(place) = ids.binary_search(id) else { return Ok(()) };
    ids.insert(place, id.clone());
    let holders = if ids.len() > SHARED_MAX { Holders::Crowd } else { Holders::Known(ids) };
    view.put(keys::address(mark), record::address::write(&holders)?);
    Ok(())
}

fn leave(view: &mut View<'_>, mark: [u8; 16], id: &ContactId) -> Result<(), StoreError> {
    let Some(Holders::Known(mut ids)) = read(view, mark)? else { return Ok(()) };
    ids.retain(|known| known != id);
    if ids.is_empty() {
        view.remove(keys::address(mark));
    } else {
        view.put(keys::address(mark), record::address::write(&Holders::Known(ids))?);
    }
    Ok(())
}

/// Who has the address of this mark, if anybody had it ever.
pub(in super::super) fn read(db: &dyn Reading, mark: [u8; 16]) -> Result<Option<Holders>, StoreError> {
    db.get(&keys::address(mark))?.map(|value| record::address::read(&value)).transpose()
}
