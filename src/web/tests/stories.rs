//! Stories as people read them, each whole.

use super::by_hand::unknown;
use super::*;
use crate::domain::answer::{Answers, Completeness, Reading};
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::id::InvitationId;
use crate::domain::language::Language;
use crate::store::{InvitationAnswer, Way};

/// The channel takes it.
fn accepted(reply: &str) -> Outcome {
    Outcome::Accepted { provider_ref: None, n_segments: None, reply: reply.to_owned() }
}

impl House {
    /// A guest visits Sole Mitte. Gives the invitation, if they are to be asked.
    async fn visit(&self, id: &str, contact: &Value, time: &str) -> Option<String> {
        let event = json!({
            "id": id, "type": "visit.completed", "at": time, "branch": "mitte", "contact": contact, "data": { "covers": 2 },
        });
        let decided = self.tell("/api/v1/events", &event).await.json();
        decided["decisions"][0]["invitation"].as_str().map(str::to_owned)
    }

    async fn why(&self, id: &str) -> String {
        let told = self.ask(&format!("/api/v1/why/{id}?format=text")).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.body);
        told.body
    }

    fn at(&self, time: &str) {
        self.clock.advance_to(time.parse().unwrap());
    }
}

fn guest() -> Value {
    json!({ "id": "c-17", "email": "a.guest@example.org", "phone": "+4915112345678" })
}

#[tokio::test]
async fn of_a_guest_who_was_over_the_budget_and_asked_later() {
    let house = House::open().await;
    let contact = json!({ "id": "c-17", "email": "a.guest@example.org" });
    let mut last = String::new();
    for (n, day) in [(1, 5), (2, 9), (3, 24)] {
        house.at(&format!("2026-03-{day:02}T11:30:00Z"));
        last = house.visit(&format!("pos-{n}"), &contact, &format!("2026-03-{day:02}T11:00:00Z")).await.unwrap();
        house.at(&format!("2026-03-{day:02}T13:00:00Z"));
        house.all_leave(Channel::Email, accepted("250 2.0.0 Ok: queued as 4F1")).await;
    }
    house.at("2026-04-04T13:00:00Z");
    house.all_leave(Channel::Email, accepted("250 2.0.0 Ok: queued as 4F2")).await;
    insta::assert_snapshot!(house.why(&last).await, @r"
    Contact c-17.
      email: no decision recorded.
      sms: no address.
      asked: twice in the last 30 days, where [fatigue] allows 2.

    Invitation inv_VMKBXGPAXJQAMQ3SAKH0QJJRWW to the survey `visit` (dine-in/visit at mitte, occasion pos-3).
      Tue 24 Mar 2026, 12:30 CET  Planned: an email, meant for Tue 24 Mar at 14:00, is due on Sat 4 Apr at 15:00, because [fatigue] allows 2 invitations in 30 days, and they were asked on Thu 5 Mar at 14:00 and on Mon 9 Mar at 14:00.
      Sat 4 Apr 2026, 15:00 CEST  Sent by email: “250 2.0.0 Ok: queued as 4F2”.
      Sat 4 Apr 2026, 15:00 CEST  Unless they answer, a reminder by email follows on Tue 7 Apr at 15:00.
      → A reminder by email is due on Tue 7 Apr 2026, 15:00 CEST.
    ");
}

#[tokio::test]
async fn of_a_guest_who_came_late_and_a_daemon_that_was_down_all_day() {
    let house = House::open().await;
    house.at("2026-03-04T20:35:00Z");
    let id = house.visit("pos-1", &guest(), "2026-03-04T21:30:00+01:00").await.unwrap();
    house.at("2026-03-05T20:10:00Z");
    house.all_leave(Channel::Email, accepted("")).await;
    house.at("2026-03-06T09:00:00Z");
    house.all_leave(Channel::Email, accepted("250 2.0.0 Ok: queued as 4F1")).await;
    insta::assert_snapshot!(house.why(&id).await, @r"
    Contact c-17.
      email: no decision recorded.
      sms: no decision recorded.
      asked: once in the last 30 days, where [fatigue] allows 2.

    Invitation inv_VMKBXGPAXJQAMMC3R86VAKR17G to the survey `visit` (dine-in/visit at mitte, occasion pos-1).
      Wed 4 Mar 2026, 21:35 CET  Planned: an email, meant for Wed 4 Mar at 23:30, is due on Thu 5 Mar at 10:00, because this stage writes only between 10:00 and 20:00, Mon-Sat.
      Thu 5 Mar 2026, 21:10 CET  Put off until Fri 6 Mar at 10:00, because this stage writes only between 10:00 and 20:00, Mon-Sat.
      Fri 6 Mar 2026, 10:00 CET  Sent by email: “250 2.0.0 Ok: queued as 4F1”.
      Fri 6 Mar 2026, 10:00 CET  Unless they answer, a reminder by email follows on Mon 9 Mar at 10:00.
      → A reminder by email is due on Mon 9 Mar 2026, 10:00 CET.
    ");
}

#[tokio::test]
async fn of_a_mail_that_came_back_and_the_text_message_that_went_instead() {
    let house = House::open().await;
    let id = house.visit("pos-1", &guest(), "2026-03-04T11:00:00Z").await.unwrap();
    house.at("2026-03-04T13:00:00Z");
    let reply = "550 5.1.1 <a.guest@example.org>: no such user".to_owned();
    house.all_leave(Channel::Email, Outcome::Refused { reply, address_dead: true }).await;
    house.all_leave(Channel::Sms, accepted("202 0: Accepted for delivery")).await;
    insta::assert_snapshot!(house.why(&id).await, @r"
    Contact c-17.
      email: no decision recorded; the address is on the suppression list.
      sms: no decision recorded.
      asked: once in the last 30 days, where [fatigue] allows 2.

    Invitation inv_VMKBXGPAXJQAMMC3R86VAKR17G to the survey `visit` (dine-in/visit at mitte, occasion pos-1).
      Wed 4 Mar 2026, 13:00 CET  Planned: an email is due on Wed 4 Mar at 14:00.
      Wed 4 Mar 2026, 14:00 CET  The email (attempt 1) was refused for good: “550 5.1.1 <a.guest@example.org>: no such user”.
      Wed 4 Mar 2026, 14:00 CET  Instead, a text message goes out at once.
      Wed 4 Mar 2026, 14:00 CET  Sent by text message (attempt 2): “202 0: Accepted for delivery”.
      → Nothing more will be sent; answers count until Wed 18 Mar 2026, 14:00 CET.
    ");
}

#[tokio::test]
async fn of_a_text_message_of_which_nobody_knows_whether_it_left() {
    let house = House::open().await;
    let id = house.order(1).await;
    house.at("2026-03-04T12:00:00Z");
    house.all_leave(Channel::Sms, unknown()).await;
    insta::assert_snapshot!(house.why(&id).await, @r"
    Contact c-1.
      email: no address.
      sms: no decision recorded.
      asked: once in the last 30 days, where [fatigue] allows 2.

    Invitation inv_XP3FVS27GKTGEWJ4NZ6HGR0VXC to the survey `delivery` (delivery/delivery at mitte, occasion order-1).
      Wed 4 Mar 2026, 13:00 CET  Planned: a text message is due at once.
      Wed 4 Mar 2026, 13:00 CET  Nobody can say whether the text message left: connection lost.
      Wed 4 Mar 2026, 13:00 CET  It waits for an operator, because it may or may not have been sent, and sending again could double it.
      → It waits for you: `canvass unknown retry inv_XP3FVS27GKTGEWJ4NZ6HGR0VXC` sends it once more, `canvass unknown settle inv_XP3FVS27GKTGEWJ4NZ6HGR0VXC --as accepted` or `refused` puts down what you found out.
    ");
    house.at("2026-03-04T12:40:00Z");
    house.tell("/api/v1/unknown/retry", &json!({ "invitations": [id], "by": "maria" })).await;
    house.all_leave(Channel::Sms, unknown()).await;
    house.at("2026-03-04T14:00:00Z");
    house.tell("/api/v1/unknown/settle", &json!({ "invitation": id, "as": "accepted", "by": "maria" })).await;
    insta::assert_snapshot!(house.why(&id).await, @r"
    Contact c-1.
      email: no address.
      sms: no decision recorded.
      asked: once in the last 30 days, where [fatigue] allows 2.

    Invitation inv_XP3FVS27GKTGEWJ4NZ6HGR0VXC to the survey `delivery` (delivery/delivery at mitte, occasion order-1).
      Wed 4 Mar 2026, 13:00 CET  Planned: a text message is due at once.
      Wed 4 Mar 2026, 13:00 CET  Nobody can say whether the text message left: connection lost.
      Wed 4 Mar 2026, 13:00 CET  It waits for an operator, because it may or may not have been sent, and sending again could double it.
      Wed 4 Mar 2026, 13:40 CET  By decision of maria, the text message goes once more, under the same number.
      Wed 4 Mar 2026, 13:40 CET  Nobody can say whether the text message left: connection lost.
      Wed 4 Mar 2026, 13:40 CET  It waits for an operator, because it may or may not have been sent, and sending again could double it.
      Wed 4 Mar 2026, 15:00 CET  According to maria, the text message was sent after all.
      → Nothing more will be sent; answers count until Wed 11 Mar 2026, 13:00 CET.
    ");
}

#[tokio::test]
async fn of_a_guest_who_said_no() {
    let house = House::open().await;
    let contact = json!({ "id": "c-17", "email": "a.guest@example.org", "consent_email": "no" });
    house.visit("pos-1", &contact, "2026-03-04T11:00:00Z").await;
    insta::assert_snapshot!(house.why("pos-1").await, @r"
    Event pos-1 (visit.completed) of Wed 4 Mar 2026, 12:00 CET at mitte, about contact c-17.
      dine-in/visit: nobody was asked, because the contact said no to surveys by email. It is on record as inv_VMKBXGPAXJQAMMC3R86VAKR17G.

    Contact c-17.
      email: said no.
      sms: no address.

    Invitation inv_VMKBXGPAXJQAMMC3R86VAKR17G to the survey `visit` (dine-in/visit at mitte, occasion pos-1).
      Wed 4 Mar 2026, 13:00 CET  Decided not to ask, because the contact said no to surveys by email.
      → It was never sent, because the contact said no to surveys by email.
    ");
}

#[tokio::test]
async fn of_a_mail_that_was_greylisted_reminded_of_and_answered() {
    let house = House::open().await;
    let id = house.visit("pos-1", &guest(), "2026-03-04T11:00:00Z").await.unwrap();
    house.at("2026-03-04T13:00:00Z");
    house
        .all_leave(
            Channel::Email,
            Outcome::Deferred {
                not_before: None,
                reply: "451 4.7.1 Greylisted".to_owned(),
                obstacle: Obstacle::Recipient,
            },
        )
        .await;
    house.at("2026-03-04T13:10:00Z");
    house.all_leave(Channel::Email, accepted("250 2.0.0 Ok: queued as 4F1")).await;
    house.at("2026-03-07T13:00:00Z");
    house.all_leave(Channel::Email, accepted("250 2.0.0 Ok: queued as 4F2")).await;
    let id = InvitationId::parse(&id).unwrap();
    let answers = Answers::new();
    let reading = Reading { answers, troubles: Vec::new(), completeness: Completeness::Complete };
    let answer = InvitationAnswer {
        invitation: id,
        attempt: 2,
        way: Way::Link,
        language: Language::english(),
        reading,
        now: house.clock.now(),
    };
    house.core.store.answer_invitation(answer).await.unwrap();
    insta::assert_snapshot!(house.why(&id.to_string()).await, @r"
    Contact c-17.
      email: no decision recorded.
      sms: no decision recorded.
      asked: once in the last 30 days, where [fatigue] allows 2.

    Invitation inv_VMKBXGPAXJQAMMC3R86VAKR17G to the survey `visit` (dine-in/visit at mitte, occasion pos-1).
      Wed 4 Mar 2026, 13:00 CET  Planned: an email is due on Wed 4 Mar at 14:00.
      Wed 4 Mar 2026, 14:00 CET  The email (attempt 1) was not taken yet, and is due again on Wed 4 Mar at 14:10: “451 4.7.1 Greylisted”.
      Wed 4 Mar 2026, 14:10 CET  Sent by email (attempt 1): “250 2.0.0 Ok: queued as 4F1”.
      Wed 4 Mar 2026, 14:10 CET  Unless they answer, a reminder by email follows on Sat 7 Mar at 14:00.
      Sat 7 Mar 2026, 14:00 CET  Sent a reminder by email (attempt 2): “250 2.0.0 Ok: queued as 4F2”.
      Sat 7 Mar 2026, 14:00 CET  Unless they answer, a text message follows on Mon 9 Mar at 14:00.
      Sat 7 Mar 2026, 14:00 CET  Answered in full through the link in the reminder by email (attempt 2).
      Sat 7 Mar 2026, 14:00 CET  Closed: answered in full.
      → Closed: answered in full.
    ");
}

#[tokio::test]
async fn of_an_event_that_meets_no_condition_and_of_one_that_nobody_listens_to() {
    let house = House::open().await;
    let event = |id: &str, kind: &str| {
        json!({
            "id": id, "type": kind, "at": "2026-03-04T11:00:00Z", "branch": "mitte", "contact": { "id": "c-17" },
            "data": { "covers": 0 },
        })
    };
    house.tell("/api/v1/events", &event("pos-1", "visit.completed")).await;
    insta::assert_snapshot!(house.why("pos-1").await, @r"
    Event pos-1 (visit.completed) of Wed 4 Mar 2026, 12:00 CET at mitte, about contact c-17.
      dine-in/visit: nobody was asked, because `covers` is 0, and the stage wants at least 1.

    Contact c-17.
      email: no address.
      sms: no address.

    No invitation so far.
    ");
    house.tell("/api/v1/events", &event("pos-2", "visit.begun")).await;
    let told = house.why("pos-2").await;
    assert!(told.contains("  No stage of any journey listens to `visit.begun`.\n"), "{told}");
}

#[tokio::test]
async fn of_a_card_in_use_and_out_of_it() {
    let house = House::open().await;
    let order = json!({ "branch": "mitte", "touchpoint": "table-01", "sheet": "L7165", "print_run": "spring" });
    house.tell("/api/v1/cards/print", &order).await;
    let cards = house.ask("/api/v1/cards").await.json();
    let (code, id) = (cards["rows"][0]["code"].as_str().unwrap(), cards["rows"][0]["id"].as_str().unwrap());
    insta::assert_snapshot!(house.why(code).await, @r"
    Card CK9-K06-31P (crd_XDQY2HY3XECAZXV3AMH8Y1JH8C), number 1 of print run spring: table-01 at mitte, asks the survey `table`.
      Made on Wed 4 Mar 2026, 13:00 CET.
      In use.
      In the last 30 days the cards of table-01 were opened never and answered never.
    ");
    house.get(&format!("/q/{code}")).await;
    house.at("2026-03-05T08:00:00Z");
    house.tell(&format!("/api/v1/cards/{code}/revoke"), &Value::Null).await;
    insta::assert_snapshot!(house.why(id).await, @r"
    Card CK9-K06-31P (crd_XDQY2HY3XECAZXV3AMH8Y1JH8C), number 1 of print run spring: table-01 at mitte, asks the survey `table`.
      Made on Wed 4 Mar 2026, 13:00 CET.
      Put out of use on Thu 5 Mar 2026, 09:00 CET. Its page says so.
      In the last 30 days the cards of table-01 were opened once and answered never.
    ");
    let told = house.ask(&format!("/api/v1/why/{id}")).await.json();
    assert_eq!((&told["card"]["id"], told["story"].as_array().unwrap().len()), (&json!(id), 3));
}
