//! STARTTLS with a real relay: encrypted and known, or not at all.

use std::fs;

use serde_json::json;

use crate::{
    http,
    mail::Mail,
    postfix::Postfix,
    product::{Installation, MAIL_AT_ONCE, mail_through, now},
};

/// An installation that insists on STARTTLS, and one event.
fn send_one(postfix: &Postfix, settings: &str) -> Installation {
    let installation = Installation::with(MAIL_AT_ONCE, &(mail_through(postfix.smtp_port(), "starttls") + settings));
    if settings.contains("ca_file") {
        fs::copy(postfix.certificate(), installation.path("config/relay.pem")).unwrap();
    }
    let contact = json!({ "id": "anna", "email": "anna@guests.example" });
    let event = json!({ "id": "visit-1", "type": "visit.completed", "at": now(), "contact": contact });
    let file = installation.write("events.jsonl", &event.to_string());
    installation.ok(&["events", "import", file.to_str().unwrap()]);
    installation
}

/// Checks that the mail is put off with these words, and that the relay heard of no sender.
#[track_caller]
fn check_put_off(postfix: &Postfix, settings: &str, words: &str) {
    let installation = send_one(postfix, settings);
    let _daemon = installation.start();
    installation.wait_until_drained(|| 1);
    let series = "canvass_invitations_total{channel=\"email\",outcome=\"deferred\"}";
    assert_eq!(installation.metric(series), 1);
    let story = installation.ok(&["why", "anna"]);
    let told = "The email was not taken yet, and is tried again as soon as its way is open";
    assert!(story.contains(told) && story.contains(words), "{story}");
    assert!(!postfix.log().contains("from=<"), "{}", postfix.log());
    assert_eq!(postfix.messages().len(), 0);
}

#[test]
fn a_relay_with_a_certificate_that_we_know_gets_the_mail() {
    let postfix = Postfix::start_with_tls(&["guests.example"]);
    let installation = send_one(&postfix, "ca_file = \"relay.pem\"\n");
    let _daemon = installation.start();
    let messages = postfix.wait_for_messages(1);
    let mail = Mail::read(&messages[0]);
    assert_eq!(mail.to, "anna@guests.example");
    // Postfix takes mail here after STARTTLS only, and says so in the line that it adds.
    assert!(String::from_utf8_lossy(&messages[0]).contains("with ESMTPS id "));
    assert_eq!(http::get(installation.public_port(), installation.path_of(&mail.survey_url)).0, 200);
}

#[test]
fn a_relay_with_a_certificate_that_nobody_vouches_for_gets_nothing() {
    check_put_off(&Postfix::start_with_tls(&["guests.example"]), "", "TLS: invalid peer certificate");
}

#[test]
fn a_relay_without_starttls_gets_nothing() {
    check_put_off(&Postfix::start(&["guests.example"]), "", "the relay does not offer STARTTLS");
}
