//! The gate inside the lease: what it sees is current.

use std::sync::Arc;

use super::world::{WINDOW, World, accepted, contact_id, days, event, guest, hours, noon, refused};
use crate::domain::contact::{Consent, Email as Address};
use crate::domain::contact_change::ContactChange;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{End, Happening, State};
use crate::domain::journey::Channel::{self, Email, Sms};
use crate::domain::reason::{DeferReason, SkipReason};
use crate::plan::Verdict;
use crate::store::{Extent, Store};

async fn check_skipped(world: &World, id: InvitationId, reason: SkipReason) {
    let state = world.invitation(id).await.state;
    assert!(matches!(state, State::Skipped { reason: given, .. } if given == reason), "{state:?}");
    assert_eq!(world.store.queue().await.unwrap(), [0; 4]);
}

pub(super) async fn a_message_that_is_due_does_not_leave_after_the_contact_opted_out(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("renewal", "ada", "e-1", noon()).await;
    let no = ContactChange { consent_email: Some(Consent::Refused), ..ContactChange::none(contact_id("ada")) };
    world.store.put_contacts(vec![no], false).await.unwrap();
    let leased = world.lease(Email, 10, noon()).await;
    assert_eq!((leased.leases.len(), leased.n_withheld), (0, 1));
    check_skipped(&world, id, SkipReason::NoConsent).await;
}

pub(super) async fn a_message_that_is_due_does_not_leave_after_a_refusal_through_another_invitation(
    store: Arc<dyn Store>,
) {
    let world = World::of(store);
    let asked = world.invite("renewal", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let due = world.invite("delivery", "ada", "e-2", noon()).await;
    world.refuse(asked, Extent::Everything, noon()).await;
    assert!(world.lease(Sms, 10, noon()).await.leases.is_empty());
    check_skipped(&world, due, SkipReason::Suppressed).await;
}

pub(super) async fn a_dead_address_is_suppressed_for_everybody_under_every_spelling(store: Arc<dyn Store>) {
    let spelt = |who: &str, address: &str| {
        let email = Some(Address::parse(address).unwrap());
        ContactChange { email, phone: None, ..guest(who) }
    };
    let world = World::of(store);
    let dead = spelt("ada", "Info@Bücher.example");
    let plan = world.plan(dead, &event("renewal", &contact_id("ada"), "e-1", noon()), noon()).await;
    world.apply(plan).await.unwrap();
    // Planned before the address was known to be dead, and due right after.
    let (soon, other) = (noon() + hours(1), spelt("bob", "  Info@BÜCHER.EXAMPLE "));
    let plan = world.plan(other, &event("renewal", &contact_id("bob"), "e-2", soon), noon()).await;
    let waiting = plan.invitations.first().unwrap().id;
    world.apply(plan).await.unwrap();
    let lease = world.lease_one(Email, noon()).await;
    world.settle(&lease, refused(true), noon()).await.unwrap();

    assert!(world.lease(Email, 10, soon).await.leases.is_empty());
    check_skipped(&world, waiting, SkipReason::Suppressed).await;
    assert_eq!(world.store.facts(&contact_id("bob")).await.unwrap().suppressed, [Email]);
    let third = spelt("cyd", "Info@xn--bcher-kva.example");
    let plan = world.plan(third, &event("renewal", &contact_id("cyd"), "e-4", noon()), noon()).await;
    let [decision] = plan.decisions.as_slice() else { panic!("one stage listens") };
    assert_eq!(decision.verdict, Verdict::Skipped { reason: SkipReason::Suppressed });
}

pub(super) async fn a_dead_address_is_the_one_that_was_written_to(store: Arc<dyn Store>) {
    let world = World::of(store);
    let addressed = |address: &str| {
        let email = Some(Address::parse(address).unwrap());
        ContactChange { email, ..ContactChange::none(contact_id("ada")) }
    };
    world.invite("renewal", "ada", "e-1", noon()).await;
    let lease = world.lease_one(Email, noon()).await;
    // While the message is on its way, the contact's address is put right.
    world.store.put_contacts(vec![addressed("right@example.org")], false).await.unwrap();
    world.settle(&lease, refused(true), noon()).await.unwrap();
    assert_eq!(world.store.facts(&contact_id("ada")).await.unwrap().suppressed, []);
    world.store.put_contacts(vec![addressed("ada@example.org")], false).await.unwrap();
    assert_eq!(world.store.facts(&contact_id("ada")).await.unwrap().suppressed, [Email]);
}

pub(super) async fn a_message_over_the_budget_is_put_off_when_it_is_due(store: Arc<dyn Store>) {
    // Planned without a budget, then operations set one.
    let free = World::of(Arc::clone(&store));
    free.invite("visit", "ada", "e-1", noon()).await;
    free.invite("renewal", "ada", "e-2", noon()).await;
    let world = World::with_budget(store, 1, 5);
    let leased = world.lease(Email, 10, noon()).await;
    assert_eq!((leased.leases.len(), leased.n_withheld), (1, 1));
    assert_eq!(leased.leases[0].invitation.stage.as_str(), "renewal");
    let all = world.store.invitations_of(&contact_id("ada")).await.unwrap();
    let visit = all.iter().find(|invitation| invitation.stage.as_str() == "visit").unwrap();
    let until = noon() + days(5);
    assert_eq!(visit.state, State::Waiting { step: 0, due_at: until });
    let reason = DeferReason::FrequencyCap;
    assert!(visit.history.iter().any(|note| note.what == Happening::PutOff { until, reason }));
    assert_eq!(world.lease_one(Email, until).await.invitation.id, visit.id);
}

pub(super) async fn a_message_whose_time_is_over_is_skipped_with_the_reason(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("renewal", "ada", "e-1", noon()).await;
    assert!(world.lease(Email, 10, noon() + WINDOW).await.leases.is_empty());
    check_skipped(&world, id, SkipReason::TooLate).await;
}

pub(super) async fn a_refusal_closes_what_was_asked_and_blocks_what_comes(store: Arc<dyn Store>) {
    let world = World::of(store);
    let asked = world.invite("renewal", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let reminded = world.invite("visit", "ada", "e-2", noon()).await;
    world.send(Email, accepted(), noon()).await;
    world.refuse(asked, Extent::Everything, noon() + hours(1)).await;

    let closed = |through| State::Closed { at: noon() + hours(1), end: End::OptedOut, through };
    assert_eq!(world.invitation(asked).await.state, closed(Some(1)));
    assert_eq!(world.invitation(reminded).await.state, closed(None));
    assert_eq!(world.store.queue().await.unwrap(), [0; 4]);
    let facts = world.store.facts(&contact_id("ada")).await.unwrap();
    assert_eq!(facts.suppressed, Channel::ALL);
    let contact = facts.contact.unwrap();
    assert_eq!(Channel::ALL.map(|channel| contact.consent(channel)), [Consent::Refused; 2]);

    let later = world.invite("visit", "ada", "e-3", noon() + days(1)).await;
    check_skipped(&world, later, SkipReason::NoConsent).await;
    // Whoever shares the address is left alone too.
    let shares = ContactChange { id: contact_id("ada-2"), ..guest("ada") };
    let plan = world.plan(shares, &event("visit", &contact_id("ada-2"), "e-4", noon()), noon()).await;
    assert_eq!(plan.decisions[0].verdict, Verdict::Skipped { reason: SkipReason::Suppressed });
}

pub(super) async fn of_a_contact_whose_address_changes_the_new_one_matters(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.invite("renewal", "ada", "e-1", noon()).await;
    world.send(Email, refused(true), noon()).await;
    let event = event("renewal", &contact_id("ada"), "e-2", noon());
    let verdict = async |news| world.plan(news, &event, noon()).await.decisions[0].verdict;
    let same = ContactChange::none(contact_id("ada"));
    assert_eq!(verdict(same.clone()).await, Verdict::Skipped { reason: SkipReason::Suppressed });
    let moved = ContactChange { email: Some(Address::parse("new@example.org").unwrap()), ..same };
    assert!(matches!(verdict(moved).await, Verdict::Planned { channel: Email, .. }));
}

pub(super) async fn an_occasion_that_never_was_ends_only_its_own_invitation(store: Arc<dyn Store>) {
    let world = World::of(store);
    let never = world.invite("renewal", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let other = world.invite("visit", "ada", "e-2", noon()).await;
    world.refuse(never, Extent::Occasion, noon()).await;
    let ineligible = State::Closed { at: noon(), end: End::Ineligible, through: Some(1) };
    assert_eq!(world.invitation(never).await.state, ineligible);
    assert_eq!(world.lease_one(Email, noon()).await.invitation.id, other);
    assert_eq!(world.store.facts(&contact_id("ada")).await.unwrap().suppressed, []);
}

pub(super) async fn who_minds_only_one_channel_is_asked_by_the_others(store: Arc<dyn Store>) {
    let world = World::of(store);
    let asked = world.invite("renewal", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let (by_mail, by_text) =
        (world.invite("visit", "ada", "e-2", noon()).await, world.invite("delivery", "ada", "e-3", noon()).await);
    world.refuse(asked, Extent::Channel, noon()).await;
    let opted_out = State::Closed { at: noon(), end: End::OptedOut, through: Some(1) };
    assert_eq!(world.invitation(asked).await.state, opted_out, "it is a no to what was asked");
    assert_eq!(world.lease_one(Sms, noon()).await.invitation.id, by_text);
    let soon = noon() + hours(4);
    assert!(world.lease(Email, 10, soon).await.leases.is_empty());
    let state = world.invitation(by_mail).await.state;
    assert!(matches!(state, State::Waiting { step: 2, .. }), "its text message is left: {state:?}");
    let contact = world.store.contact(&contact_id("ada")).await.unwrap().unwrap();
    assert_eq!((contact.consent_email, contact.consent_sms), (Consent::Refused, Consent::Unknown));
    assert_eq!(world.store.facts(&contact_id("ada")).await.unwrap().suppressed, [Email]);
}
