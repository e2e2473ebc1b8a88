//! Contacts come in.

use super::super::reads;
use super::super::view::{Reading, View};
use super::super::{StoreError, keys, record};
use super::addresses;
use crate::domain::contact::Contact;
use crate::domain::contact_change::{ContactChange, Upserted};
use crate::domain::seal::Seal;

/// Creates or updates contacts, in order; a later change of the same contact sees the earlier.
pub(in super::super) fn put(
    view: &mut View<'_>,
    seal: &Seal,
    changes: Vec<ContactChange>,
) -> Result<Vec<Upserted>, StoreError> {
    changes.into_iter().map(|change| put_one(view, seal, change)).collect()
}

fn put_one(view: &mut View<'_>, seal: &Seal, change: ContactChange) -> Result<Upserted, StoreError> {
    let known = reads::contact(view, &change.id)?;
    let (mut contact, upserted) = change.applied_to(known.clone());
    if upserted != Upserted::Unchanged {
        contact.revision += 1;
        replace(view, seal, known.as_ref(), &contact)?;
    }
    Ok(upserted)
}

/// What [`put`] would say, changing nothing.
pub(in super::super) fn preview(
    db: &dyn Reading,
    seal: &Seal,
    changes: Vec<ContactChange>,
) -> Result<Vec<Upserted>, StoreError> {
    put(&mut View::of(db), seal, changes)
}

/// Writes a contact in the place of what was known before, and who has which address.
pub(super) fn replace(
    view: &mut View<'_>,
    seal: &Seal,
    before: Option<&Contact>,
    after: &Contact,
) -> Result<(), StoreError> {
    addresses::change(view, seal, before, after)?;
    store(view, after)
}

/// Writes a contact whose addresses are what they were.
pub(super) fn store(view: &mut View<'_>, contact: &Contact) -> Result<(), StoreError> {
    view.put(keys::contact(&contact.id), record::contact::write(contact)?);
    Ok(())
}
