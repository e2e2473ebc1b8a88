//! What comes back about messages: noted once, whoever tells it, and acted on in the same unit of work.

use std::sync::Arc;

use super::world::{World, accepted, contact_id, guest, hours, noon, refused, unknown};
use crate::domain::attempt::Fate;
use crate::domain::contact::{Consent, Email as Address};
use crate::domain::id::InvitationId;
use crate::domain::invitation::{End, State};
use crate::domain::journey::Channel::{self, Email, Sms};
use crate::domain::receipt::{Bounce, News, Receipt};
use crate::domain::seal::LinkTarget;
use crate::domain::suppression::SuppressionReason;
use crate::store::{Extent, Heard, Inquired, Learnt, Store};

/// What is heard of a message: its number, and the channel that is told of.
async fn hear_of(world: &World, id: InvitationId, (attempt, channel): (u8, Channel), news: News) -> Learnt {
    let (of, receipt) = (LinkTarget { invitation: id, attempt }, Receipt::of(news, "a returned mail", "550 unknown"));
    world.store.hear(Heard { of, channel, receipt, now: noon() + hours(1) }).await.unwrap()
}

async fn hear(world: &World, id: InvitationId, news: News) -> Learnt {
    let channel = world.invitation(id).await.attempts[0].channel;
    hear_of(world, id, (1, channel), news).await
}

/// Why the address of a guest is suppressed, if it is.
async fn reason(world: &World, who: &str, channel: Channel) -> Option<SuppressionReason> {
    let contact = world.store.contact(&contact_id(who)).await.unwrap().unwrap();
    let mark = world.store.seal().address_mark(channel, contact.address(channel).unwrap());
    world.store.suppressed(mark).await.unwrap().map(|entry| entry.suppression.reason)
}

pub(super) async fn a_receipt_is_noted_once_and_tells_what_follows(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let Learnt::News(told) = hear(&world, id, News::Delivered).await else { panic!("it was news") };
    assert_eq!(*told, world.invitation(id).await);
    assert_eq!(told.attempts[0].fate.as_str(), "delivered");
    assert_eq!(hear(&world, id, News::Delivered).await, Learnt::Nothing);
    let nobody = InvitationId::from_bytes([9; 16]);
    // No mail tells of a text message, nor a gateway of a mail.
    for (id, of) in [(nobody, (1, Email)), (id, (9, Email)), (id, (1, Sms))] {
        assert_eq!(hear_of(&world, id, of, News::Complained).await, Learnt::NotThere);
    }
}

pub(super) async fn an_address_that_bounced_for_good_is_suppressed_and_the_line_up_goes_on(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    hear(&world, id, News::Bounced(Bounce::Hard)).await;
    assert_eq!(reason(&world, "ada", Email).await, Some(SuppressionReason::Bounced));
    assert_eq!(reason(&world, "ada", Sms).await, None);
    let due = world.lease(Sms, 10, noon() + hours(1)).await.leases;
    assert_eq!(due.iter().map(|lease| lease.invitation.id).collect::<Vec<_>>(), [id]);
}

pub(super) async fn what_is_not_the_recipients_fault_suppresses_nobody(store: Arc<dyn Store>) {
    let world = World::of(store);
    for (n, class) in [Bounce::Soft, Bounce::Policy, Bounce::Sender].into_iter().enumerate() {
        let who = format!("guest-{n}");
        let id = world.invite("visit", &who, &format!("e-{n}"), noon()).await;
        world.send(Email, accepted(), noon()).await;
        hear(&world, id, News::Bounced(class)).await;
        assert_eq!(reason(&world, &who, Email).await, None);
    }
}

pub(super) async fn the_address_that_a_message_went_to_is_suppressed_and_not_a_later_one(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let old = world.store.contact(&contact_id("ada")).await.unwrap().unwrap();
    let old = world.store.seal().address_mark(Email, old.address(Email).unwrap());
    let mut moved = guest("ada");
    moved.email = Some(Address::parse("ada@elsewhere.example").unwrap());
    world.store.put_contacts(vec![moved], false).await.unwrap();
    hear(&world, id, News::Bounced(Bounce::Hard)).await;
    assert_eq!(reason(&world, "ada", Email).await, None);
    assert!(world.store.suppressed(old).await.unwrap().is_some());
}

pub(super) async fn whoever_complains_is_not_asked_again_by_any_way(store: Arc<dyn Store>) {
    let world = World::of(store);
    let first = world.invite("visit", "ada", "e-1", noon()).await;
    let second = world.invite("delivery", "ada", "e-2", noon() + hours(2)).await;
    world.send(Email, accepted(), noon()).await;
    hear(&world, first, News::Complained).await;
    assert!(matches!(world.invitation(first).await.state, State::Closed { end: End::OptedOut, through: Some(1), .. }));
    assert!(matches!(world.invitation(second).await.state, State::Skipped { .. }));
    for channel in Channel::ALL {
        assert_eq!(reason(&world, "ada", channel).await, Some(SuppressionReason::Complained));
    }
    let contact = world.store.contact(&contact_id("ada")).await.unwrap().unwrap();
    assert_eq!(contact.consent(Email), Consent::Refused);
}

pub(super) async fn a_receipt_during_a_lease_is_kept_and_the_answer_comes_after_it(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    let lease = world.lease_one(Email, noon()).await;
    hear(&world, id, News::Bounced(Bounce::Hard)).await;
    let settled = world.settle(&lease, accepted(), noon() + hours(1)).await.unwrap();
    assert_eq!(settled.attempts[0].fate.as_str(), "bounced");
    assert_eq!(reason(&world, "ada", Email).await, Some(SuppressionReason::Bounced));
    assert_eq!(world.store.queue().await.unwrap(), [0, 0, 0, 1]);
}

pub(super) async fn a_receipt_finds_a_message_of_unknown_outcome(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("delivery", "ada", "e-1", noon()).await;
    let held = world.send(Sms, unknown(), noon()).await;
    assert!(matches!(held.state, State::Held { .. }));
    hear(&world, id, News::Delivered).await;
    assert_eq!(world.invitation(id).await.state, State::Asked);
}

pub(super) async fn an_address_comes_off_the_list_by_hand_only(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, refused(true), noon()).await;
    assert_eq!(reason(&world, "ada", Email).await, Some(SuppressionReason::Dead));
    world.store.put_contacts(vec![guest("ada")], false).await.unwrap();
    world.refuse(id, Extent::Everything, noon() + hours(1)).await;
    let listed = world.store.suppressed_after(None, 10).await.unwrap();
    let mut reasons: Vec<_> = listed.iter().map(|entry| entry.suppression.reason).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, [SuppressionReason::Dead, SuppressionReason::OptedOut], "the first reason stays");
    for entry in listed {
        assert_eq!(entry.contacts, [contact_id("ada")]);
        assert_eq!(world.store.unsuppress(entry.mark).await.unwrap(), Some(entry.clone()));
        assert_eq!(world.store.unsuppress(entry.mark).await.unwrap(), None);
    }
    assert!(world.store.suppressed_after(None, 10).await.unwrap().is_empty());
    let contact = world.store.contact(&contact_id("ada")).await.unwrap().unwrap();
    assert_eq!([contact.consent(Email), contact.consent(Sms)], [Consent::Unknown; 2]);
}

async fn inquire(world: &World, id: InvitationId, attempt: u8, provider_ref: Option<&str>) -> Learnt {
    let (of, provider_ref) = (LinkTarget { invitation: id, attempt }, provider_ref.map(str::to_owned));
    let inquired = Inquired { of, gateway: "twilio".to_owned(), provider_ref, now: noon() + hours(1) };
    world.store.inquired(inquired).await.unwrap()
}

pub(super) async fn what_a_gateway_says_that_was_asked_settles_a_message_once_or_leaves_it(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("delivery", "ada", "e-1", noon()).await;
    world.send(Sms, unknown(), noon()).await;
    let held = world.invitation(id).await;
    assert!(matches!(held.state, State::Held { .. }));
    // What it does not have may still be on its way there.
    let Learnt::News(asked) = inquire(&world, id, 1, None).await else { panic!("it was news") };
    assert_eq!((asked.state, asked.attempts[0].fate), (held.state, held.attempts[0].fate));
    assert_eq!(inquire(&world, id, 1, None).await, Learnt::Nothing);
    assert!(world.lease(Sms, 10, noon() + hours(2)).await.leases.is_empty(), "nothing is sent again");

    let Learnt::News(settled) = inquire(&world, id, 1, Some("SM1")).await else { panic!("it was news") };
    assert_eq!((settled.state, settled.attempts[0].fate), (State::Asked, Fate::Accepted { at: noon() }));
    assert_eq!(settled.attempts[0].provider_ref.as_deref(), Some("SM1"));
    for provider_ref in [None, Some("SM1"), Some("SM2")] {
        assert_eq!(inquire(&world, id, 1, provider_ref).await, Learnt::Nothing);
    }
    assert_eq!(*settled, world.invitation(id).await);
    assert_eq!(inquire(&world, id, 9, None).await, Learnt::NotThere);
    // A receipt goes on from there.
    let Learnt::News(arrived) = hear(&world, id, News::Delivered).await else { panic!("it was news") };
    assert_eq!(arrived.attempts[0].fate.as_str(), "delivered");
}
