//! A store that grows, and the daemon on it.

use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    figures::{Compaction, Figures},
    http, port,
    process::{self, Process},
    product::{Installation, MAIL_AT_ONCE, now},
};

/// Events in a request, and requests at once: enough for the daemon to share each flush well.
const BATCH: usize = 200;
const CALLERS: usize = 32;
/// What a daemon does before its memory at work is looked at: takes events in, and tells the stories of contacts that
/// lie all over the store.
const EVENTS_SERVED_MAX: usize = 20_000;
const STORIES_SERVED: usize = 5_000;
/// The longest that a start may take; one without an index of a large store takes long.
const START_MAX: Duration = Duration::from_mins(10);
/// The pause between two looks at a daemon that starts: the finest that is measured.
const LOOK: Duration = Duration::from_millis(5);

/// How long nothing more is given back, until it is at rest, and the pause between two looks.
const REST: Duration = Duration::from_secs(5);
const LOOK_AT_REST: Duration = Duration::from_millis(500);

/// What the kernel says a process holds in memory, in MB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resident {
    pub(crate) now_mb: f64,
    /// The most since it began.
    pub(crate) most_mb: f64,
}

/// An installation of which nothing is ever due.
pub(crate) struct Store {
    installation: Installation,
    n_invitations: usize,
    /// All events are of one instant, so that none comes too late however long this takes.
    at: String,
}

impl Store {
    pub(crate) fn empty() -> Self {
        // Nothing is to be sent meanwhile.
        let journey = MAIL_AT_ONCE.replace("after = \"0s\"", "after = \"7d\"");
        Self { installation: Installation::with(&journey, ""), n_invitations: 0, at: now() }
    }

    /// Grows to this size and measures it. What it grows by while it is at work counts for the next size.
    pub(crate) fn measure_at(&mut self, n_invitations: usize) -> Figures {
        let (daemon, _) = self.start();
        let begun = Instant::now();
        let n_more = n_invitations.saturating_sub(self.n_invitations);
        self.take_in(n_more);
        let filled_per_second = real(n_more) / begun.elapsed().as_secs_f64();
        let filling = resident(&daemon);
        assert_eq!(self.n_planned(), self.n_invitations, "everything is planned and nothing has left");
        daemon.kill();

        let (daemon, start_after_kill_when_filled) = self.start();
        let compaction = self.compact(&daemon);
        stop(daemon);

        let (daemon, start) = self.start();
        let ready = resident(&daemon);
        self.take_in(EVENTS_SERVED_MAX.min(n_invitations / 50));
        self.tell_stories();
        let serving = resident(&daemon);
        daemon.kill();

        let (daemon, start_after_kill) = self.start();
        assert_eq!(self.n_planned(), self.n_invitations, "nothing that was acknowledged is lost");
        stop(daemon);
        Figures {
            n_invitations,
            filled_per_second,
            filling,
            start_after_kill_when_filled,
            compaction,
            start,
            ready,
            serving,
            start_after_kill,
        }
    }

    /// Starts a daemon, and gives how long it took until it was ready.
    fn start(&self) -> (Process, Duration) {
        forget_files();
        let admin = self.installation.admin_port();
        let begun = Instant::now();
        let process = self.installation.begin();
        while !port::is_open(admin) || http::get(admin, "/readyz").0 != 200 {
            assert!(begun.elapsed() < START_MAX, "the daemon is not ready: {}", process.said());
            thread::sleep(LOOK);
        }
        (process, begun.elapsed())
    }

    /// Takes in events of guests who were never seen before. Each becomes an invitation.
    fn take_in(&mut self, n_events: usize) {
        let (first, last) = (self.n_invitations, self.n_invitations + n_events);
        let (next, admin) = (AtomicUsize::new(first), self.installation.admin_port());
        let call = || {
            loop {
                let from = next.fetch_add(BATCH, Ordering::SeqCst);
                if from >= last {
                    break;
                }
                let events: Vec<_> = (from..last.min(from + BATCH)).map(|n| event(n, &self.at)).collect();
                let answers = http::post_json(admin, "/api/v1/events", &Value::Array(events)).json();
                let is_planned = |answer: &Value| answer["decisions"][0]["decision"] == "planned";
                assert!(answers.as_array().unwrap().iter().all(is_planned), "{answers:#}");
            }
        };
        thread::scope(|scope| (0..CALLERS).for_each(|_| drop(scope.spawn(call))));
        self.n_invitations = last;
    }

    fn tell_stories(&self) {
        let admin = self.installation.admin_port();
        for n in 0..STORIES_SERVED {
            // Neighbours are not alike.
            let guest = n * 7_919 % self.n_invitations;
            assert_eq!(http::get(admin, &format!("/api/v1/why/g-{guest}")).0, 200);
        }
    }

    fn n_planned(&self) -> usize {
        self.installation.metric("canvass_queue_depth{lane=\"email\"}").try_into().unwrap()
    }

    fn compact(&self, daemon: &Process) -> Compaction {
        let begun = Instant::now();
        let told = self.installation.json(&["compact"]);
        let took = begun.elapsed();
        let megabytes = |of: &str, name: &str| told[of][name].as_f64().unwrap() / 1e6;
        Compaction {
            took,
            n_records: told["after"]["records"].as_u64().unwrap(),
            raw_mb: megabytes("after", "raw_bytes"),
            before_mb: megabytes("before", "disk_bytes"),
            after_mb: megabytes("after", "disk_bytes"),
            resident: rested(daemon),
        }
    }
}

/// A guest of whom everything is known that a till knows.
fn event(n: usize, at: &str) -> Value {
    let contact = json!({
        "id": format!("g-{n}"), "name": format!("Guest {n}"), "email": format!("guest-{n}@guests.example"),
        "phone": format!("+49151{n:08}"), "locale": "de",
    });
    json!({
        "id": format!("visit-{n}"), "type": "visit.completed", "at": at, "branch": "mitte", "contact": contact,
        "data": { "covers": 2 },
    })
}

fn stop(mut daemon: Process) {
    daemon.signal("TERM");
    assert_eq!(daemon.wait_for_end(), Some(0), "{}", daemon.said());
}

/// Makes sure that a start reads from the disk. Only who may do so can; others measure a start with warm files.
fn forget_files() {
    process::run(&mut Command::new("sync"));
    drop(fs::write("/proc/sys/vm/drop_caches", "3"));
}

/// What it holds when it gives nothing back any more.
fn rested(process: &Process) -> Resident {
    let mut least = resident(process);
    let mut since = Instant::now();
    while since.elapsed() < REST {
        thread::sleep(LOOK_AT_REST);
        let found = resident(process);
        if found.now_mb < least.now_mb - 1.0 {
            (least, since) = (found, Instant::now());
        }
    }
    least
}

fn resident(process: &Process) -> Resident {
    let text = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let megabytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")).unwrap();
        line.parse::<f64>().unwrap() * 1.024e-3
    };
    Resident { now_mb: megabytes("VmRSS:"), most_mb: megabytes("VmHWM:") }
}

/// Exact for every count that a benchmark meets.
fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
