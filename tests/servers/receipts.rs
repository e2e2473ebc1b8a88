//! What Kannel reports of the text messages that it took.

use serde_json::json;

use crate::{
    http,
    kannel::{self, Kannel},
    product::{Installation, TEXT_AT_ONCE, now, texts_through},
    wait,
};

/// Kannel reports twice: that the message centre has the message, and that the telephone has it.
#[test]
fn both_receipts_of_kannel_are_heard_also_when_they_come_while_nobody_listens() {
    let mut kannel = Kannel::start();
    let installation =
        Installation::with(TEXT_AT_ONCE, &("[email]\ntransport = \"file\"\n".to_owned() + &texts_through(&kannel)));
    installation.write("config/kannel.password", kannel::PASSWORD);
    let daemon = installation.start();
    ask(&installation, 1);
    wait_for_receipts(&installation);
    check_delivered(&installation, 1);

    // Without a connection to the message centre Kannel keeps the message.
    kannel.disconnect_phone();
    ask(&installation, 2);
    let sent = "canvass_invitations_total{channel=\"sms\",outcome=\"accepted\"}";
    wait::until("the second text at Kannel", || (installation.metric(sent) == 2).then_some(()));
    assert_eq!(daemon.stop(), Some(0));
    kannel.reconnect_phone();
    kannel.wait_for_received(2);
    let _daemon = installation.start();
    wait_for_receipts(&installation);
    check_delivered(&installation, 2);
}

fn ask(installation: &Installation, n: usize) {
    let contact = json!({ "id": format!("guest-{n}"), "phone": format!("+4915112345{n:03}") });
    let event =
        json!({ "id": n.to_string(), "type": "visit.completed", "at": now(), "branch": "mitte", "contact": contact });
    http::post_json(installation.admin_port(), "/api/v1/events", &event).json();
}

/// Waits until this run of the daemon has heard both receipts of one message.
#[track_caller]
fn wait_for_receipts(installation: &Installation) {
    let n =
        |what: &str| installation.metric(&format!("canvass_sms_reports_total{{gateway=\"kannel\",what=\"{what}\"}}"));
    wait::until("both receipts", || (n("nothing") == 1 && n("receipt") == 1).then_some(()));
    assert_eq!(n("unreadable"), 0);
}

#[track_caller]
fn check_delivered(installation: &Installation, n: usize) {
    let told = installation.json(&["why", &format!("guest-{n}")]);
    let outcomes: Vec<_> = told["invitations"][0]["invitation"]["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["delivered"], "{told:#}");
}
