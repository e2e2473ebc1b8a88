//! Mails that came back into a mailbox, which a real Dovecot gives out.

use std::fs;

use serde_json::json;

use crate::{
    dovecot::{Dovecot, PASSWORD},
    http,
    mail::Mail,
    postfix::Postfix,
    product::{Installation, MAIL_AT_ONCE, mail_through, now},
    wait,
};

/// An installation that has asked these guests by mail and looks into the mailbox. Gives the addresses that their mails
/// come back to.
fn asked(dovecot: &Dovecot, guests: &[&str], then: &str) -> (Installation, Vec<String>) {
    let postfix = Postfix::start(&["guests.example"]);
    let mailbox = format!(
        "[email.bounce_mailbox]\nhost = \"127.0.0.1\"\nport = {}\nca_file = \"dovecot.pem\"\nusername = \"bounces\"\n\
         password_file = \"dovecot.password\"\nevery = \"10s\"\nthen = \"{then}\"\n",
        dovecot.port()
    );
    let installation = Installation::with(MAIL_AT_ONCE, &(mail_through(postfix.smtp_port(), "none") + &mailbox));
    fs::copy(dovecot.certificate(), installation.path("config/dovecot.pem")).unwrap();
    installation.write("config/dovecot.password", PASSWORD);
    let daemon = installation.start();
    for name in guests {
        let contact = json!({ "id": name, "email": format!("{name}@guests.example") });
        let event =
            json!({ "id": name, "type": "visit.completed", "at": now(), "branch": "mitte", "contact": contact });
        http::post_json(installation.admin_port(), "/api/v1/events", &event).json();
    }
    let mails = postfix.wait_for_messages(guests.len());
    installation.wait_until_drained(|| 0);
    assert_eq!(daemon.stop(), Some(0));
    let senders = mails.iter().map(|mail| (Mail::read(mail).to, return_path(mail)));
    let sender_of = |name: &&str| {
        let address = format!("{name}@guests.example");
        senders.clone().find(|(to, _)| *to == address).unwrap().1
    };
    (installation, guests.iter().map(sender_of).collect())
}

fn return_path(mail: &[u8]) -> String {
    let mail = String::from_utf8_lossy(mail);
    let line = mail.lines().find_map(|line| line.strip_prefix("Return-Path: <")).unwrap();
    line.strip_suffix('>').unwrap().to_owned()
}

/// What a mail server makes of a mail to nobody.
fn report(came_back_to: &str, status: &str) -> String {
    format!(
        "Return-Path: <>\r\nDelivered-To: {came_back_to}\r\nFrom: MAILER-DAEMON@relay.example\r\n\
         To: {came_back_to}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n\
         Final-Recipient: rfc822; guest@guests.example\r\nAction: failed\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 {status} sorry\r\n\r\n--b--\r\n"
    )
}

/// What `canvass why` says of the mail to a guest.
fn outcome(installation: &Installation, name: &str) -> &'static str {
    let story = installation.ok(&["why", name]);
    let known = ["because nobody is there", "did not get through"];
    known.into_iter().find(|words| story.contains(words)).unwrap_or_else(|| panic!("{story}"))
}

#[test]
fn mails_are_taken_one_by_one_whatever_is_between_them_and_then_they_are_gone() {
    let dovecot = Dovecot::start();
    let (installation, senders) = asked(&dovecot, &["anna", "bert"], "delete");
    dovecot.put("1.a.host", report(&senders[0], "5.1.1").as_bytes());
    dovecot.put("2.b.host", b"\0\xff\xfe no mail at all");
    dovecot.put("3.c.host", b"");
    dovecot.put("4.d.host", format!("{}{}", report(&senders[1], "5.2.2"), "x".repeat(3 << 20)).as_bytes());
    let daemon = installation.start();
    wait::until("an empty mailbox", || (dovecot.n_mails(None) == 0).then_some(()));
    assert_eq!(outcome(&installation, "anna"), "because nobody is there", "{}", daemon.log());
    assert_eq!(outcome(&installation, "bert"), "did not get through", "{}", daemon.log());
    assert_eq!(installation.metric("canvass_bounce_mailbox_readable"), 1);
    assert_eq!(fs::read_dir(installation.path("state/unreadable")).unwrap().count(), 2);
    assert!(installation.ok(&["status"]).contains("nothing is wrong"));
    assert!(!daemon.log().contains("guests.example"), "{}", daemon.log());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn mails_that_were_taken_go_to_another_folder_or_are_marked() {
    let dovecot = Dovecot::start();
    let (installation, senders) = asked(&dovecot, &["anna"], "move:Done");
    dovecot.put("1.a.host", report(&senders[0], "5.1.1").as_bytes());
    let daemon = installation.start();
    wait::until("a mail in the other folder", || (dovecot.n_mails(Some("Done")) == 1).then_some(()));
    wait::until("an empty mailbox", || (dovecot.n_mails(None) == 0).then_some(()));
    assert_eq!(outcome(&installation, "anna"), "because nobody is there", "{}", dovecot.log());
    drop(daemon);

    let settings = fs::read_to_string(installation.path("config/canvass.d/60-settings.toml")).unwrap();
    installation.write("config/canvass.d/60-settings.toml", &settings.replace("move:Done", "seen"));
    dovecot.put("2.b.host", report(&senders[0], "5.1.1").as_bytes());
    let daemon = installation.start();
    let taken = "mails taken from the bounce mailbox: 1";
    wait::until("a mail that is taken once more", || (daemon.log().matches(taken).count() == 2).then_some(()));
    assert_eq!(dovecot.n_mails(None), 1);
    drop(daemon);
    let daemon = installation.start();
    wait::until("another visit", || (dovecot.log().matches("Logged out").count() >= 3).then_some(()));
    assert_eq!(daemon.log().matches(taken).count(), 2, "what is marked is not looked at again");
}

#[test]
fn a_wrong_password_is_told_and_stops_nothing_else() {
    let dovecot = Dovecot::start();
    let (installation, _) = asked(&dovecot, &["anna"], "delete");
    installation.write("config/dovecot.password", "hush-8");
    let daemon = installation.start();
    let why = "the bounce mailbox cannot be read: its server does not let the user in";
    wait::until("a line in the log", || daemon.log().contains(why).then_some(()));
    let status = installation.ok(&["status"]);
    assert!(status.contains("! the bounce mailbox cannot be read since "), "{status}");
    assert!(status.contains("user or password may be wrong (1 visit failed)"), "{status}");
    assert!(!daemon.log().contains("hush-"), "{}", daemon.log());
    assert_eq!(http::get(installation.admin_port(), "/readyz").0, 200);

    installation.write("config/dovecot.password", PASSWORD);
    daemon.signal("HUP");
    wait::until("a visit that goes well", || {
        (installation.metric("canvass_bounce_mailbox_readable") == 1).then_some(())
    });
    assert!(installation.ok(&["status"]).contains("nothing is wrong"));
    assert_eq!(daemon.stop(), Some(0));
}
