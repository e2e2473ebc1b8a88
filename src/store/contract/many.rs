//! Many arrivals and many plans at once: as if one after the other.

use std::sync::Arc;

use super::books;
use super::world::{self, World, contact_id, event, guest, hours, noon};
use crate::domain::contact::Email;
use crate::domain::contact_change::ContactChange;
use crate::domain::event::Event;
use crate::plan::{Plan, RecordedEvent};
use crate::store::work::addresses::SHARED_MAX;
use crate::store::{Arrival, LookUp, Outlook, Store, StoreError};

/// Their visit at noon.
fn visit(who: &str) -> Event {
    event("visit", &contact_id(who), &format!("e-{who}"), noon())
}

async fn plan(world: &World, who: &str) -> Plan {
    world.plan(guest(who), &visit(who), noon()).await
}

/// Who has this address and no number.
fn at(who: &str, address: &str) -> ContactChange {
    ContactChange { email: Some(Email::parse(address).unwrap()), ..ContactChange::none(contact_id(who)) }
}

/// Who comes by with nothing new.
fn known(who: &str) -> ContactChange {
    ContactChange::none(contact_id(who))
}

/// What is known of those arrivals, in a letter each: Known, Waits or Recorded.
fn letters(outlooks: &[Result<Outlook, StoreError>]) -> String {
    let letter = |outlook: &Result<Outlook, StoreError>| match outlook.as_ref().unwrap() {
        Outlook::Known(_) => 'K',
        Outlook::Waits => 'W',
        Outlook::Recorded(_) => 'R',
    };
    outlooks.iter().map(letter).collect()
}

async fn look_up(world: &World, news: &[ContactChange]) -> String {
    let arrivals: Vec<_> = news.iter().map(|news| Arrival { event: None, news: news.clone() }).collect();
    letters(&world::look_up(&*world.store, &arrivals).await)
}

/// The same of at most so many, while the plans of others are being stored.
async fn look_up_at_most(world: &World, n_max: usize, under_way: &[ContactChange], news: &[ContactChange]) -> String {
    let [under_way, arrivals] = [under_way, news]
        .map(|all| all.iter().map(|news| Arc::new(Arrival { event: None, news: news.clone() })).collect());
    letters(&world.store.look_up(LookUp { arrivals, under_way, n_max }).await.unwrap())
}

fn told(applied: Result<Option<RecordedEvent>, StoreError>) -> &'static str {
    match applied {
        Ok(None) => "stored",
        Ok(Some(_)) => "recorded",
        Err(StoreError::Stale) => "stale",
        Err(other) => panic!("{other}"),
    }
}

pub(super) async fn of_many_plans_a_stale_one_neither_undoes_nor_blocks_the_others(store: Arc<dyn Store>) {
    let world = World::of(store);
    let mut plans = Vec::new();
    for who in ["ada", "bob", "cyd"] {
        plans.push(plan(&world, who).await);
    }
    world.store.put_contacts(vec![guest("bob")], false).await.unwrap();
    let applied = world.store.apply_plans(plans.clone()).await.unwrap();
    assert_eq!(applied.into_iter().map(told).collect::<Vec<_>>(), ["stored", "stale", "stored"]);
    for (plan, is_stored) in plans.iter().zip([true, false, true]) {
        let recorded = world.store.event(&plan.event.as_ref().unwrap().event.id).await.unwrap();
        assert_eq!(recorded, plan.event.clone().filter(|_| is_stored));
        let invited = world.store.invitations_of(&plan.contact.id).await.unwrap();
        assert_eq!(invited, if is_stored { plan.invitations.clone() } else { Vec::new() });
    }
    assert_eq!(world.store.queue().await.unwrap(), [0, 0, 2, 0]);
    // Together with a good one, a plan that is made again is stored too.
    let again = vec![plan(&world, "dan").await, plan(&world, "bob").await];
    let applied = world.store.apply_plans(again).await.unwrap();
    assert_eq!(applied.into_iter().map(told).collect::<Vec<_>>(), ["stored", "stored"]);
    books::check(&*world.store).await;
    assert!(world.store.apply_plans(Vec::new()).await.unwrap().is_empty());
}

pub(super) async fn an_event_that_is_twice_among_many_is_recorded_once(store: Arc<dyn Store>) {
    let world = World::of(store);
    let ada = plan(&world, "ada").await;
    // The same id by somebody else: what was recorded first stands.
    let other = Event { contact: contact_id("bob"), ..visit("ada") };
    let bob = world.plan(guest("bob"), &other, noon()).await;
    let later = world.plan(guest("ada"), &visit("cyd"), noon()).await;
    let applied = world.store.apply_plans(vec![ada.clone(), ada.clone(), bob, later]).await.unwrap();
    assert_eq!(applied[1].as_ref().unwrap(), &ada.event);
    assert_eq!(applied[2].as_ref().unwrap(), &ada.event);
    assert_eq!(applied.into_iter().map(told).collect::<Vec<_>>(), ["stored", "recorded", "recorded", "stale"]);
    assert_eq!(world.store.contact(&contact_id("ada")).await.unwrap(), Some(ada.contact));
    assert_eq!(world.store.contact(&contact_id("bob")).await.unwrap(), None);
    books::check(&*world.store).await;
}

pub(super) async fn who_is_no_other_can_be_planned_for_at_once_and_who_is_waits(store: Arc<dyn Store>) {
    let world = World::of(store);
    let [ada, bob, cyd] = ["ada", "bob", "cyd"].map(guest);
    assert_eq!(look_up(&world, &[ada.clone(), bob.clone(), ada.clone(), cyd.clone()]).await, "KKWK");
    let same_number = ContactChange { phone: ada.phone.clone(), ..bob };
    assert_eq!(look_up(&world, &[ada.clone(), same_number.clone(), cyd.clone()]).await, "KWK");
    // However the address is written, and also of those who only wait.
    let spelt_otherwise = at("dan", "BOB@example.org");
    assert_eq!(look_up(&world, &[ada.clone(), same_number, spelt_otherwise, cyd]).await, "KWWK");
    let third = at("dan", "second@example.org");
    assert_eq!(look_up(&world, &[ada, at("ada", "second@example.org"), third]).await, "KWW");
}

pub(super) async fn an_address_that_was_left_or_comes_with_the_news_of_another_counts(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.store.put_contacts(vec![at("ada", "old@example.org"), at("bob", "old@example.org")], false).await.unwrap();
    // Until ada is gone from there, they are one person.
    assert_eq!(look_up(&world, &[at("ada", "own@example.org"), known("bob"), known("cyd")]).await, "KWK");
    assert_eq!(look_up(&world, &[known("ada"), at("bob", "own@example.org")]).await, "KW");
    assert_eq!(look_up(&world, &[at("ada", "own@example.org"), at("cyd", "own@example.org")]).await, "KW");
    world.store.put_contacts(vec![at("ada", "own@example.org")], false).await.unwrap();
    assert_eq!(look_up(&world, &[known("ada"), known("bob")]).await, "KK");
}

pub(super) async fn what_was_recorded_is_told_and_is_in_nobodys_way(store: Arc<dyn Store>) {
    let world = World::of(store);
    let ada = plan(&world, "ada").await;
    world.apply(ada.clone()).await.unwrap();
    let arrivals =
        [("ada", "ada"), ("2", "ada"), ("3", "bob"), ("3", "cyd"), ("4", "cyd"), ("ada", "ada"), ("5", "dan")]
            .map(|(id, who)| Arrival { event: Some(visit(id).id), news: guest(who) });
    let mut outlooks = world::look_up(&*world.store, &arrivals).await;
    assert_eq!(letters(&outlooks), "RKKWWRK");
    let outlook = outlooks.remove(0).unwrap();
    let Outlook::Recorded(recorded) = outlook else { panic!("{outlook:?}") };
    assert_eq!(Some(recorded), ada.event);
    // With nothing of an event, the contact is known as it stands.
    let anew = world.plan(known("ada"), &visit("ada"), noon() + hours(1)).await;
    assert_eq!((anew.based_on, anew.contact.email), (ada.contact.revision, ada.contact.email));
}

pub(super) async fn no_more_are_looked_up_than_asked_for(store: Arc<dyn Store>) {
    let world = World::of(store);
    let four = ["ada", "ada", "bob", "cyd"].map(guest);
    assert_eq!(look_up_at_most(&world, 2, &[], &four).await, "KWKW");
    assert_eq!(look_up_at_most(&world, 1, &[], &four).await, "KWWW");
}

pub(super) async fn what_hangs_on_a_plan_that_is_being_stored_waits(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.store.put_contacts(vec![at("ada", "old@example.org"), at("bob", "old@example.org")], false).await.unwrap();
    let under_way = [at("ada", "own@example.org"), guest("eve")];
    let news = [known("ada"), known("bob"), at("cyd", "own@example.org"), known("dan"), known("eve")];
    assert_eq!(look_up_at_most(&world, 9, &under_way, &news).await, "WWWKW");
    world.store.put_contacts(under_way.to_vec(), false).await.unwrap();
    assert_eq!(look_up_at_most(&world, 9, &under_way, &news).await, "WKWKW");
    assert_eq!(look_up_at_most(&world, 9, &[], &news).await, "KKWKK");
    let [stored, again] = [visit("ada"), visit("ada")];
    let arrival = |event: Event, who| Arc::new(Arrival { event: Some(event.id), news: guest(who) });
    let request = LookUp { arrivals: vec![arrival(again, "dan")], under_way: vec![arrival(stored, "fay")], n_max: 9 };
    assert_eq!(letters(&world.store.look_up(request).await.unwrap()), "W");
}

pub(super) async fn those_who_have_the_address_of_a_crowd_do_not_wait_for_each_other(store: Arc<dyn Store>) {
    let world = World::of(store);
    let guests: Vec<_> = (0..=SHARED_MAX).map(|n| at(&format!("guest-{n:02}"), "till@example.org")).collect();
    let (last, others) = guests.split_last().unwrap();
    world.store.put_contacts(others.to_vec(), false).await.unwrap();
    // The last of them makes a crowd, and those behind see it.
    assert_eq!(look_up(&world, &[last.clone(), known("guest-01"), known("guest-02")]).await, "KWW");
    world.store.put_contacts(vec![last.clone()], false).await.unwrap();
    assert_eq!(look_up(&world, &[last.clone(), known("guest-01"), at("new", "till@example.org")]).await, "KKK");
}
