//! Mails that the relay took, and then could not deliver.

use serde_json::json;

use crate::{
    http,
    kannel::{self, Kannel},
    postfix::Postfix,
    product::{Installation, MAIL_THEN_TEXT, mail_through, now, texts_through},
};

#[test]
fn what_came_back_by_lmtp_is_told_for_what_it_is_and_a_text_message_follows() {
    let reasons = [("gone.example", "5.1.1 no such guest"), ("full.example", "5.2.2 mailbox full")];
    let (postfix, kannel) = (Postfix::start_bouncing(&reasons, "sole.example"), Kannel::start());
    let socket = format!("[email]\nbounce_socket = {:?}\n", postfix.bounce_socket());
    let mail = mail_through(postfix.smtp_port(), "none").replacen("[email]\n", &socket, 1);
    let installation = Installation::with(MAIL_THEN_TEXT, &(mail + &texts_through(&kannel)));
    installation.write("config/kannel.password", kannel::PASSWORD);
    let _daemon = installation.start();
    for (n, name) in ["gone", "full"].into_iter().enumerate() {
        let contact =
            json!({ "id": name, "email": format!("guest@{name}.example"), "phone": format!("+491511234500{n}") });
        let event =
            json!({ "id": name, "type": "visit.completed", "at": now(), "branch": "mitte", "contact": contact });
        http::post_json(installation.admin_port(), "/api/v1/events", &event).json();
    }
    assert_eq!(kannel.wait_for_received(2).len(), 2, "each is written to by the other way");

    for (name, came_back) in [
        ("gone", "came back, because nobody is there; the address is not written to again, says a returned mail"),
        ("full", "did not get through, says a returned mail"),
    ] {
        let story = installation.ok(&["why", name]);
        for words in ["Sent by email (attempt 1): “250 ", came_back, "Instead, a text message goes out "] {
            assert!(story.contains(words), "{words} is not in\n{story}");
        }
    }
    let listed = installation.json(&["suppressions", "list"]);
    let rows = listed["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{listed}");
    assert_eq!((&rows[0]["reason"], &rows[0]["contacts"]), (&json!("bounced"), &json!(["gone"])));
}
