//! Messages from telephones: heard once, read against the last text message that went there, and obeyed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;

use super::world::{World, accepted, contact_id, days, guest, hours, noon};
use crate::domain::answer::{Answer, Completeness};
use crate::domain::contact::Consent;
use crate::domain::conversation::Line;
use crate::domain::id::{InvitationId, QuestionId};
use crate::domain::invitation::{End, State};
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::language::Language;
use crate::domain::suppression::SuppressionReason;
use crate::domain::survey::tests::visit;
use crate::domain::text_words::TextWords;
use crate::store::{Extent, Inbound, Languages, Meant, Store, Understood};

/// A message with this id from a guest's telephone.
pub(super) fn message(from: [u8; 16], id: u8, text: &str, now: DateTime<Utc>) -> Inbound {
    Inbound {
        gateway: "kannel".to_owned(),
        from,
        message: [id; 8],
        has_id: true,
        text: text.to_owned(),
        keyword: TextWords::default().read(text),
        can_reply: true,
        whole: BTreeSet::new(),
        languages: Languages { branches: BTreeMap::new(), default: Language::english() },
        now,
    }
}

/// The mark of a guest's number.
fn number(world: &World, who: &str) -> [u8; 16] {
    let phone = guest(who).phone.unwrap();
    world.store.seal().address_mark(Sms, phone.as_str())
}

async fn says(world: &World, who: &str, (id, text): (u8, &str), now: DateTime<Utc>) -> Understood {
    world.store.hear_text(message(number(world, who), id, text, now)).await.unwrap()
}

/// The guest's order was delivered at `at`, and the text message left then.
async fn asked(world: &World, who: &str, event: &str, at: DateTime<Utc>) -> InvitationId {
    world.store.keep_surveys(vec![visit()]).await.unwrap();
    let id = world.invite("delivery", who, event, at).await;
    world.send(Sms, accepted(), at).await;
    id
}

async fn answers(world: &World, id: InvitationId) -> Vec<(String, Answer)> {
    let response = world.store.response(&world.store.seal().response_id(&id)).await.unwrap();
    let answers = response.map(|response| response.answers).unwrap_or_default();
    answers.into_iter().map(|(id, answer)| (id.to_string(), answer)).collect()
}

fn rating(point: i32) -> (String, Answer) {
    ("overall".to_owned(), Answer::Rating(point))
}

pub(super) async fn a_message_brought_many_times_at_once_is_heard_once_and_answered_the_same(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = asked(&world, "ada", "e-1", noon()).await;
    let message = message(number(&world, "ada"), 1, "2", noon() + hours(1));
    let mut racing = JoinSet::new();
    for _ in 0..20 {
        let (store, message) = (Arc::clone(&world.store), message.clone());
        racing.spawn(async move { store.hear_text(message).await.unwrap() });
    }
    let heard = racing.join_all().await;
    let why = Some(Line::Ask(QuestionId::parse("why").unwrap()));
    assert!(heard.iter().all(|heard| heard.say == why));
    let n_answers = heard.iter().filter(|heard| matches!(heard.meant, Meant::Answer(_))).count();
    assert_eq!((n_answers, answers(&world, id).await), (1, vec![rating(2)]));
    let invitation = world.invitation(id).await;
    assert_eq!(invitation.answer.map(|mark| (mark.attempt, mark.completeness)), Some((1, Completeness::Complete)));
}

pub(super) async fn an_answer_belongs_to_the_last_text_message_that_went_there(store: Arc<dyn Store>) {
    let world = World::of(store);
    let first = asked(&world, "ada", "e-1", noon()).await;
    let second = asked(&world, "ada", "e-2", noon() + days(1)).await;
    let mailed = world.invite("renewal", "ada", "e-3", noon() + days(2)).await;
    world.send(Email, accepted(), noon() + days(2)).await;
    says(&world, "ada", (1, "5"), noon() + days(3)).await;
    assert_eq!(answers(&world, second).await, [rating(5)]);
    assert!(answers(&world, first).await.is_empty() && answers(&world, mailed).await.is_empty());
    assert!(matches!(says(&world, "bob", (2, "5"), noon() + days(3)).await.meant, Meant::Unmatched));
}

pub(super) async fn a_stop_ends_it_for_all_who_have_the_number_also_what_waits(store: Arc<dyn Store>) {
    let world = World::of(store);
    let asked = asked(&world, "ada", "e-1", noon()).await;
    let twin = crate::domain::contact_change::ContactChange { id: contact_id("ada-2"), ..guest("ada") };
    world.store.put_contacts(vec![twin], false).await.unwrap();
    let waiting = world.invite("delivery", "ada", "e-2", noon() + hours(1)).await;
    let stopped = says(&world, "ada", (1, "STOP"), noon() + hours(1)).await;
    assert_eq!((stopped.meant, stopped.say), (Meant::Stop, Some(Line::Stopped)));
    assert!(world.lease(Sms, 10, noon() + hours(2)).await.leases.is_empty());
    let state = world.invitation(asked).await.state;
    assert!(matches!(state, State::Closed { end: End::OptedOut, through: Some(1), .. }), "{state:?}");
    assert!(matches!(world.invitation(waiting).await.state, State::Skipped { .. }));
    for who in ["ada", "ada-2"] {
        let contact = world.store.contact(&contact_id(who)).await.unwrap().unwrap();
        assert_eq!((contact.consent_sms, contact.consent_email), (Consent::Refused, Consent::Refused), "{who}");
    }
    let entry = world.store.suppressed(number(&world, "ada")).await.unwrap().unwrap().suppression;
    assert_eq!((entry.reason, entry.source.as_str()), (SuppressionReason::OptedOut, "reply to kannel"));
    let again = says(&world, "ada", (2, "stop"), noon() + hours(2)).await;
    assert_eq!((again.meant, again.say), (Meant::Stop, None));
}

pub(super) async fn a_start_takes_back_what_a_stop_did_to_text_messages_and_nothing_else(store: Arc<dyn Store>) {
    let world = World::of(store);
    asked(&world, "ada", "e-1", noon()).await;
    assert_eq!(says(&world, "ada", (1, "START"), noon()).await.say, None, "there was no stop");
    says(&world, "ada", (2, "STOP"), noon()).await;
    assert_eq!(says(&world, "ada", (3, "START"), noon()).await.say, Some(Line::Started));
    let contact = world.store.contact(&contact_id("ada")).await.unwrap().unwrap();
    assert_eq!((contact.consent_sms, contact.consent_email), (Consent::Granted, Consent::Refused));
    assert!(world.store.suppressed(number(&world, "ada")).await.unwrap().is_none());
    let other = asked(&world, "bob", "e-2", noon()).await;
    world.refuse(other, Extent::Everything, noon()).await;
    says(&world, "bob", (4, "STOP"), noon()).await;
    assert_eq!(says(&world, "bob", (5, "START"), noon()).await.say, None, "they said no by the link before");
    assert!(world.store.suppressed(number(&world, "bob")).await.unwrap().is_some());
}

pub(super) async fn words_without_an_id_are_another_message_after_a_minute(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = asked(&world, "ada", "e-1", noon()).await;
    let says = async |seconds: i64, text: &str, mark: u8| {
        let now = noon() + TimeDelta::seconds(seconds);
        let message = Inbound { has_id: false, ..message(number(&world, "ada"), mark, text, now) };
        world.store.hear_text(message).await.unwrap().meant
    };
    assert!(matches!(says(0, "2", 1).await, Meant::Answer(_)));
    assert_eq!(says(59, "2", 1).await, Meant::Repeat);
    assert!(matches!(says(60, "2", 1).await, Meant::Answer(_)));
    assert_eq!(answers(&world, id).await, [rating(2), ("why".to_owned(), Answer::Text("2".to_owned()))]);
}
