//! Addresses come on the suppression list, and, by hand only, off it.

use chrono::{DateTime, Utc};

use super::super::view::{Reading, View};
use super::super::{StoreError, keys, reads, record};
use super::{addresses, contacts};
use crate::domain::contact::{Consent, Contact};
use crate::domain::id::ContactId;
use crate::domain::journey::Channel;
use crate::domain::seal::Seal;
use crate::domain::suppression::{Suppression, SuppressionReason};

/// Puts an address on the list, known by its mark. One that is there stays there for the reason that it has.
pub(super) fn put(view: &mut View<'_>, mark: [u8; 16], suppression: &Suppression) -> Result<(), StoreError> {
    let key = keys::suppressed(mark);
    if view.get(&key)?.is_none() {
        view.put(key, record::suppression::write(suppression)?);
    }
    Ok(())
}

/// Puts addresses on the list, each known by its mark. Gives how many were not there.
pub(in super::super) fn put_all(view: &mut View<'_>, entries: &[([u8; 16], Suppression)]) -> Result<usize, StoreError> {
    let mut n_new = 0;
    for (mark, suppression) in entries {
        n_new += usize::from(view.get(&keys::suppressed(*mark))?.is_none());
        put(view, *mark, suppression)?;
    }
    Ok(n_new)
}

/// Puts a contact's address of a channel on the list, if they have one.
pub(super) fn put_contact(
    view: &mut View<'_>,
    seal: &Seal,
    (contact, channel): (&Contact, Channel),
    (reason, source): (SuppressionReason, &str),
    since: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(address) = contact.address(channel) else { return Ok(()) };
    let suppression = Suppression { channel, reason, source: source.to_owned(), since };
    put(view, seal.address_mark(channel, address), &suppression)
}

/// An entry of the suppression list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The mark of the address, which is all that is kept of it.
    pub mark: [u8; 16],
    /// Why it is there.
    pub suppression: Suppression,
    /// The contacts who have it, as far as they are known.
    pub contacts: Vec<ContactId>,
}

/// The entry of this mark.
pub(in super::super) fn one(db: &dyn Reading, mark: [u8; 16]) -> Result<Option<Suppressed>, StoreError> {
    let stored = db.get(&keys::suppressed(mark))?;
    stored.map(|value| entry(db, mark, &value)).transpose()
}

/// Entries in the order of their marks, after `after`, at most `n_max`.
pub(in super::super) fn after(
    db: &dyn Reading,
    after: Option<[u8; 16]>,
    n_max: usize,
) -> Result<Vec<Suppressed>, StoreError> {
    let pairs = reads::page_of_keys(db, keys::kind::SUPPRESSED, after.map(keys::suppressed));
    let entries = pairs.take(n_max).map(|pair| {
        let (key, value) = pair?;
        let unreadable = || StoreError::Unreadable { kind: 'x', reason: "its key has a wrong length".to_owned() };
        entry(db, keys::read_number(&key).ok_or_else(unreadable)?, &value)
    });
    entries.collect()
}

fn entry(db: &dyn Reading, mark: [u8; 16], value: &[u8]) -> Result<Suppressed, StoreError> {
    let suppression = record::suppression::read(value)?;
    Ok(Suppressed { mark, suppression, contacts: addresses::holders(db, mark)? })
}

/// Takes an address off the list. Whoever has it is as if they had never been asked whether they agree. Gives the entry,
/// if there was one.
pub(in super::super) fn remove(view: &mut View<'_>, mark: [u8; 16]) -> Result<Option<Suppressed>, StoreError> {
    take_off(view, mark, Consent::Unknown)
}

/// Takes an address off the list, and puts this in place of a refusal of whoever has it. Gives the entry, if there was one.
pub(super) fn take_off(
    view: &mut View<'_>,
    mark: [u8; 16],
    instead: Consent,
) -> Result<Option<Suppressed>, StoreError> {
    let Some(removed) = one(view, mark)? else { return Ok(None) };
    view.remove(keys::suppressed(mark));
    for id in &removed.contacts {
        let Some(mut contact) = reads::contact(view, id)? else { continue };
        let consent = contact.consent_mut(removed.suppression.channel);
        if *consent == Consent::Refused {
            *consent = instead;
            contact.revision += 1;
            contacts::store(view, &contact)?;
        }
    }
    Ok(Some(removed))
}
