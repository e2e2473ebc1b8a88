//! Contacts come in.

use super::super::reads;
use super::super::view::{Reading, View};
use super::super::{StoreError, keys, record};
use crate::domain::contact::Contact;
use crate::domain::contact_change::{ContactChange, Upserted};

/// Creates or updates contacts, in order; a later change of the same contact sees the earlier.
pub(in super::super) fn put(view: &mut View<'_>, changes: Vec<ContactChange>) -> Result<Vec<Upserted>, StoreError> {
    changes.into_iter().map(|change| put_one(view, change)).collect()
}

fn put_one(view: &mut View<'_>, change: ContactChange) -> Result<Upserted, StoreError> {
    let known = reads::contact(view, &change.id)?;
    let (mut contact, upserted) = change.applied_to(known);
    if upserted != Upserted::Unchanged {
        contact.revision += 1;
        store(view, &contact)?;
    }
    Ok(upserted)
}

/// What [`put`] would say, changing nothing.
pub(in super::super) fn preview(db: &dyn Reading, changes: Vec<ContactChange>) -> Result<Vec<Upserted>, StoreError> {
    put(&mut View::of(db), changes)
}

/// Writes a contact.
pub(super) fn store(view: &mut View<'_>, contact: &Contact) -> Result<(), StoreError> {
    view.put(keys::contact(&contact.id), record::contact::write(contact)?);
    Ok(())
}
