//! Mails that are all due at once, and what became of each: by what the product says, and by what the sink was given.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    http,
    product::{Installation, now},
    sink::Sink,
};

/// Without a daemon, so that all is due when it starts.
pub(crate) fn import_events(installation: &Installation, n_events: usize) {
    let at = now();
    let event = |n: usize| {
        let contact = json!({ "id": format!("guest-{n}"), "email": format!("guest-{n}@guests.example") });
        json!({ "id": format!("visit-{n}"), "type": "visit.completed", "at": at, "contact": contact })
    };
    let lines: Vec<_> = (1..=n_events).map(|n| format!("{}\n", event(n))).collect();
    let file = installation.write("events.jsonl", &lines.concat());
    let said = installation.ok(&["events", "import", file.to_str().unwrap()]);
    assert!(said.contains(&format!("{n_events}  evening/visit: planned")), "{said}");
}

/// The invitations that the list of unknown outcomes names. None of them is due within the next minutes.
pub(crate) fn unknown(installation: &Installation) -> BTreeSet<String> {
    let listed = installation.json(&["unknown", "list"]);
    let rows = listed["rows"].as_array().unwrap();
    let unknown: BTreeSet<_> = rows.iter().map(|row| text(&row["invitation"])).collect();
    assert_eq!(unknown.len(), rows.len(), "{listed:#}");
    assert!(rows.iter().all(|row| row["state"] == "waiting"), "{listed:#}");
    unknown
}

/// Every invitation, with the outcome of its only attempt.
pub(crate) fn outcomes(installation: &Installation) -> BTreeMap<String, String> {
    let mut outcomes = BTreeMap::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/invitations?limit=1000{after}");
        let page: Value = serde_json::from_str(&http::get(installation.admin_port(), &path).1).unwrap();
        for invitation in page["rows"].as_array().unwrap() {
            let attempts = invitation["attempts"].as_array().unwrap();
            assert_eq!(attempts.len(), 1, "{invitation:#}");
            outcomes.insert(text(&invitation["id"]), text(&attempts[0]["outcome"]));
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return outcomes,
        }
    }
}

/// How often each invitation's mail has arrived whole.
pub(crate) fn arrived(sink: &Sink) -> BTreeMap<String, usize> {
    let mut arrived = BTreeMap::new();
    for message in sink.messages() {
        let message = String::from_utf8(message).unwrap();
        let id = message.lines().find_map(|line| line.strip_prefix("Message-ID: <")).unwrap();
        // The id is made of the invitation, the number of the attempt and a domain.
        let (invitation, _) = id.split_once(".1@").unwrap();
        *arrived.entry(invitation.to_owned()).or_default() += 1;
    }
    arrived
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
