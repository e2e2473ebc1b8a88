//! What telephones answer through Kannel.

use serde_json::{Value, json};

use crate::{
    http,
    kannel::{self, Kannel, Ports},
    product::{Installation, TEXT_AT_ONCE, now, texts_through_url},
    wait,
};

/// The short code that telephones answer to.
const US: &str = "12345";

/// Kannel keeps what it could not hand over, and brings it again and again until somebody takes it.
#[test]
fn answers_and_a_stop_by_text_message_count_once_also_when_they_come_while_nobody_listens() {
    let ports = Ports::free();
    let settings = "[email]\ntransport = \"file\"\n".to_owned() + &texts_through_url(&ports.sendsms_url());
    let journey = TEXT_AT_ONCE.replace("survey = \"visit\"", "survey = \"nps\"");
    let installation = Installation::with(&journey, &settings);
    installation.write("config/kannel.password", kannel::PASSWORD);
    let daemon = installation.start();
    let gateways = installation.json(&["gateways"]);
    let url = gateways["rows"][0]["inbound_url"].as_str().unwrap();
    let query = "from=%p&to=%P&text=%b&charset=%C&id=%I";
    let mut kannel = Kannel::start_with_inbound(ports, &format!("{url}?{query}"));

    ask(&installation, 1);
    kannel.wait_for_received(1);
    kannel.phone_says(&phone(1), US, "8 lovely");
    let thanks = kannel.wait_for_received(2).pop().unwrap();
    assert_eq!((thanks.to, thanks.text), (phone(1), "Sole Mitte: Thank you. A presto!".to_owned()));
    check_answers(&installation, &[(8, "lovely")]);

    ask(&installation, 2);
    kannel.wait_for_received(3);
    assert_eq!(daemon.stop(), Some(0));
    kannel.phone_says(&phone(2), US, "3 kühl für immer");
    wait_for_retry(&kannel, "text=3+");
    let daemon = installation.start();
    wait_for(&installation, "answer");
    check_answers(&installation, &[(8, "lovely"), (3, "kühl für immer")]);
    kannel.wait_for_received(4);

    assert_eq!(daemon.stop(), Some(0));
    kannel.phone_says(&phone(1), US, "STOP please");
    wait_for_retry(&kannel, "text=STOP");
    let daemon = installation.start();
    wait_for(&installation, "stop");
    let stopped = kannel.wait_for_received(5).pop().unwrap();
    assert!(stopped.to == phone(1) && stopped.text.contains("no more surveys"), "{stopped:?}");
    let decided = ask(&installation, 1);
    assert_eq!(decided["decisions"][0]["reason"], "no_consent", "{decided}");
    // Whoever says nothing is asked on, so the way is open, and nothing went to the one who said stop.
    ask(&installation, 3);
    let texts = kannel.wait_for_received(6);
    assert_eq!(texts.len(), 6);
    assert_eq!(texts.last().map(|text| text.to.clone()), Some(phone(3)));
    check_answers(&installation, &[(8, "lovely"), (3, "kühl für immer")]);
    let log = daemon.log();
    let token = url.rsplit('/').next().unwrap();
    for secret in [token, "lovely", "5112345"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

fn phone(n: usize) -> String {
    format!("+4915112345{n:03}")
}

fn ask(installation: &Installation, n: usize) -> Value {
    let contact = json!({ "id": format!("guest-{n}"), "phone": phone(n), "locale": "en" });
    let id = format!("{n}-{}", now());
    let event = json!({ "id": id, "type": "visit.completed", "at": now(), "branch": "mitte", "contact": contact });
    http::post_json(installation.admin_port(), "/api/v1/events", &event).json()
}

/// Waits until this run of the daemon has heard one message of this kind.
#[track_caller]
fn wait_for(installation: &Installation, what: &str) {
    let series = format!("canvass_sms_inbound_total{{gateway=\"kannel\",what=\"{what}\"}}");
    wait::until(what, || (installation.metric(&series) == 1).then_some(()));
}

/// Waits until smsbox has tried in vain to hand over a message with this in its address, and tries again.
#[track_caller]
fn wait_for_retry(kannel: &Kannel, what: &str) {
    let is_meant = |line: &str| line.contains("Retrying request") && line.contains(what);
    wait::until("a try in vain", || kannel.smsbox_log().lines().any(is_meant).then_some(()));
}

/// All responses that there are: ratings and reasons.
#[track_caller]
fn check_answers(installation: &Installation, expected: &[(u64, &str)]) {
    let (status, text) = http::get(installation.admin_port(), "/api/v1/responses");
    assert_eq!(status, 200, "{text}");
    let page: Value = serde_json::from_str(&text).unwrap();
    let rows = page["rows"].as_array().unwrap();
    let mut found: Vec<_> = rows
        .iter()
        .map(|row| {
            (row["answers"]["recommend"].as_u64().unwrap(), row["answers"]["reason"].as_str().unwrap_or_default())
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    assert_eq!(found, expected);
}
