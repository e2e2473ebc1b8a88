//! A power cut and a stop in the middle of sending: nothing is lost, and nothing is sent twice but what is said to be
//! unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    http,
    product::{Daemon, Installation, MAIL_AT_ONCE, check_counts, mail_through, now},
    sink::Sink,
    wait,
};

const INVITATIONS: usize = 2_000;
/// The daemon is killed when so many mails have begun to arrive.
const KILLED_AT: [usize; 3] = [200, 1_000, 1_800];
/// Messages on their way at once.
const CONNECTIONS: usize = 16;

#[test]
fn a_kill_loses_no_invitation_and_doubles_none_that_is_not_listed() {
    let (sink, installation) = begin();
    for n_arrived in KILLED_AT {
        start_and_wait(&installation, &sink, n_arrived).kill();
        assert!(sink.n_begun() < INVITATIONS, "all mails had left before the daemon was killed");
    }
    let n_unknown = finish(&sink, &installation);
    assert!((1..=KILLED_AT.len() * CONNECTIONS).contains(&n_unknown), "{n_unknown} are unknown");
}

#[test]
fn a_stop_lets_finish_what_is_on_its_way() {
    let (sink, installation) = begin();
    assert_eq!(start_and_wait(&installation, &sink, INVITATIONS / 2).stop(), Some(0));
    assert!(sink.n_begun() < INVITATIONS, "all mails had left before the daemon was stopped");
    assert_eq!(finish(&sink, &installation), 0);
}

/// A relay and an installation in which all invitations are due.
fn begin() -> (Sink, Installation) {
    let sink = Sink::start(&[]);
    let settings = mail_through(sink.smtp_port(), "none") + &format!("connections = {CONNECTIONS}\n");
    let installation = Installation::with(MAIL_AT_ONCE, &settings);
    import_events(&installation, INVITATIONS);
    (sink, installation)
}

fn start_and_wait(installation: &Installation, sink: &Sink, n_arrived: usize) -> Daemon {
    let daemon = installation.start();
    wait::until(&format!("{n_arrived} mails at the sink"), || (n_arrived <= sink.n_begun()).then_some(()));
    daemon
}

/// Sends the rest and accounts for every invitation. Gives how many are listed as unknown.
fn finish(sink: &Sink, installation: &Installation) -> usize {
    let _daemon = installation.start();
    installation.wait_until_drained(|| unknown(installation).len().try_into().unwrap());
    let unknown = unknown(installation);
    let (outcomes, arrived) = (outcomes(installation), arrived(sink));
    assert_eq!(outcomes.len(), INVITATIONS);
    for (invitation, outcome) in &outcomes {
        let (n_arrived, is_listed) = (arrived.get(invitation).copied().unwrap_or(0), unknown.contains(invitation));
        let expected = if is_listed { ("unknown", n_arrived.min(2)) } else { ("accepted", 1) };
        assert_eq!((outcome.as_str(), n_arrived), expected, "{invitation}");
    }
    assert!(arrived.keys().all(|invitation| outcomes.contains_key(invitation)), "a mail of nobody's");
    let (n, n_unknown) = (u64::try_from(INVITATIONS).unwrap(), u64::try_from(unknown.len()).unwrap());
    let delivered = n - n_unknown;
    let counts = [("cases", n), ("delivered", delivered), ("no_response", delivered), ("unknown", n_unknown)];
    check_counts(installation.rates().total(), &counts);
    unknown.len()
}

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
