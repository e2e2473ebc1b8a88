//! What telephones say.

use aws_lc_rs::hmac;
use data_encoding::BASE64;

use super::*;
use crate::channel::OutboundMessage;
use crate::daemon::compose::compose;
use crate::domain::attempt::Outcome;
use crate::store::{LeaseRequest, Loads, ReadOnlyReason};

/// A rating, a choice that is asked after a bad one, and a comment.
const SURVEY: &str = r#"
[survey]
id = "delivery"
title = { en = "Your order", de = "Ihre Bestellung" }
[[question]]
id = "recommend"
kind = "nps"
key = true
text = { en = "Would you recommend us?", de = "Empfehlen Sie uns?" }
[[question]]
id = "trouble"
kind = "choice"
ask_if = { question = "recommend", at_most = 6 }
text = { en = "What was the matter?", de = "Was war?" }
options = [{ id = "late", text = { en = "Late", de = "Spät" } }, { id = "cold", text = { en = "Cold", de = "Kalt" } }]
[[question]]
id = "why"
kind = "text"
text = { en = "Why?", de = "Warum?" }
"#;
const PHONE: &str = "%2B4915112345001";

impl House {
    /// A house whose guest was asked by text message, on a survey that says how much it asks so.
    async fn with_telephone(by_sms: &str) -> Self {
        let survey =
            SURVEY.replace("[[question]]\nid = \"recommend\"", &format!("{by_sms}\n[[question]]\nid = \"recommend\""));
        let house = Self::with_gateways_and(&[("surveys/delivery.toml", &survey)]).await;
        house.order(1).await;
        house.reads_english(1).await;
        assert_eq!(house.all_leave(Channel::Sms, accepted()).await, 1);
        house
    }

    async fn reads_english(&self, n: u32) {
        let contact = json!([{ "id": format!("c-{n}"), "locale": "en" }]);
        let told = self.tell("/api/v1/contacts", &contact).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    }

    fn inbound_path(&self, gateway: &str) -> String {
        format!("/hooks/sms/{gateway}/inbound/{}", self.core.store.seal().inbound_token(gateway))
    }

    /// What Kannel is answered when it brings this, under an id of its own.
    async fn says(&self, from: &str, id: &str, text: &str) -> String {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let path = self.inbound_path("kannel");
        let answer = self.get(&format!("{path}?from={from}&to=12345&text={text}&charset=UTF-8&id={id}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.header(header::CONTENT_TYPE), "text/plain; charset=utf-8");
        answer.body
    }

    /// The one response that there is.
    async fn response(&self) -> Value {
        let rows = self.ask("/api/v1/responses").await.json()["rows"].clone();
        assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
        rows[0].clone()
    }

    async fn n_texts(&self, gateway: &str, what: &str) -> usize {
        let wanted = format!("canvass_sms_inbound_total{{gateway=\"{gateway}\",what=\"{what}\"}} ");
        let metrics = self.ask("/metrics").await.body;
        metrics.lines().find_map(|line| line.strip_prefix(&wanted)).map_or(0, |n| n.parse().unwrap())
    }
}

fn accepted() -> Outcome {
    Outcome::Accepted { provider_ref: None, n_segments: None, reply: "202 0: Accepted for delivery".to_owned() }
}

#[tokio::test]
async fn a_text_message_asks_for_a_reply_where_the_gateway_brings_them() {
    let house = House::with_gateways_and(&[("surveys/delivery.toml", SURVEY)]).await;
    house.order(1).await;
    house.reads_english(1).await;
    let live = house.core.live.load_full();
    let (now, rules) = (house.clock.now(), Arc::clone(&live.rules.gate));
    let loads = Loads { busy: BTreeMap::new(), limit: 1 };
    let until = now + chrono::TimeDelta::minutes(40);
    let request = LeaseRequest { channel: Channel::Sms, now, n_max: 1, until, lease: 1, rules, loads };
    let leased = house.core.store.lease_due(request).await.unwrap().leases.remove(0);
    let OutboundMessage::Sms(sms) = compose(&house.core, &live, &leased).await.unwrap() else {
        panic!("a text message")
    };
    let (before, after) = sms.text.split_once("http://127.0.0.1:8080/s/").unwrap();
    assert_eq!(before, "Sole Mitte: Would you recommend us? Reply 0-10 or open ");
    assert_eq!(after.split_once(' ').unwrap().1, "STOP to opt out");
}

#[tokio::test]
async fn a_rating_with_words_is_a_response_of_the_text_message() {
    let house = House::with_telephone("").await;
    assert_eq!(house.says(PHONE, "1", "8 lovely").await, "Sole Mitte: Thank you!");
    let response = house.response().await;
    assert_eq!((&response["answers"]["recommend"], &response["answers"]["why"]), (&json!(8), &json!("lovely")));
    assert_eq!(
        (&response["completeness"], &response["origin"]["attempt"]),
        (&json!("complete"), &json!(1)),
        "{response}"
    );
    let told = house.ask("/api/v1/why/c-1?format=text").await.body;
    assert!(told.contains("Answered in full in reply to the text message"), "{told}");
    assert!(!told.contains("lovely"), "{told}");
    assert_eq!(house.n_texts("kannel", "answer").await, 1);
}

#[tokio::test]
async fn a_rating_alone_is_asked_for_its_reason_once_and_the_same_message_again_is_no_other() {
    let house = House::with_telephone("").await;
    let asked = "Thank you! Why?";
    assert_eq!(house.says(PHONE, "1", "3").await, asked);
    assert_eq!(house.says(PHONE, "1", "3").await, asked, "the gateway never got the answer");
    assert_eq!(house.response().await["answers"], json!({ "recommend": 3 }));
    assert_eq!(house.says(PHONE, "2", "cold soup").await, "Sole Mitte: Thank you!");
    assert_eq!(house.says(PHONE, "1", "3").await, "");
    assert_eq!(house.response().await["answers"], json!({ "recommend": 3, "why": "cold soup" }));
    assert_eq!(house.says(PHONE, "3", "and late").await, "");
    assert_eq!(house.response().await["answers"]["why"], "cold soup\nand late");
    assert_eq!([house.n_texts("kannel", "answer").await, house.n_texts("kannel", "repeat").await], [3, 2]);
}

#[tokio::test]
async fn a_survey_is_asked_whole_where_it_says_so() {
    let house = House::with_telephone("by_sms = \"all\"").await;
    let asked = house.says(PHONE, "1", "2").await;
    assert_eq!(asked, "Thank you! What was the matter? Reply with a number: 1 = Late, 2 = Cold");
    let again = "We did not understand that. Reply with a number: 1 = Late, 2 = Cold";
    assert_eq!(house.says(PHONE, "2", "7").await, again);
    assert_eq!(house.says(PHONE, "3", "what?").await, "", "it was said once");
    assert_eq!(house.says(PHONE, "4", "2").await, "Thank you! Why?");
    assert_eq!(house.says(PHONE, "5", "9 minutes in the rain").await, "Sole Mitte: Thank you!");
    let answers = json!({ "recommend": 2, "trouble": "cold", "why": "9 minutes in the rain" });
    assert_eq!(house.response().await["answers"], answers);
}

#[tokio::test]
async fn what_is_no_answer_is_told_how_once() {
    let house = House::with_telephone("").await;
    let how = "We did not understand that. Reply with 0 to 10 (0 = Not at all likely, 10 = Extremely likely).";
    assert_eq!(house.says(PHONE, "1", "11").await, how);
    assert_eq!(house.says(PHONE, "2", "super").await, "");
    assert!(house.ask("/api/v1/responses").await.json()["rows"].as_array().unwrap().is_empty());
    assert_eq!(house.says(PHONE, "3", "10/10").await, "Thank you! Why?");
    assert_eq!(house.n_texts("kannel", "unclear").await, 2);
}

#[tokio::test]
async fn stop_ends_everything_and_is_confirmed_once_and_start_lets_text_messages_come_again() {
    let house = House::with_telephone("").await;
    let stopped = house.says(PHONE, "1", "Stop!").await;
    assert!(stopped.starts_with("Sole Mitte: You will get no more surveys"), "{stopped}");
    assert_eq!(house.says(PHONE, "2", "STOP").await, "");
    let contact = house.ask("/api/v1/contacts/c-1").await.json();
    assert_eq!((&contact["consent_sms"], &contact["consent_email"]), (&json!("no"), &json!("no")));
    let list = house.ask("/api/v1/suppressions").await.json();
    assert_eq!(
        (&list["rows"][0]["source"], &list["rows"][0]["reason"]),
        (&json!("reply to kannel"), &json!("opted_out"))
    );
    let told = house.ask("/api/v1/why/c-1?format=text").await.body;
    assert!(told.contains("said stop"), "{told}");

    assert_eq!(house.says(PHONE, "3", "9").await, "", "whoever wants to hear no more is not even thanked");
    assert_eq!(house.response().await["answers"]["recommend"], 9);
    let started = house.says(PHONE, "4", "START").await;
    assert!(started.contains("surveys by SMS again"), "{started}");
    let contact = house.ask("/api/v1/contacts/c-1").await.json();
    assert_eq!((&contact["consent_sms"], &contact["consent_email"]), (&json!("yes"), &json!("no")));
    assert!(house.ask("/api/v1/suppressions").await.json()["rows"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_that_waits_leaves_after_a_stop() {
    let house = House::with_gateways_and(&[]).await;
    house.order(1).await;
    assert!(house.says(PHONE, "1", "arrêt").await.contains("no more surveys"), "no branch is known");
    assert_eq!(house.all_leave(Channel::Sms, accepted()).await, 0);
    assert_eq!(house.says("%2B4915112345002", "2", "stop").await.matches("no more surveys").count(), 1);
    let event = json!({ "id": "order-2", "type": "order.delivered", "at": "2026-03-04T11:15:00Z", "branch": "mitte",
        "contact": { "id": "c-2", "phone": "+4915112345002" } });
    let decided = house.tell("/api/v1/events", &event).await.json();
    assert_eq!(decided["decisions"][0]["reason"], "suppressed", "nobody had the number when it said stop: {decided}");
}

#[tokio::test]
async fn start_ends_no_other_suppression() {
    let house = House::with_telephone("").await;
    let imported = json!({ "addresses": ["+4915112345001"], "source": "an old system" });
    assert_eq!(house.tell("/api/v1/suppressions", &imported).await.status, StatusCode::OK);
    assert_eq!(house.says(PHONE, "1", "START").await, "");
    assert_eq!(house.ask("/api/v1/suppressions").await.json()["rows"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn help_says_who_we_are_and_strangers_are_not_answered() {
    let house = House::with_telephone("").await;
    let help = house.says(PHONE, "1", "HELP").await;
    assert_eq!(help, "Sole Mitte: We ask how your visit was. Contact: guests@sole.example. STOP to opt out");
    assert!(house.says("%2B4915112345999", "2", "info").await.starts_with("Trattoria Sole: We ask"));
    for (from, text) in [("%2B4915112345999", "9"), ("SOLE", "STOP"), ("80888", "HELP")] {
        assert_eq!(house.says(from, "3", text).await, "", "{from}");
    }
    assert_eq!(house.n_texts("kannel", "unmatched").await, 3);
    for n in 0..20 {
        house.says(PHONE, &format!("h{n}"), "HELP").await;
    }
    assert_eq!(house.says(PHONE, "4", "HELP").await, "", "two machines that answer each other end");
    house.clock.advance(chrono::TimeDelta::days(1));
    assert!(!house.says(PHONE, "5", "HELP").await.is_empty());
}

#[tokio::test]
async fn a_late_answer_is_late_and_one_that_comes_after_all_is_none() {
    let house = House::with_telephone("").await;
    house.clock.advance(chrono::TimeDelta::days(20));
    house.says(PHONE, "1", "9").await;
    assert_eq!(house.response().await["late"], true);
    house.clock.advance(chrono::TimeDelta::days(60));
    assert_eq!(house.says(PHONE, "2", "3").await, "");
    assert_eq!(house.response().await["answers"]["recommend"], 9);
}

#[tokio::test]
async fn only_the_link_of_the_gateway_is_heard_and_it_is_shown_to_operators() {
    let house = House::with_telephone("").await;
    let right = house.inbound_path("kannel");
    let wrong = house.inbound_path("twilio").replace("twilio", "kannel");
    for path in ["/hooks/sms/kannel/inbound", "/hooks/sms/kannel/inbound/x", &wrong, &house.inbound_path("aggregator")]
    {
        assert_eq!(
            house.get(&format!("{path}?from={PHONE}&to=1&text=9")).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let head = Request::head(format!("{right}?from={PHONE}&to=1&text=9")).body(Body::empty()).unwrap();
    assert_eq!(house.knock(public(Arc::clone(&house.core)), head).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(house.get(&format!("{right}?to=1&text=9")).await.status, StatusCode::OK);
    assert_eq!(house.n_texts("kannel", "unreadable").await, 1);
    let gateways = house.ask("/api/v1/gateways").await.json()["rows"].clone();
    let urls: Vec<_> = gateways.as_array().unwrap().iter().map(|row| row["inbound_url"].clone()).collect();
    let base = "http://127.0.0.1:8080";
    assert_eq!(urls, [Value::Null, json!(format!("{base}{right}")), json!(format!("{base}/hooks/sms/twilio/inbound"))]);
}

#[tokio::test]
async fn twilio_is_heard_when_it_signed_and_answered_in_its_markup() {
    let house = House::with_telephone("").await;
    let path = "/hooks/sms/twilio/inbound";
    let send = async |body: &str, fields: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"t0k3n");
        let signature =
            BASE64.encode(hmac::sign(&key, format!("http://127.0.0.1:8080{path}{fields}").as_bytes()).as_ref());
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.header("X-Twilio-Signature", signature).body(Body::from(body.to_owned())).unwrap();
        house.knock(public(Arc::clone(&house.core)), request).await
    };
    let body = format!("Body=8+lovely&From={PHONE}&MessageSid=SM1&To=%2B15005550006");
    let fields = "Body8 lovelyFrom+4915112345001MessageSidSM1To+15005550006";
    let changed = send(&body.replace("Body=8", "Body=1"), fields).await;
    assert_eq!(changed.status, StatusCode::FORBIDDEN);
    assert_eq!(house.n_texts("twilio", "unsigned").await, 1);
    let taken = send(&body, fields).await;
    assert_eq!((taken.status, taken.header(header::CONTENT_TYPE)), (StatusCode::OK, "text/xml; charset=utf-8"));
    let markup = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>";
    assert_eq!(taken.body, format!("{markup}<Message>Sole Mitte: Thank you!</Message></Response>"));
    assert_eq!(house.response().await["answers"]["recommend"], 8);

    let body = format!("Body=Byebye&From={PHONE}&MessageSid=SM2&OptOutType=STOP&To=%2B15005550006");
    let fields = "BodyByebyeFrom+4915112345001MessageSidSM2OptOutTypeSTOPTo+15005550006";
    assert_eq!(send(&body, fields).await.body, format!("{markup}</Response>"), "Twilio said it already");
    assert_eq!(house.ask("/api/v1/contacts/c-1").await.json()["consent_sms"], "no");
}

#[tokio::test]
async fn while_the_store_takes_no_changes_the_gateway_is_asked_to_come_again_and_nothing_is_lost() {
    let house = House::with_telephone("").await;
    let path = format!("{}?from={PHONE}&to=1&text=9&charset=UTF-8&id=1", house.inbound_path("kannel"));
    house.health.send_replace(Health::ReadOnly(ReadOnlyReason::NoRoom));
    let refused = house.get(&path).await;
    assert_eq!((refused.status, refused.header(header::RETRY_AFTER)), (StatusCode::SERVICE_UNAVAILABLE, "60"));
    house.health.send_replace(Health::Writable);
    assert_eq!(house.get(&path).await.body, "Thank you! Why?");
}
