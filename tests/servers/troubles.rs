//! A relay that says no, or not now: what becomes of the invitation, in its story and in the report.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::{
    http,
    kannel::{self, Kannel},
    mail::survey_link,
    postfix::Postfix,
    product::{Installation, MAIL_THEN_TEXT, check_counts, mail_through, now, texts_through},
    wait,
};

/// A dispatcher that nobody wakes looks only every half minute.
const AT_ONCE_SECONDS: i64 = 10;

/// Who takes mail, who does not and has a telephone, who does not and has none, who is to be tried again.
const GUESTS: [(&str, Option<&str>); 4] = [
    ("fine", Some("+4915112345001")),
    ("gone", Some("+4915112345002")),
    ("lost", None),
    ("busy", Some("+4915112345003")),
];

#[test]
fn a_refusal_falls_back_at_once_and_a_deferral_waits() {
    let (postfix, kannel) = (Postfix::start(&["guests.example"]), Kannel::start());
    let gone = "550 5.1.1 no such guest";
    let replies = [
        ("gone@guests.example", gone),
        ("lost@guests.example", gone),
        ("busy@guests.example", "450 4.2.0 try again later"),
    ];
    postfix.set_replies(&replies);
    let settings = mail_through(postfix.smtp_port(), "none") + &texts_through(&kannel);
    let installation = Installation::with(MAIL_THEN_TEXT, &settings);
    installation.write("config/kannel.password", kannel::PASSWORD);
    let _daemon = installation.start();
    for (name, phone) in GUESTS {
        let contact = json!({ "id": name, "email": format!("{name}@guests.example"), "phone": phone });
        let event =
            json!({ "id": name, "type": "visit.completed", "at": now(), "branch": "mitte", "contact": contact });
        http::post_json(installation.admin_port(), "/api/v1/events", &event).json();
    }
    let texts = kannel.wait_for_received(1);
    // The one that is put off.
    installation.wait_until_drained(|| 1);
    assert_eq!(kannel.received().iter().map(|sms| sms.to.as_str()).collect::<Vec<_>>(), ["+4915112345002"]);
    assert_eq!(postfix.wait_for_messages(1).len(), 1);
    let receipts = "canvass_receipts_total{channel=\"sms\",news=\"delivered\",class=\"\"}";
    wait::until("Kannel's receipt", || (installation.metric(receipts) == 1).then_some(()));

    check_stories(&installation);
    check_report(&installation, 0);
    let path = installation.path_of(&survey_link(&texts[0].text)).to_owned();
    assert_eq!(http::post_form(installation.public_port(), &path, &[("overall", "5")]).status, 303);
    check_report(&installation, 1);
}

/// How long after the refusal the text message left, as the story tells it.
fn seconds_to_fallback(installation: &Installation) -> i64 {
    let told = installation.json(&["why", "gone"]);
    let story = told["invitations"][0]["story"].as_array().unwrap();
    let at = |words: &str| -> DateTime<Utc> {
        let line = story.iter().find(|line| line["what"].as_str().unwrap().starts_with(words)).unwrap();
        line["at"].as_str().unwrap().parse().unwrap()
    };
    (at("Sent by text message") - at("The email (attempt 1) was refused")).num_seconds()
}

fn check_stories(installation: &Installation) {
    check_story(installation, "fine", "asked", &["accepted"], &["Sent by email: “250 "]);
    let gone = [
        "The email (attempt 1) was refused for good: “550 5.1.1 ",
        "Instead, a text message goes out ",
        "Sent by text message (attempt 2)",
        "email: no decision recorded; the address is on the suppression list.",
    ];
    check_story(installation, "gone", "asked", &["refused", "delivered"], &gone);
    let seconds = seconds_to_fallback(installation);
    assert!(seconds < AT_ONCE_SECONDS, "the text message left {seconds} s after the refusal");
    let lost = ["The email was refused for good: “550 5.1.1 ", "Closed: no message could be delivered."];
    check_story(installation, "lost", "closed", &["refused"], &lost);
    let busy = [
        "The email was not taken yet, and is due again on ",
        "email: no decision recorded.\n",
        "The next try of the email is due on ",
    ];
    check_story(installation, "busy", "waiting", &["deferred"], &busy);
}

#[track_caller]
fn check_story(installation: &Installation, contact: &str, state: &str, outcomes: &[&str], words: &[&str]) {
    let story = installation.ok(&["why", contact]);
    for words in words {
        assert!(story.contains(words), "no {words:?} in\n{story}");
    }
    let told = installation.json(&["why", contact]);
    let invitation = &told["invitations"][0]["invitation"];
    let found: Vec<_> =
        invitation["attempts"].as_array().unwrap().iter().map(|attempt| attempt["outcome"].as_str().unwrap()).collect();
    assert_eq!((invitation["state"].as_str(), found.as_slice()), (Some(state), outcomes), "{invitation:#}");
}

/// `busy` is no case yet, because nobody knows what will become of it.
fn check_report(installation: &Installation, n_answered: u64) {
    let rates = installation.rates();
    let mail = rates.of("email");
    check_counts(mail, &[("cases", 1), ("delivered", 1), ("no_response", 1)]);
    assert_eq!((mail["attempted"].as_u64(), mail["not_delivered"].as_u64()), (Some(3), Some(2)));
    let text = rates.of("sms");
    check_counts(text, &[("cases", 1), ("delivered", 1), ("complete", n_answered), ("no_response", 1 - n_answered)]);
    assert_eq!(text["fallback"], json!({ "n": 1, "answered": n_answered }));
    let total =
        [("cases", 3), ("delivered", 2), ("undelivered", 1), ("complete", n_answered), ("no_response", 2 - n_answered)];
    check_counts(rates.total(), &total);
}
