//! What operators do by hand.

use super::*;
use crate::domain::attempt::Outcome;
use crate::domain::invitation::{AfterUnknown, RetryPlan};
use crate::store::{LeaseRequest, Loads, Settlement};

/// The connection broke after the message had left.
pub(super) fn unknown() -> Outcome {
    Outcome::Unknown { reply: "connection lost".to_owned() }
}

impl House {
    /// The guest's order is delivered; they are to be asked by text message at 13:00 in Berlin. Gives the invitation.
    pub(super) async fn order(&self, n: u32) -> String {
        let event = json!({
            "id": format!("order-{n}"), "type": "order.delivered", "at": "2026-03-04T11:15:00Z", "branch": "mitte",
            "contact": { "id": format!("c-{n}"), "phone": format!("+4915112345{n:03}") },
        });
        let decided = self.tell("/api/v1/events", &event).await.json();
        decided["decisions"][0]["invitation"].as_str().unwrap().to_owned()
    }

    /// Every message that is due by this channel leaves, and this comes of each.
    pub(super) async fn all_leave(&self, channel: Channel, outcome: Outcome) -> usize {
        let now = self.clock.now();
        let rules = Arc::clone(&self.core.live.load().rules.gate);
        let until = now + chrono::TimeDelta::minutes(40);
        let (lease, loads) = (self.core.entropy.bits(), Loads { busy: BTreeMap::new(), limit: 100 });
        let request = LeaseRequest { channel, now, n_max: 100, until, lease, rules: Arc::clone(&rules), loads };
        let leases = self.core.store.lease_due(request).await.unwrap().leases;
        let n = leases.len();
        for lease in leases {
            let retry_at = now + chrono::TimeDelta::minutes(10);
            let retry =
                RetryPlan { retry_at, give_up_after: chrono::TimeDelta::days(2), after_unknown: AfterUnknown::Hold };
            let settlement = Settlement::of(lease, &rules, 1.0, (outcome.clone(), retry), now);
            self.core.store.settle([settlement].into()).await.unwrap().swap_remove(0).unwrap();
        }
        n
    }

    async fn still_unknown(&self) -> Vec<Value> {
        self.ask("/api/v1/unknown?open=true").await.json()["rows"].as_array().unwrap().clone()
    }
}

fn at(house: &House, time: &str) {
    house.clock.advance_to(time.parse().unwrap());
}

#[tokio::test]
async fn a_message_of_unknown_outcome_is_listed_with_what_it_waits_for_until_somebody_sends_it_again() {
    let house = House::open().await;
    let id = house.order(1).await;
    at(&house, "2026-03-04T12:00:00Z");
    assert_eq!(house.all_leave(Channel::Sms, unknown()).await, 1);
    let [row] = house.still_unknown().await.try_into().unwrap();
    assert_eq!(
        [&row["invitation"], &row["waits_for"], &row["channel"]],
        [&json!(id), &json!("operator"), &json!("sms")]
    );

    let again = json!({ "invitations": [id], "by": "maria" });
    let done = house.tell("/api/v1/unknown/retry", &again).await.json();
    assert_eq!([&done["rows"][0]["result"], &done["rows"][0]["due_at"]], ["sent_again", "2026-03-04T12:00:00Z"]);
    assert_eq!(house.still_unknown().await[0]["waits_for"], "retry");
    house.dispatch().await;
    assert!(house.still_unknown().await.is_empty());
    let [row] = house.ask("/api/v1/unknown").await.json()["rows"].as_array().unwrap().clone().try_into().unwrap();
    assert_eq!([&row["outcome"], &row["waits_for"], &row["tries"]], [&json!("accepted"), &json!("known"), &json!(2)]);
    let done = house.tell("/api/v1/unknown/retry", &again).await.json();
    assert_eq!(done["rows"][0]["reason"], "nothing_unknown");
}

#[tokio::test]
async fn what_somebody_found_out_is_put_down_once_and_with_their_name() {
    let house = House::open().await;
    let id = house.order(1).await;
    at(&house, "2026-03-04T12:00:00Z");
    house.all_leave(Channel::Sms, unknown()).await;
    let refused = json!({ "invitation": id, "as": "refused", "by": "maria" });
    let settled = house.tell("/api/v1/unknown/settle", &refused).await;
    assert_eq!((settled.status, &settled.json()["end"]), (StatusCode::OK, &json!("undelivered")), "{}", settled.body);
    assert_eq!(house.tell("/api/v1/unknown/settle", &refused).await.status, StatusCode::CONFLICT);
    let told = house.ask(&format!("/api/v1/why/{id}?format=text")).await.body;
    assert!(told.contains("According to maria, the text message was never sent."), "{told}");
}

#[tokio::test]
async fn the_list_keeps_to_the_scope_that_is_asked_for() {
    let house = House::open().await;
    house.order(1).await;
    at(&house, "2026-03-04T12:00:00Z");
    house.all_leave(Channel::Sms, unknown()).await;
    for (query, n) in [("channel=sms&journey=delivery", 1), ("channel=email", 0), ("branch=altona", 0), ("", 1)] {
        let rows = house.ask(&format!("/api/v1/unknown?{query}")).await.json();
        assert_eq!(rows["rows"].as_array().unwrap().len(), n, "{query}");
    }
}

/// The relay refuses everything for an hour, by mistake.
fn refused() -> Outcome {
    Outcome::Refused { reply: "550 5.7.1 policy".to_owned(), address_dead: false }
}

#[tokio::test]
async fn what_was_refused_by_mistake_is_asked_again_and_who_may_not_be_is_left_out_with_the_reason() {
    let house = House::open().await;
    for n in 1..=4 {
        house.order(n).await;
    }
    at(&house, "2026-03-04T12:00:00Z");
    assert_eq!(house.all_leave(Channel::Sms, refused()).await, 4);
    at(&house, "2026-03-04T13:00:00Z");
    house.tell("/api/v1/contacts", &json!([{ "id": "c-4", "consent_sms": "no" }])).await;
    let mut wish =
        json!({ "state": "undelivered", "scope": { "journey": "delivery" }, "since": "2h", "dry_run": true });
    let expected = json!([
        { "journey": "delivery", "stage": "delivery", "result": "asked_again", "reason": null, "explanation": null, "n": 3 },
        { "journey": "delivery", "stage": "delivery", "result": "left_out", "reason": "no_consent",
            "explanation": "the contact has not agreed to be asked on that channel", "n": 1 },
    ]);
    let told = house.tell("/api/v1/invitations/retry", &wish).await.json();
    assert_eq!((&told["rows"], &told["since"]), (&expected, &json!("2026-03-04T11:00:00Z")));
    assert_eq!(house.all_leave(Channel::Sms, refused()).await, 0, "nothing was changed");
    wish["dry_run"] = json!(false);
    assert_eq!(house.tell("/api/v1/invitations/retry", &wish).await.json()["rows"], expected);
    let accepted = Outcome::Accepted { provider_ref: None, n_segments: None, reply: "202 ok".to_owned() };
    assert_eq!(house.all_leave(Channel::Sms, accepted).await, 3);
    let left = json!([expected[1]]);
    assert_eq!(
        house.tell("/api/v1/invitations/retry", &wish).await.json()["rows"],
        left,
        "those are not stalled any more"
    );
}

#[tokio::test]
async fn a_retry_takes_those_that_it_is_to_take_page_by_page() {
    let house = House::open().await;
    for n in 1..=5 {
        house.order(n).await;
    }
    at(&house, "2026-03-04T12:00:00Z");
    house.all_leave(Channel::Sms, refused()).await;
    at(&house, "2026-03-04T15:00:00Z");
    for other in [json!({ "channel": "email" }), json!({ "branch": "altona" }), json!({ "journey": "dine-in" })] {
        let wish = json!({ "state": "undelivered", "scope": other });
        assert_eq!(house.tell("/api/v1/invitations/retry", &wish).await.json()["rows"], json!([]), "{other}");
    }
    let late = json!({ "state": "undelivered", "since": "2h" });
    assert_eq!(house.tell("/api/v1/invitations/retry", &late).await.json()["rows"], json!([]));
    let (mut after, mut n) = (Value::Null, 0);
    loop {
        let wish = json!({ "state": "refused", "limit": 2, "after": after });
        let page = house.tell("/api/v1/invitations/retry", &wish).await.json();
        n += page["rows"].as_array().unwrap().iter().map(|row| row["n"].as_u64().unwrap()).sum::<u64>();
        after = page["next"].clone();
        if after.is_null() {
            break;
        }
    }
    assert_eq!(n, 5);
    for (state, since, words) in [
        ("lost", "2h", "`lost` is not a state to retry; there are: undelivered, refused, held, deferred, skipped"),
        ("refused", "lately", "`lately` is no time"),
    ] {
        let answer = house.tell("/api/v1/invitations/retry", &json!({ "state": state, "since": since })).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn work_by_hand_that_makes_no_sense_is_refused_with_what_would() {
    let house = House::open().await;
    for (path, words) in [
        ("/api/v1/unknown?channel=fax", "`fax` is not a channel; there are: email, sms"),
        ("/api/v1/unknown?journey=dinein", "there is no journey `dinein`; there are: delivery, dine-in, regulars"),
        ("/api/v1/unknown?journey=delivery&stage=visit", "there is no stage `visit`; there are: delivery"),
    ] {
        let problem = house.ask(path).await;
        assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(problem.body.contains(words), "{}", problem.body);
    }
    let nobody = "inv_00000000000000000000000000";
    let settle = |found: &str| json!({ "invitation": nobody, "as": found });
    let answer = house.tell("/api/v1/unknown/settle", &settle("lost")).await;
    assert!(answer.body.contains("`lost` is not a finding; there are: accepted, refused"), "{}", answer.body);
    assert_eq!(house.tell("/api/v1/unknown/settle", &settle("accepted")).await.status, StatusCode::NOT_FOUND);
    let many = json!({ "invitations": vec![nobody; 1_001] });
    assert_eq!(house.tell("/api/v1/unknown/retry", &many).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let long = json!({ "invitations": [nobody], "by": "m".repeat(65) });
    assert_eq!(house.tell("/api/v1/unknown/retry", &long).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_is_held_stays_until_somebody_has_seen_what_would_go_out_and_lets_it_go() {
    let house = House::open().await;
    for n in 1..=3 {
        house.order(n).await;
    }
    let held = json!({ "scope": { "journey": "delivery" }, "reason": "the gateway moves", "by": "maria" });
    let hold = house.tell("/api/v1/holds", &held).await.json();
    assert_eq!([&hold["scope"], &hold["kind"]], ["all messages of journey delivery", "operator"]);
    at(&house, "2026-03-04T12:00:00Z");
    house.dispatch().await;
    assert_eq!(house.core.store.queue().await.unwrap(), [0, 0, 0, 3]);
    let told = house.ask("/api/v1/why/c-1?format=text").await.body;
    let words =
        "but all messages of journey delivery are held: by maria since Wed 4 Mar 2026, 13:00 CET, “the gateway moves”.";
    assert!(told.contains(words), "{told}");

    let outlook = house.ask("/api/v1/holds/outlook?journey=delivery").await.json();
    let row = json!({
        "day": "2026-03-04", "journey": "delivery", "stage": "delivery", "branch": "mitte", "channel": "sms", "n": 3,
        "n_too_late": 0, "oldest": "2026-03-04T12:00:00Z",
    });
    assert_eq!((&outlook["rows"], &outlook["next"]), (&json!([row]), &Value::Null));
    // What another hold keeps back stays, and what would come too late is dropped.
    house.tell("/api/v1/holds", &json!({ "scope": { "channel": "sms" } })).await;
    assert_eq!(house.ask("/api/v1/holds/outlook?journey=delivery").await.json()["rows"], json!([]));
    at(&house, "2026-03-20T12:00:00Z");
    let late = house.ask("/api/v1/holds/outlook?all=true").await.json();
    assert_eq!([&late["rows"][0]["n"], &late["rows"][0]["n_too_late"]], [0, 3]);

    let problem = house.tell("/api/v1/holds/release", &json!({ "scope": { "branch": "mitte" } })).await;
    assert_eq!(problem.status, StatusCode::NOT_FOUND);
    assert!(problem.body.contains("held are: "), "{}", problem.body);
    let released = house.tell("/api/v1/holds/release", &json!({ "all": true })).await.json();
    assert_eq!(released["rows"].as_array().unwrap().len(), 2);
    assert_eq!(house.ask("/api/v1/holds").await.json()["rows"], json!([]));
    house.dispatch().await;
    assert_eq!(house.core.store.queue().await.unwrap(), [0; 4]);
}

#[tokio::test]
async fn what_is_waiting_is_looked_at_page_by_page() {
    let house = House::open().await;
    for n in 1..=5 {
        house.order(n).await;
    }
    house.tell("/api/v1/holds", &json!({})).await;
    let (mut n, mut after) = (0, String::new());
    loop {
        let page = house.ask(&format!("/api/v1/holds/outlook?limit=2{after}")).await.json();
        n += page["rows"].as_array().unwrap().iter().map(|row| row["n"].as_u64().unwrap()).sum::<u64>();
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(n, 5);
    assert_eq!(house.ask("/api/v1/holds/outlook?after=x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let long = json!({ "reason": "x".repeat(201) });
    assert_eq!(house.tell("/api/v1/holds", &long).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
