//! Contacts as data brings them, and the end of a store.

use std::sync::Arc;

use super::world::{World, contact_id, guest, noon};
use crate::domain::contact::Consent;
use crate::domain::contact_change::{ContactChange, Upserted};
use crate::domain::id::ContactId;
use crate::domain::invitation::Lane;
use crate::store::{Store, StoreError};

fn named(id: &str, name: &str) -> ContactChange {
    ContactChange { name: Some(name.to_owned()), ..ContactChange::none(contact_id(id)) }
}

pub(super) async fn a_dry_run_says_what_would_change_and_changes_nothing(store: Arc<dyn Store>) {
    store.put_contacts(vec![named("ada", "Ada")], false).await.unwrap();
    let before = store.contacts_after(None, 10).await.unwrap();
    let news = vec![named("ada", "Ada L."), named("ada", "Ada L."), named("bob", "Bob"), named("ada", "Ada")];
    let updated = Upserted::Updated { fields: vec!["name".to_owned()] };
    let expected = [updated.clone(), Upserted::Unchanged, Upserted::Created, updated];
    assert_eq!(store.put_contacts(news.clone(), true).await.unwrap(), expected);
    assert_eq!(store.contacts_after(None, 10).await.unwrap(), before);
    assert_eq!(store.put_contacts(news, false).await.unwrap(), expected);
    assert_eq!(store.contacts_after(None, 10).await.unwrap().len(), 2);
}

pub(super) async fn contacts_come_in_the_order_of_their_ids_page_by_page(store: Arc<dyn Store>) {
    let mut ids = ["a", "a!", "a-1", "b", "ü", "aa", "A"].map(contact_id);
    let changes = ids.iter().cloned().map(ContactChange::none).collect();
    store.put_contacts(changes, false).await.unwrap();
    ids.sort_unstable();
    for n_max in [1, 2, 7, 8] {
        let (mut paged, mut after): (Vec<ContactId>, _) = (Vec::new(), None);
        loop {
            let page = store.contacts_after(after.as_ref(), n_max).await.unwrap();
            assert!(page.len() <= n_max);
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            paged.extend(page.into_iter().map(|contact| contact.id));
        }
        assert_eq!(paged, ids);
    }
    // After an id that is not there, too.
    let page = store.contacts_after(Some(&contact_id("a-0")), 1).await.unwrap();
    assert_eq!(page[0].id, contact_id("a-1"));
}

pub(super) async fn later_changes_of_one_import_see_the_earlier(store: Arc<dyn Store>) {
    let news = vec![guest("ada"), named("ada", "Ada")];
    store.put_contacts(news, false).await.unwrap();
    let contact = store.contact(&contact_id("ada")).await.unwrap().unwrap();
    assert_eq!((contact.name.as_str(), &contact.email), ("Ada", &guest("ada").email));
    assert_eq!(contact.revision, 2);
}

pub(super) async fn a_recorded_refusal_is_never_overturned(store: Arc<dyn Store>) {
    let told = |consent| ContactChange { consent_email: Some(consent), ..ContactChange::none(contact_id("ada")) };
    let news = [Consent::Granted, Consent::Refused, Consent::Granted, Consent::Unknown].map(told).to_vec();
    store.put_contacts(news, false).await.unwrap();
    let contact = store.contact(&contact_id("ada")).await.unwrap().unwrap();
    assert_eq!(contact.consent_email, Consent::Refused);

    // Nor by what comes with an event.
    let world = World::of(store);
    let visit = super::world::event("visit", &contact_id("ada"), "e-1", noon());
    let plan = world.plan(ContactChange { ..told(Consent::Granted) }, &visit, noon()).await;
    world.apply(plan).await.unwrap();
    let contact = world.store.contact(&contact_id("ada")).await.unwrap().unwrap();
    assert_eq!(contact.consent_email, Consent::Refused);
}

pub(super) async fn a_closed_store_says_so(store: Arc<dyn Store>) {
    store.put_contacts(vec![named("ada", "Ada")], false).await.unwrap();
    store.close().await.unwrap();
    let closed = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Closed)), "{result:?}");
    closed(store.contact(&contact_id("ada")).await.map(drop));
    closed(store.put_contacts(vec![named("ada", "Ada")], true).await.map(drop));
    closed(store.put_contacts(vec![named("ada", "Ada")], false).await.map(drop));
    closed(store.next_due(Lane::Close).await.map(drop));
    closed(store.close_windows(noon(), 1).await.map(drop));
    closed(store.close().await);
}
