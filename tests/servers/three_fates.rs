//! Three mails that meet three fates: refused at once, taken at the third try, and returned after they were taken. The
//! daemon's clock runs faster than the day, because the third try is due half an hour after the first.

use serde_json::{Value, json};

use crate::{
    haste::hurried,
    http,
    kannel::{self, Kannel},
    postfix::Postfix,
    product::{Installation, MAIL_THEN_TEXT, mail_through, now, texts_through},
    wait,
};

/// How many seconds the daemon lives through in one.
const HASTE: u32 = 100;

#[test]
fn each_of_three_fates_is_told_and_brings_about_what_it_should() {
    let postfix = Postfix::start_bouncing(&[("left.example", "5.1.1 no such guest")], "sole.example");
    let kannel = Kannel::start();
    postfix.set_replies(&[
        ("gone@guests.example", "550 5.1.1 no such guest"),
        ("busy@guests.example", "450 4.2.0 try again later"),
    ]);
    let socket = format!("[email]\nbounce_socket = {:?}\n", postfix.bounce_socket());
    let mail = mail_through(postfix.smtp_port(), "none").replacen("[email]\n", &socket, 1);
    let texts = texts_through(&kannel) + "timeout = { connect = \"60s\", total = \"300s\" }\n";
    let installation = Installation::with(MAIL_THEN_TEXT, &(mail + &texts));
    installation.write("config/kannel.password", kannel::PASSWORD);
    let _daemon = installation.start_by(hurried(&installation, HASTE));
    for (n, (name, domain)) in
        [("gone", "guests.example"), ("busy", "guests.example"), ("left", "left.example")].into_iter().enumerate()
    {
        let contact = json!({ "id": name, "email": format!("{name}@{domain}"), "phone": format!("+491511234500{n}") });
        let event =
            json!({ "id": name, "type": "visit.completed", "at": now(), "branch": "mitte", "contact": contact });
        http::post_json(installation.admin_port(), "/api/v1/events", &event).json();
    }
    wait_for_tries(&installation, 2);
    postfix.set_replies(&[]);
    wait_for_tries(&installation, 3);
    assert_eq!(kannel.wait_for_received(2).len(), 2, "for the one that was refused, and the one that came back");

    let refused = [
        "The email (attempt 1) was refused for good: “550 5.1.1 ",
        "Instead, a text message goes out ",
        "email: no decision recorded; the address is on the suppression list.",
    ];
    check(&installation, "gone", &["refused", "delivered"], &refused);
    let put_off = ["The email was not taken yet, and is due again on ", "Sent by email: “250 2.0.0 "];
    check(&installation, "busy", &["accepted"], &put_off);
    let returned = [
        "Sent by email (attempt 1): “250 2.0.0 ",
        "came back, because nobody is there; the address is not written to again, says a returned mail",
        "Instead, a text message goes out ",
    ];
    check(&installation, "left", &["bounced", "delivered"], &returned);
    check_suppressed(&installation);
}

fn attempts(installation: &Installation, contact: &str) -> Vec<Value> {
    let told = installation.json(&["why", contact]);
    told["invitations"][0]["invitation"]["attempts"].as_array().cloned().unwrap_or_default()
}

/// Waits until the mail that is put off has been tried so often.
fn wait_for_tries(installation: &Installation, n_tries: u64) {
    wait::until(&format!("try {n_tries}"), || {
        let attempts = attempts(installation, "busy");
        let tried = attempts.first().and_then(|attempt| attempt["tries"].as_u64());
        (tried == Some(n_tries) && attempts[0]["outcome"] != "sending").then_some(())
    });
}

#[track_caller]
fn check(installation: &Installation, contact: &str, outcomes: &[&str], words: &[&str]) {
    wait::until(&format!("{outcomes:?} of {contact}"), || {
        let attempts = attempts(installation, contact);
        let found: Vec<_> = attempts.iter().filter_map(|attempt| attempt["outcome"].as_str()).collect();
        (found == outcomes).then_some(())
    });
    let story = installation.ok(&["why", contact]);
    for words in words {
        assert!(story.contains(words), "no {words:?} in\n{story}");
    }
}

fn check_suppressed(installation: &Installation) {
    let listed = installation.json(&["suppressions", "list"]);
    let mut found: Vec<_> =
        listed["rows"].as_array().unwrap().iter().map(|row| (&row["contacts"], &row["reason"])).collect();
    found.sort_by_key(|row| row.0.to_string());
    let (gone, left) = (json!(["gone"]), json!(["left"]));
    assert_eq!(found, [(&gone, &json!("dead")), (&left, &json!("bounced"))], "{listed:#}");
}
