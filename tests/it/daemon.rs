//! The daemon at work, with messages going to files: an event becomes a mail, an answer and a figure.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::binary::{Daemon, Installation, http};

/// A journey that asks at once and at any hour.
const AT_ONCE: &str = r#"
[journey]
id = "now"
title = "Asks at once"

[[stage]]
id = "mail"
survey = "visit"
on = { event = "mail.now" }
line_up = [{ channel = "email" }]
"#;

fn installation() -> Installation {
    let installation = Installation::shipped();
    installation.write("config/journeys/now.toml", AT_ONCE);
    installation
}

fn event(n: u32, at: &str) -> String {
    json!({
        "id": format!("e-{n}"), "type": "mail.now", "at": at,
        "contact": { "id": format!("c-{n}"), "name": "A. Guest", "email": format!("guest{n}@guests.example") },
        "branch": "mitte",
    })
    .to_string()
}

/// The daemon's own time, as its answers are dated.
fn time_of(installation: &Installation) -> String {
    let (_, head, _) = http(installation.admin, "GET", "/healthz", None);
    let date = head.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
    chrono::DateTime::parse_from_rfc2822(date).unwrap().to_rfc3339()
}

fn post_event(installation: &Installation, n: u32) -> Value {
    let body = event(n, &time_of(installation));
    let (status, _, body) =
        http(installation.admin, "POST", "/api/v1/events", Some(("application/json", body.as_str())));
    assert_eq!(status, 202, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn mails(installation: &Installation) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(installation.path("state/outbox")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "eml")).collect()
}

fn survey_link(mail: &PathBuf) -> String {
    let raw = std::fs::read(mail).unwrap();
    let parsed = mail_parser::MessageParser::default().parse(&raw).unwrap();
    let text = parsed.body_text(0).unwrap().into_owned();
    let link = text.lines().map(str::trim).find(|line| line.starts_with("http") && line.contains("/s/")).unwrap();
    format!("/s/{}", link.split_once("/s/").unwrap().1)
}

fn email_row(installation: &Installation) -> Value {
    let report: Value =
        serde_json::from_str(&installation.ok(&["report", "rates", "--by", "channel", "--format", "json"])).unwrap();
    report["rows"].as_array().unwrap().iter().find(|row| row["channel"] == "email").cloned().unwrap_or(Value::Null)
}

fn wait_until_sent(daemon: &mut Daemon) {
    let line = daemon.wait_for("accepted");
    assert!(!line.contains("guests.example"), "an address in the log: {line}");
}

#[test]
fn an_event_becomes_a_mail_an_answer_and_a_figure() {
    let installation = installation();
    let mut daemon = installation.start();
    let decided = post_event(&installation, 1);
    assert_eq!(decided["decisions"][0]["decision"], "planned", "{decided}");
    assert_eq!(post_event(&installation, 1), decided, "the same event again is answered the same");
    wait_until_sent(&mut daemon);
    let mail = mails(&installation).pop().unwrap();
    let link = survey_link(&mail);

    let (status, head, page) = http(installation.public, "GET", &format!("{link}?overall=2"), None);
    assert_eq!(status, 200);
    assert!(head.to_lowercase().contains("content-security-policy: default-src 'none'"), "{head}");
    assert!(page.contains("value=\"2\" checked") || page.contains("checked value=\"2\""), "{page}");
    assert_eq!(email_row(&installation)["complete"], 0, "a GET answered");

    let form = ("application/x-www-form-urlencoded", "overall=5");
    assert_eq!(http(installation.public, "POST", &link, Some(form)).0, 303);
    assert_eq!(http(installation.public, "POST", &link, Some(form)).0, 303);
    let row = email_row(&installation);
    assert_eq!([&row["cases"], &row["complete"]], [1, 1], "{row}");

    let told = installation.ok(&["why", "c-1"]);
    assert!(
        told.contains("Sent by email") && told.contains("Answered in full through the link in the email"),
        "{told}"
    );
    let (code, said) = daemon.stop();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn after_a_restart_nothing_is_sent_twice() {
    let installation = installation();
    let mut daemon = installation.start();
    for n in 1..=5 {
        post_event(&installation, n);
        wait_until_sent(&mut daemon);
    }
    assert_eq!(daemon.stop().0, Some(0));
    assert_eq!(mails(&installation).len(), 5);
    let mut daemon = installation.start();
    post_event(&installation, 6);
    wait_until_sent(&mut daemon);
    let (_, said) = daemon.stop();
    assert_eq!(said.lines().filter(|line| line.contains("accepted")).count(), 1, "{said}");
    assert_eq!(mails(&installation).len(), 6);
}

#[test]
fn a_killed_daemon_starts_again_with_everything_it_acknowledged() {
    let installation = installation();
    let mut daemon = installation.start();
    post_event(&installation, 1);
    wait_until_sent(&mut daemon);
    let decided = post_event(&installation, 2);
    daemon.kill();
    let daemon = installation.start();
    assert_eq!(post_event(&installation, 2), decided);
    assert_eq!(daemon.stop().0, Some(0));
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused_with_the_reason() {
    let installation = installation();
    let daemon = installation.start();
    let second = installation.run(&["run"]);
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(69), "{said}");
    assert!(said.contains("in use") && said.contains("is a canvass daemon running?"), "{said}");
    assert_eq!(daemon.stop().0, Some(0));
}

#[test]
fn a_store_of_a_later_canvass_is_refused_by_every_command_and_left_alone() {
    let installation = installation();
    installation.ok(&["unknown", "list"]);
    let store = installation.path("state/store");
    // Version 1 of the note: layout 99, and no step under way.
    let note = [1, 99, 0];
    sled::open(&store).unwrap().insert(b"mlayout", note.as_slice()).unwrap();
    for command in [&["run"][..], &["unknown", "list"]] {
        let output = installation.run(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(65), "{said}");
        assert!(said.contains("has layout 99") && said.contains("a later canvass"), "{said}");
    }
    assert_eq!(sled::open(&store).unwrap().get(b"mlayout").unwrap().unwrap(), note);
}

#[test]
fn a_bad_reload_keeps_the_configuration_that_runs() {
    let installation = installation();
    let mut daemon = installation.start();
    let bad = installation.write("config/journeys/bad.toml", "[journey]\nid = \"bad\"\nno_such_key = 1\n");
    daemon.signal("HUP");
    daemon.wait_for("reload refused");
    assert_eq!(http(installation.admin, "GET", "/readyz", None).0, 200);
    std::fs::remove_file(bad).unwrap();
    daemon.signal("HUP");
    daemon.wait_for("serving with the new configuration");
    assert_eq!(daemon.stop().0, Some(0));
}

#[test]
fn commands_do_the_same_with_and_without_a_daemon() {
    let installation = installation();
    let csv =
        "id,name,email,consent_email\nc-1,Ada,ada@guests.example,no\nc-2,Bo,bo@guests\nc-3,Cleo,cleo@guests.example,\n";
    installation.write("guests.csv", csv);
    let output = installation.run(&["contacts", "import", "guests.csv"]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(out.contains("3 rows: 2 created, 0 updated, 0 unchanged, 1 refused"), "{out}");
    assert!(err.contains("row 3: 3 columns where the header has 4"), "{err}");
    let daemon = installation.start();
    installation.write("guests.csv", "id;consent_email\nc-1;yes\nc-3;yes\n");
    let said = installation.ok(&["contacts", "import", "guests.csv", "--dry-run"]);
    assert!(said.contains("~ c-3 consent_email") && !said.contains("c-1"), "{said}");
    let said = installation.ok(&["contacts", "import", "guests.csv"]);
    assert!(said.contains("2 rows: 0 created, 1 updated, 1 unchanged, 0 refused"), "{said}");
    assert_eq!(daemon.stop().0, Some(0));
    assert!(installation.ok(&["why", "c-1"]).contains("email: said no"));
    assert_eq!(installation.run(&["why", "nobody"]).status.code(), Some(1));
}

#[test]
fn new_state_folders_are_private_and_old_ones_keep_their_mode() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let installation = installation();
    installation.ok(&["unknown", "list"]);
    assert_eq!([mode(installation.path("state")), mode(installation.path("state/store"))], [0o700, 0o700]);
    std::fs::set_permissions(installation.path("state"), std::fs::Permissions::from_mode(0o750)).unwrap();
    installation.ok(&["unknown", "list"]);
    assert_eq!(mode(installation.path("state")), 0o750);
}
