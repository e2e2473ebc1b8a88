//! A backup that is taken in the middle of everything, and the daemon that is started on what it is restored to.
//!
//! What is in the backup is one instant of the store, and the daemon elsewhere, which finds thousands of messages due,
//! sends none of them before somebody has seen what would go out and said yes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::{Value, json};

use crate::{
    http,
    mail::Mail,
    mails::{arrived, import_events, unknown},
    product::{Installation, MAIL_AT_ONCE, mail_through, now},
    sink::Sink,
    wait,
};

const SENDS: usize = 3_000;
/// Mails that have begun to arrive when the backup is taken.
const BACKUP_AT: usize = 300;
const CONNECTIONS: usize = 8;

fn installation(sink: &Sink) -> Installation {
    let settings = mail_through(sink.smtp_port(), "none") + &format!("connections = {CONNECTIONS}\n");
    Installation::with(MAIL_AT_ONCE, &settings)
}

/// Reports events, one after the other, until it is over. Gives how many there were.
fn report(installation: &Installation, over: &AtomicBool) -> usize {
    let mut n = 0;
    while !over.load(Ordering::SeqCst) {
        assert_eq!(post_event(installation, &late(n)), 202);
        n += 1;
    }
    n
}

fn late(n: usize) -> String {
    format!("late-{n}")
}

fn post_event(installation: &Installation, id: &str) -> u16 {
    let contact = json!({ "id": format!("of-{id}"), "email": format!("{id}@guests.example") });
    let event = json!({ "id": id, "type": "visit.completed", "at": now(), "contact": contact });
    http::post_json(installation.admin_port(), "/api/v1/events", &event).status
}

fn is_known(installation: &Installation, event: &str) -> bool {
    http::get(installation.admin_port(), &format!("/api/v1/events/{event}")).0 == 200
}

/// Every invitation, with what became of its last attempt; of most there was none yet.
fn last_outcomes(installation: &Installation) -> BTreeMap<String, Option<String>> {
    let (mut outcomes, mut after) = (BTreeMap::new(), String::new());
    loop {
        let path = format!("/api/v1/invitations?limit=1000{after}");
        let page: Value = serde_json::from_str(&http::get(installation.admin_port(), &path).1).unwrap();
        for invitation in page["rows"].as_array().unwrap() {
            let last = invitation["attempts"].as_array().unwrap().last();
            let outcome = last.map(|attempt| attempt["outcome"].as_str().unwrap().to_owned());
            outcomes.insert(invitation["id"].as_str().unwrap().to_owned(), outcome);
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return outcomes,
        }
    }
}

/// What `canvass release` says would go out, when nobody says that it may.
fn outlook(installation: &Installation) -> Vec<Value> {
    let looked = installation.run(&["release", "--format", "json"]);
    let said = String::from_utf8_lossy(&looked.stderr);
    assert!(looked.status.code() == Some(1) && said.contains("nothing was released"), "{said}");
    let answer: Value = serde_json::from_slice(&looked.stdout).unwrap();
    answer["rows"].as_array().unwrap().clone()
}

/// Takes a backup of the daemon while it sends and while events come in. Gives the file, and how many events were taken
/// before it was begun and by the time that it was over.
fn back_up_under_load(origin: &Installation, sink: &Sink) -> (String, [usize; 2]) {
    let (over, file) = (AtomicBool::new(false), origin.path("nightly.dump").display().to_string());
    wait::until("the first mails", || (BACKUP_AT <= sink.n_begun()).then_some(()));
    let counts = thread::scope(|scope| {
        let reporter = scope.spawn(|| report(origin, &over));
        wait::until("an event", || is_known(origin, &late(9)).then_some(()));
        let said = origin.run(&["backup", &file]);
        over.store(true, Ordering::SeqCst);
        let n_reported = reporter.join().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        [9, n_reported]
    });
    assert!(sink.n_begun() < SENDS, "everything had left before the backup was over");
    (file, counts)
}

/// The events in the copy are those that came first, to an instant that lies in the backup.
fn check_events(copy: &Installation, [n_before, n_reported]: [usize; 2]) {
    let known: Vec<_> = (0..n_reported).map(|n| is_known(copy, &late(n))).collect();
    let n_known = known.iter().take_while(|is_known| **is_known).count();
    assert!(n_known >= n_before, "{n_known} of {n_reported} events, {n_before} of them before the backup was begun");
    assert!(known[n_known..].iter().all(|is_known| !is_known), "the first {n_known} events, and later ones");
}

#[test]
fn what_a_backup_under_load_is_restored_to_sends_nothing_until_somebody_says_yes() {
    let (sink, other_sink) = (Sink::start(&[]), Sink::start(&[]));
    let origin = installation(&sink);
    import_events(&origin, SENDS);
    let _daemon = origin.start();
    let (file, counts) = back_up_under_load(&origin, &sink);

    let copy = installation(&other_sink);
    let said = copy.ok(&["restore", &file]);
    assert!(said.ends_with("everything is held; `canvass release` lists what would go out\n"), "{said}");
    let daemon = copy.start();
    check_events(&copy, counts);
    assert_eq!(post_event(&copy, "afterwards"), 202, "it takes what comes");
    // While the one goes on to the end, the other has all the time in the world.
    origin.wait_until_drained(|| 0);
    let sent_by_origin = arrived(&sink);
    assert_eq!(sent_by_origin.len(), SENDS + counts[1]);
    assert_eq!(other_sink.n_begun(), 0, "something was sent by itself");

    let listed = copy.ok(&["hold", "list"]);
    assert!(listed.starts_with("everything  since ") && listed.ends_with(": restored\n1 hold\n"), "{listed}");
    let in_backup = last_outcomes(&copy);
    let is_accepted = |outcome: &Option<String>| outcome.as_deref() == Some("accepted");
    let (accepted, waiting): (BTreeMap<_, _>, BTreeMap<_, _>) =
        in_backup.into_iter().partition(|(_, outcome)| is_accepted(outcome));
    assert!(accepted.len() >= BACKUP_AT / 2, "only {} mails had left by the time of the backup", accepted.len());
    assert!(accepted.keys().all(|id| sent_by_origin.contains_key(id)), "what the backup says has left, has left");
    let would_go = outlook(&copy);
    let n: u64 = would_go.iter().map(|row| row["n"].as_u64().unwrap()).sum();
    assert_eq!(n, waiting.len() as u64, "{would_go:#?}");
    for row in &would_go {
        assert_eq!([&row["journey"], &row["stage"], &row["channel"]], ["evening", "visit", "email"]);
        assert!(row["oldest"].is_string() && row["n_too_late"] == 0, "{row}");
    }
    assert_eq!(other_sink.n_begun(), 0, "a look has sent something");
    // Links that the one has sent out lead to the other as well.
    let mail = sink.messages().into_iter().map(|mail| Mail::read(&mail));
    let mail =
        mail.into_iter().find(|mail| accepted.contains_key(mail.message_id.split_once(".1@").unwrap().0)).unwrap();
    assert_eq!(http::get(copy.public_port(), origin.path_of(&mail.survey_url)).0, 200);

    copy.ok(&["release", "--yes"]);
    let unknown_here = unknown(&copy);
    copy.wait_until_drained(|| unknown_here.len().try_into().unwrap());
    let expected: BTreeSet<_> = waiting.into_keys().filter(|id| !unknown_here.contains(id)).collect();
    let arrived = arrived(&other_sink);
    assert!(arrived.values().all(|n| *n == 1), "a mail arrived twice");
    assert_eq!(arrived.into_keys().collect::<BTreeSet<_>>(), expected);
    assert_eq!(daemon.stop(), Some(0));
}
