//! What operators do when something went wrong, as they do it.

use std::io::Read;
use std::net::TcpListener;

use serde_json::{Value, json};

use super::binary::{Installation, http};

/// Sends text messages through a gateway that takes what it gets, and never answers.
fn with_silent_gateway() -> (Installation, TcpListener) {
    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    let installation = Installation::asking_at_once();
    let overlay = format!(
        "[sms]\ntransport = \"gateway\"\ngateway = \"silent\"\n[sms.gateways.silent]\npreset = \"kannel\"\nurl = \"http://{}/\"\nusername = \"a\"\npassword_file = \"silent.password\"\nfrom = \"SOLE\"\n",
        gateway.local_addr().unwrap()
    );
    installation.write("config/canvass.d/60-sms.toml", &overlay);
    installation.write("config/silent.password", "secret\n");
    (installation, gateway)
}

/// The daemon's own time, as its answers are dated.
fn time_of(installation: &Installation) -> String {
    let (_, head, _) = http(installation.admin, "GET", "/healthz", None);
    let date = head.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
    chrono::DateTime::parse_from_rfc2822(date).unwrap().to_rfc3339()
}

fn order(installation: &Installation, n: u32) -> String {
    let contact = json!({ "id": format!("c-{n}"), "phone": format!("+4915112345{n:03}") });
    ask(installation, n, &contact)["invitation"].as_str().unwrap().to_owned()
}

/// What is decided about this contact, now.
fn ask(installation: &Installation, n: u32, contact: &Value) -> Value {
    let event = json!({
        "id": format!("e-{n}"), "type": "text.now", "at": time_of(installation), "branch": "mitte", "contact": contact,
    });
    let (_, _, decided) =
        http(installation.admin, "POST", "/api/v1/events", Some(("application/json", &event.to_string())));
    let decided: Value = serde_json::from_str(&decided).unwrap();
    decided["decisions"][0].clone()
}

/// Two text messages that were on their way when the daemon was killed.
fn two_unknown() -> (Installation, [String; 2]) {
    let (installation, gateway) = with_silent_gateway();
    let daemon = installation.start();
    let ids = [1, 2].map(|n| {
        let id = order(&installation, n);
        let (mut connection, _) = gateway.accept().unwrap();
        assert!(connection.read(&mut [0; 64]).unwrap() > 0, "the request has left");
        // The daemon is to find it open until it dies.
        std::mem::forget(connection);
        id
    });
    daemon.kill();
    assert_eq!(installation.start().stop().0, Some(0), "a start finds what was on its way");
    (installation, ids)
}

#[test]
fn messages_of_unknown_outcome_are_listed_settled_and_sent_again() {
    let (installation, [first, second]) = two_unknown();
    let listed = installation.ok(&["unknown", "list", "--open"]);
    assert!(listed.contains(&format!("{first}  attempt 1 by sms, now unknown: waits for you")), "{listed}");
    assert!(listed.ends_with("2 messages are of unknown outcome\n"), "{listed}");
    let csv = installation.ok(&["unknown", "list", "--channel", "sms", "--format", "csv"]);
    assert!(csv.starts_with("invitation,attempt,journey,stage,branch,channel,outcome,"), "{csv}");
    assert_eq!(csv.lines().count(), 3, "{csv}");

    let settled = installation.ok(&["unknown", "settle", &first, "--as", "accepted"]);
    assert_eq!(settled, format!("{first} is settled as accepted; it is now asked\n"));
    let again = installation.run(&["unknown", "settle", &first, "--as", "refused"]);
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8(again.stderr).unwrap();
    assert_eq!(said, format!("canvass: {first}: no message of it is of unknown outcome\n"));

    let again = installation.ok(&["unknown", "retry", "--all"]);
    assert!(again.contains(&format!("{second}  goes once more, due ")), "{again}");
    assert!(again.ends_with("1 message goes once more, 0 left as before\n"), "{again}");
    let left = installation.run(&["unknown", "retry", &first, "--format", "json"]);
    assert_eq!(left.status.code(), Some(1), "part of it was not done");
    let left: Value = serde_json::from_slice(&left.stdout).unwrap();
    assert_eq!(left["rows"][0]["reason"], "nothing_unknown");
}

#[test]
fn those_who_were_skipped_are_asked_when_the_reason_is_gone() {
    let installation = Installation::asking_at_once();
    let daemon = installation.start();
    for n in 1..=2 {
        assert_eq!(ask(&installation, n, &json!({ "id": format!("c-{n}") }))["reason"], "no_address");
    }
    installation.write("guests.csv", "id,phone\nc-1,+4915112345001\n");
    installation.ok(&["contacts", "import", "guests.csv"]);
    let rehearsed = installation.ok(&["retry", "--state", "skipped", "--journey", "now", "--since", "1h", "--dry-run"]);
    let left_out = "       1  now/text: left out, because there is no address for a channel of the line-up\n";
    let again = "       1  now/text: asked again\n";
    let sum = "1 invitation would be asked again, 1 left out; nothing was changed\n";
    assert_eq!(rehearsed, format!("{again}{left_out}{sum}"));
    let done = installation.ok(&["retry", "--state", "skipped"]);
    assert_eq!(done, format!("{again}{left_out}1 invitation asked again, 1 left out\n"));
    assert_eq!(daemon.stop().0, Some(0));
}

#[test]
fn what_is_held_survives_a_restart_and_leaves_when_somebody_says_yes() {
    let installation = Installation::asking_at_once();
    let daemon = installation.start();
    let held = installation.ok(&["hold", "--journey", "now", "--reason", "the texts are wrong"]);
    assert!(held.ends_with(": all messages of journey now\n"), "{held}");
    order(&installation, 1);
    daemon.kill();
    let mut daemon = installation.start();
    order(&installation, 2);
    let listed = installation.ok(&["hold", "list"]);
    assert!(
        listed.starts_with("all messages of journey now  since ") && listed.contains(": the texts are wrong\n1 hold\n")
    );
    let csv = installation.ok(&["hold", "list", "--format", "csv"]);
    assert!(csv.starts_with("scope,journey,stage,branch,channel,since,kind,reason,by\n"), "{csv}");

    let looked = installation.run(&["release", "--journey", "now"]);
    let said = String::from_utf8(looked.stdout).unwrap();
    assert_eq!(looked.status.code(), Some(1), "{said}");
    assert!(said.contains("         2  now/text at mitte by sms, from "), "{said}");
    assert!(
        said.contains(
            " on\n2 messages would go out as they come due, 0 would be dropped as too late; the first is of "
        )
    );
    assert!(
        !installation.path("state/outbox").exists()
            || std::fs::read_dir(installation.path("state/outbox")).unwrap().count() == 0
    );

    let wrong = installation.run(&["release", "--yes"]);
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said.contains("there is no hold on everything; held are: all messages of journey now"), "{said}");
    let released = installation.ok(&["release", "--all", "--yes"]);
    assert_eq!(released, "released: all messages of journey now\n1 hold released\n");
    for _ in 0..2 {
        daemon.wait_for("accepted");
    }
    assert_eq!(daemon.stop().0, Some(0));
}

#[test]
fn the_status_is_told_by_a_daemon_and_by_a_store_that_none_serves() {
    let installation = Installation::asking_at_once();
    let stopped = installation.ok(&["status"]);
    assert!(stopped.starts_with("canvass ") && stopped.contains(" does not run, store "), "{stopped}");
    assert!(stopped.contains("\n! no daemon runs, so nothing is sent\n"), "{stopped}");
    let mut daemon = installation.start();
    order(&installation, 1);
    daemon.wait_for("accepted");
    let status: Value = serde_json::from_str(&installation.ok(&["status", "--format", "json"])).unwrap();
    assert_eq!((&status["daemon"]["running"], &status["alarms"]), (&json!(true), &json!([])));
    assert!(status["store"]["bytes"].as_u64() > Some(0), "{status}");
    let sent = status["rates"].as_array().unwrap().iter().find(|rate| rate["channel"] == "sms").unwrap();
    assert_eq!((&sent["minutes"], &sent["sent"]), (&json!(1), &json!(1.0)));
    let table = installation.ok(&["status"]);
    assert!(table.contains(" runs since ") && table.contains("; nothing is wrong\n\n"), "{table}");
    assert!(table.contains("\nsms sent"), "{table}");
    let csv = installation.ok(&["status", "--format", "csv"]);
    assert!(csv.starts_with("channel,due,") && csv.contains("\nsms,0,false,"), "{csv}");
    assert_eq!(daemon.stop().0, Some(0));
}

#[test]
fn a_command_that_is_not_understood_ends_with_64_and_says_what_is_missing() {
    let installation = Installation::shipped();
    for (arguments, words) in [
        (vec!["release", "--all", "--journey", "now"], "cannot be used with"),
        (vec!["retry"], "--state"),
        (vec!["retry", "--state", "lost"], "undelivered"),
        (vec!["unknown", "retry"], "<ID>"),
        (vec!["unknown", "settle", "inv_x"], "--as"),
        (vec!["unknown", "retry", "inv_x", "--channel", "sms"], "--channel goes with --all"),
    ] {
        let output = installation.run(&arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {said}");
        assert!(said.contains(words), "{said}");
    }
}
