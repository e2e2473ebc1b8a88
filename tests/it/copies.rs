//! Backups, what is made of them, and the room that a store takes, as operations have to do with them.

use serde_json::{Value, json};

use super::binary::{Installation, http};

/// Sends text messages at once and at any hour, into the outbox.
const AT_ONCE: &str = r#"
[journey]
id = "now"
title = "Asks at once"

[[stage]]
id = "text"
survey = "delivery"
on = { event = "text.now" }
line_up = [{ channel = "sms" }]
"#;

fn installation() -> Installation {
    let installation = Installation::shipped();
    installation.write("config/journeys/now.toml", AT_ONCE);
    installation
}

/// Something for which somebody is asked at once.
fn order(installation: &Installation, n: u32) {
    let (_, head, _) = http(installation.admin, "GET", "/healthz", None);
    let date = head.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
    let event = json!({
        "id": format!("e-{n}"), "type": "text.now", "at": chrono::DateTime::parse_from_rfc2822(date).unwrap().to_rfc3339(),
        "branch": "mitte", "contact": { "id": format!("c-{n}"), "phone": format!("+4915112345{n:03}") },
    });
    let (status, _, answer) =
        http(installation.admin, "POST", "/api/v1/events", Some(("application/json", &event.to_string())));
    assert_eq!(status, 202, "{answer}");
}

/// Three messages of which one has left, in a backup that was taken while the daemon ran.
fn backed_up() -> (Installation, String) {
    let installation = installation();
    let mut daemon = installation.start();
    order(&installation, 1);
    daemon.wait_for("accepted");
    installation.ok(&["hold"]);
    order(&installation, 2);
    order(&installation, 3);
    let file = installation.path("nightly.dump").display().to_string();
    let said = installation.ok(&["backup", &file]);
    assert!(said.ends_with(&format!(" records in {file}\n")), "{said}");
    daemon.kill();
    (installation, file)
}

#[test]
fn a_store_is_compacted_with_and_without_a_daemon() {
    let (installation, _) = backed_up();
    let said = installation.ok(&["compact"]);
    assert!(said.contains(" MB now: ") && said.ends_with(" MB of its records\n"), "{said}");
    let daemon = installation.start();
    let told: Value = serde_json::from_str(&installation.ok(&["compact", "--format", "json"])).unwrap();
    let (disk, raw) = (&told["after"]["disk_bytes"], &told["after"]["raw_bytes"]);
    assert!(disk.as_f64().unwrap() > raw.as_f64().unwrap() && raw.as_f64().unwrap() > 0.0, "{told}");
    let (_, _, sizes) = http(installation.admin, "GET", "/api/v1/store", None);
    let sizes: Value = serde_json::from_str(&sizes).unwrap();
    assert_eq!((&sizes["raw_bytes"], &sizes["read_only"]), (raw, &Value::Null));
    order(&installation, 9);
    daemon.kill();
    for n in [1, 2, 3, 9] {
        installation.ok(&["why", &format!("c-{n}")]);
    }
}
