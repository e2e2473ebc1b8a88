//! A disk that fills up in the middle of everything: mails leaving, answers and events coming in.
//!
//! What was acknowledged is there afterwards, what was not is refused with the reason, and the daemon goes on by itself
//! when there is room.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use serde_json::{Value, json};

use crate::{
    http,
    mail::Mail,
    mails::{arrived, import_events, outcomes, unknown},
    product::{Installation, MAIL_AT_ONCE, mail_through, now},
    sink::Sink,
    small_disk::SmallDisk,
    wait,
};

const SENDS: usize = 10_000;
const ANSWERS: usize = 1_000;
const EVENTS: usize = 300;
/// Mails that have begun to arrive when the disk fills up.
const FULL_AT: usize = 2_000;
const CONNECTIONS: usize = 16;
const DISK_MB: u32 = 192;

/// A relay, an installation on a small disk, and what its callers were told.
struct Scene {
    sink: Sink,
    installation: Installation,
    // After the installation's daemon, before its folder.
    disk: SmallDisk,
    /// Requests that were refused because the store was read-only.
    n_refused: AtomicUsize,
    /// Says that the disk is full, for which callers wait with half of what they have.
    full: AtomicBool,
    /// Says that callers are to go home.
    over: AtomicBool,
}

/// Sends callers home when a test fails, which waits for them.
struct SendHome<'a>(&'a AtomicBool);

impl Drop for SendHome<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

/// What callers were told that it is done.
#[derive(Default)]
struct Acknowledged {
    /// The rating that each invitation was answered with.
    answers: BTreeMap<String, u64>,
    events: BTreeSet<String>,
}

impl Scene {
    fn set() -> Self {
        let sink = Sink::start(&[]);
        let settings = mail_through(sink.smtp_port(), "none") + &format!("connections = {CONNECTIONS}\n");
        let installation = Installation::with(MAIL_AT_ONCE, &settings);
        let disk = SmallDisk::mount(installation.path("state"), DISK_MB);
        import_events(&installation, SENDS);
        let (full, over) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { sink, installation, disk, n_refused: AtomicUsize::new(0), full, over }
    }

    /// Customers answer and tills report, each until it is done or over, while `act` goes on.
    fn with_callers(&self, act: impl FnOnce()) -> Acknowledged {
        thread::scope(|scope| {
            let answers = scope.spawn(|| self.answer());
            let events = scope.spawn(|| self.report());
            let _at_the_worst = SendHome(&self.over);
            act();
            Acknowledged { answers: answers.join().unwrap(), events: events.join().unwrap() }
        })
    }

    /// Answers the first mails that arrive, one after the other, each until the answer is taken.
    fn answer(&self) -> BTreeMap<String, u64> {
        let mut answered = BTreeMap::new();
        while answered.len() < ANSWERS && !self.is_over() {
            for mail in self.sink.messages() {
                let mail = Mail::read(&mail);
                let (invitation, _) = mail.message_id.split_once(".1@").unwrap();
                if answered.contains_key(invitation) || answered.len() == ANSWERS {
                    continue;
                }
                self.keep_half(answered.len(), ANSWERS);
                let rating = answered.len() as u64 % 5 + 1;
                let path = self.installation.path_of(&mail.survey_url);
                let form = [("overall", rating.to_string())];
                let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
                let port = self.installation.public_port();
                if self.insist(303, || http::post_form(port, path, &form)) {
                    answered.insert(invitation.to_owned(), rating);
                }
            }
        }
        answered
    }

    /// Reports events, one after the other, each until it is taken.
    fn report(&self) -> BTreeSet<String> {
        let mut reported = BTreeSet::new();
        for n in 0..EVENTS {
            self.keep_half(n, EVENTS);
            let contact = json!({ "id": format!("late-{n}"), "email": format!("late-{n}@guests.example") });
            let id = format!("late-visit-{n}");
            let event = json!({ "id": id, "type": "visit.completed", "at": now(), "contact": contact });
            if self.insist(202, || http::post_json(self.installation.admin_port(), "/api/v1/events", &event)) {
                reported.insert(id);
            }
        }
        reported
    }

    /// Whoever has done half waits for the full disk: how fast mails leave beside them differs from machine to machine.
    fn keep_half(&self, n_done: usize, n: usize) {
        if n_done == n / 2 {
            let is_time = || self.full.load(Ordering::SeqCst) || self.is_over();
            wait::until("a full disk", || is_time().then_some(()));
        }
    }

    /// Asks again and again until it is done, and gives whether it ever was. Nothing but a full disk may stand in the way.
    fn insist(&self, done: u16, ask: impl Fn() -> http::Reply) -> bool {
        while !self.is_over() {
            let reply = ask();
            if reply.status == done {
                return true;
            }
            assert_eq!(reply.status, 503, "{}\n{}", reply.head, reply.body);
            self.n_refused.fetch_add(1, Ordering::SeqCst);
        }
        false
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn wait_for(&self, readiness: u16) {
        let port = self.installation.admin_port();
        wait::until(&format!("readiness {readiness}"), || (http::get(port, "/readyz").0 == readiness).then_some(()));
    }

    /// Fills the disk in the middle of everything, and sees how that is borne.
    fn fill(&self) {
        wait::until("the first mails", || (FULL_AT <= self.sink.n_begun()).then_some(()));
        self.disk.fill();
        self.wait_for(503);
        self.full.store(true, Ordering::SeqCst);
        let n_before = self.n_refused.load(Ordering::SeqCst);
        wait::until("refusals", || (n_before + 10 <= self.n_refused.load(Ordering::SeqCst)).then_some(()));
    }

    /// Everything that was acknowledged is there.
    fn check(&self, acknowledged: &Acknowledged) {
        let port = self.installation.admin_port();
        let responses = self.every("/api/v1/responses");
        let stored: BTreeMap<_, _> =
            responses.iter().map(|response| (response["origin"]["invitation"].as_str().unwrap(), response)).collect();
        for (invitation, rating) in &acknowledged.answers {
            let response = stored.get(invitation.as_str()).unwrap_or_else(|| panic!("no answer to {invitation}"));
            assert_eq!(response["answers"]["overall"], json!(rating), "{response:#}");
        }
        for event in &acknowledged.events {
            assert_eq!(http::get(port, &format!("/api/v1/events/{event}")).0, 200, "{event}");
        }
        let outcomes = outcomes(&self.installation);
        assert!(outcomes.len() >= SENDS + acknowledged.events.len(), "{} invitations", outcomes.len());
        let (unknown, arrived) = (unknown(&self.installation), arrived(&self.sink));
        for (invitation, outcome) in &outcomes {
            let (n_arrived, is_listed) = (arrived.get(invitation).copied().unwrap_or(0), unknown.contains(invitation));
            let expected = if is_listed { ("unknown", n_arrived.min(2)) } else { ("accepted", 1) };
            assert_eq!((outcome.as_str(), n_arrived), expected, "{invitation}");
        }
    }

    /// All rows of a listing.
    fn every(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let page = http::get(self.installation.admin_port(), &format!("{path}?limit=1000{after}")).1;
            let page: Value = serde_json::from_str(&page).unwrap();
            rows.extend(page["rows"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return rows,
            }
        }
    }
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged_and_all_goes_on_when_there_is_room() {
    let scene = Scene::set();
    let daemon = scene.installation.start();
    let admin = scene.installation.admin_port();
    let acknowledged = scene.with_callers(|| {
        scene.fill();
        let (status, problem) = http::get(admin, "/readyz");
        assert!(status == 503 && problem.contains("there is no room on its disk"), "{problem}");
        assert_eq!(scene.installation.metric("canvass_store_writable"), 0);
        let n_known = scene.every("/api/v1/invitations").len();
        assert!(n_known >= SENDS, "only {n_known} invitations can be read");
        scene.disk.make_room();
        scene.wait_for(200);
    });
    assert_eq!((acknowledged.answers.len(), acknowledged.events.len()), (ANSWERS, EVENTS));
    scene.installation.wait_until_drained(|| unknown(&scene.installation).len().try_into().unwrap());
    assert_eq!(unknown(&scene.installation), BTreeSet::new(), "nobody was killed, so everything is known");
    scene.check(&acknowledged);
    let log = daemon.log();
    let [stopped, went_on] =
        ["the store turns read-only", "the store takes changes again"].map(|it| log.matches(it).count());
    assert!(stopped == went_on && stopped > 0, "read-only {stopped} times, writable again {went_on} times:\n{log}");
    assert_eq!(daemon.stop(), Some(0));
    let _daemon = scene.installation.start();
    scene.check(&acknowledged);
}

#[test]
fn a_daemon_that_is_killed_on_a_full_disk_has_lost_nothing_that_it_acknowledged() {
    let scene = Scene::set();
    let mut daemon = Some(scene.installation.start());
    let acknowledged = scene.with_callers(|| {
        scene.fill();
        scene.over.store(true, Ordering::SeqCst);
    });
    daemon.take().unwrap().kill();
    scene.disk.make_room();
    let _daemon = scene.installation.start();
    scene.installation.wait_until_drained(|| unknown(&scene.installation).len().try_into().unwrap());
    scene.check(&acknowledged);
}
