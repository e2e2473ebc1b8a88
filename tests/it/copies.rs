//! Backups, what is made of them, and the room that a store takes, as operations have to do with them.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use super::binary::{Installation, http};

fn installation() -> Installation {
    Installation::asking_at_once()
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

fn n_sent(installation: &Installation) -> usize {
    std::fs::read_dir(installation.path("state/outbox")).map_or(0, Iterator::count)
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn assert_refused(output: &Output, code: i32, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{said}");
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
fn what_a_backup_is_restored_to_sends_nothing_until_somebody_has_seen_what_would_go_out() {
    let (origin, file) = backed_up();
    origin.ok(&["release", "--yes"]);
    let copy = installation();
    let said = copy.ok(&["restore", &file]);
    assert!(said.contains(" records in ") && said.contains("of a backup that canvass "), "{said}");
    assert!(said.ends_with("everything is held; `canvass release` lists what would go out\n"), "{said}");

    let mut daemon = copy.start();
    order(&copy, 4);
    let listed = copy.ok(&["hold", "list"]);
    assert!(listed.starts_with("everything  since ") && listed.ends_with("1 hold\n"), "{listed}");
    let looked = copy.run(&["release", "--format", "csv"]);
    let csv = String::from_utf8(looked.stdout).unwrap();
    assert_eq!(looked.status.code(), Some(1), "nobody said yes");
    let row: Vec<_> = csv.lines().nth(1).unwrap().split(',').collect();
    assert_eq!((row[1], row[2], row[3], row[4], row[5], row[6]), ("now", "text", "mitte", "sms", "3", "0"), "{csv}");
    assert_eq!(n_sent(&copy), 0);
    copy.ok(&["release", "--yes"]);
    for _ in 0..3 {
        daemon.wait_for("accepted");
    }
    assert_eq!(n_sent(&copy), 3);
    assert_eq!(daemon.stop().0, Some(0));
}

#[test]
fn a_file_that_is_no_whole_backup_changes_nothing() {
    let (origin, file) = backed_up();
    let bytes = std::fs::read(&file).unwrap();
    let copy = installation();
    let mut altered = bytes.clone();
    altered[bytes.len() / 2] ^= 1;
    let mut later = bytes.clone();
    let version = bytes.windows(11).position(|there| there == b"\"version\":1").unwrap();
    later[version + 10] = b'2';
    for (bytes, words) in [
        (&bytes[..bytes.len() - 1], "the dump ends after "),
        (&altered, "the dump is damaged after "),
        (&later, "the dump has form 2 and this canvass knows none after 1"),
        (b"PK\x03\x04", "this is no dump of canvass"),
    ] {
        let other = copy.path("other.dump");
        std::fs::write(&other, bytes).unwrap();
        for folder in [&copy, &origin] {
            let refused = folder.run(&["restore", "--force", &other.display().to_string()]);
            assert_refused(&refused, 65, words);
            assert_refused(&refused, 65, "nothing was restored: ");
        }
    }
    assert_eq!(names_in(&copy.path("state")), ["store.lock"], "there was no store before");
    assert!(origin.ok(&["why", "c-3"]).contains("held"), "what was there before still is");
}

#[test]
fn a_store_that_is_in_use_or_not_empty_is_not_replaced_unasked() {
    let (origin, file) = backed_up();
    assert_refused(&origin.run(&["restore", &file]), 1, "--force puts the dump in its place");
    let daemon = origin.start();
    assert_refused(&origin.run(&["restore", "--force", &file]), 69, "is in use");
    order(&origin, 9);
    assert_eq!(daemon.stop().0, Some(0));
    assert!(origin.run(&["why", "c-9"]).status.success());
    origin.ok(&["restore", "--force", &file]);
    assert!(!origin.run(&["why", "c-9"]).status.success(), "it came after the backup");
    // Without a daemon as well, and elsewhere than the configuration says.
    let elsewhere = origin.path("elsewhere").display().to_string();
    let told = origin.ok(&["restore", "--state-dir", &elsewhere, &file, "--format", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["store"], format!("{elsewhere}/store"));
    let again = origin.ok(&["backup", &file, "--format", "json"]);
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["records"], told["records"]);
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
