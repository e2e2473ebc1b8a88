//! An installation that loses its power again and again while it sends by both channels.
//!
//! The instants are drawn over the whole run: some right after a start, while the store is being opened and what was on
//! its way is being put in order, the others after so many messages. Between the kills nothing is waited for.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    account::Account,
    arrivals::{Manners, Servers},
    http,
    product::{Daemon, Installation, MAIL_THEN_TEXT, mail_through, now},
    wait,
};

/// Messages of a channel on their way at once.
const CONNECTIONS: usize = 16;
/// The longest time from a start to a kill. Servers that hang may let nothing through.
const LIFE_MAX: Duration = Duration::from_millis(1_500);
/// One kill of so many comes right after the start, within [`START`].
const AT_START: f64 = 0.25;
/// How long a start may take.
const START: Duration = Duration::from_millis(250);
/// From the message that was waited for to the kill, at most.
const DRIFT: Duration = Duration::from_millis(20);
/// How long servers that misbehave are waited for.
const FINISH_MAX: Duration = Duration::from_secs(4);
/// Messages that an operator sends again with one request.
const RETRIES: usize = 1_000;
/// The pause between two looks at the servers.
const LOOK: Duration = Duration::from_millis(2);

/// What an installation goes through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ordeal {
    /// Decides when the power is cut and, as far as the order of messages allows, what servers say.
    pub(crate) seed: u64,
    pub(crate) n_kills: usize,
    /// Half of them go by mail, half by text message.
    pub(crate) n_invitations: usize,
    pub(crate) manners: Manners,
}

/// An installation in which all invitations are due, and its servers.
pub(crate) struct Prepared {
    pub(crate) installation: Installation,
    pub(crate) servers: Servers,
    /// The ids of the invitations, as the import has told them.
    pub(crate) planned: BTreeSet<String>,
    manners: Manners,
}

impl Ordeal {
    /// Goes through it, lets everything finish, and accounts for every invitation.
    pub(crate) fn run(self) -> Account {
        let prepared = self.prepare();
        let mut chance = StdRng::seed_from_u64(self.seed);
        for n_left in (0..self.n_kills).rev() {
            self.live_and_be_killed(&prepared, n_left, &mut chance);
        }
        prepared.finish(self.n_kills).1
    }

    /// Imports the events without a daemon.
    pub(crate) fn prepare(self) -> Prepared {
        let servers = Servers::start(self.manners, self.seed);
        let settings = mail_through(servers.smtp_port(), "none")
            + &format!("connections = {CONNECTIONS}\ntimeouts = {{ command = \"1s\", after_dot = \"1s\" }}\n")
            + &servers.gateway().settings(CONNECTIONS)
            + "timeout = \"2s\"\n";
        let installation = Installation::with(MAIL_THEN_TEXT, &settings);
        installation.write("config/local.token", "secret");
        let at = now();
        let mut lines = String::new();
        for n in 0..self.n_invitations {
            writeln!(lines, "{}", event(n, &at)).unwrap();
        }
        let file = installation.write("events.jsonl", &lines);
        let said = installation.ok(&["--format", "json", "events", "import", file.to_str().unwrap()]);
        let planned = said.lines().map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            let invitation = answer["decisions"][0]["invitation"].as_str();
            invitation.unwrap_or_else(|| panic!("not planned: {line}")).to_owned()
        });
        let planned: BTreeSet<_> = planned.collect();
        assert_eq!(planned.len(), self.n_invitations);
        Prepared { installation, servers, planned, manners: self.manners }
    }

    fn live_and_be_killed(self, prepared: &Prepared, n_left: usize, chance: &mut StdRng) {
        let Prepared { installation, servers, .. } = prepared;
        let mut up_to = |most: Duration| chance.random_range(Duration::ZERO..=most);
        let (at_start, drift) = (up_to(START), up_to(DRIFT));
        if chance.random_bool(AT_START) {
            let daemon = installation.begin();
            thread::sleep(at_start);
            return daemon.kill();
        }
        let n_arrived = || if n_left.is_multiple_of(2) { servers.n_mails() } else { servers.n_texts() };
        let (n_before, n_of_channel) = (n_arrived(), self.n_invitations / 2);
        // So that there is something to do for those that are still to come.
        let share = n_of_channel.saturating_sub(n_before) / (n_left + 1);
        let wanted = n_before + chance.random_range(0..=2 * share);
        let (daemon, begun) = (installation.begin(), Instant::now());
        while n_arrived() < wanted && begun.elapsed() < LIFE_MAX {
            thread::sleep(LOOK);
        }
        thread::sleep(drift);
        daemon.kill();
    }
}

impl Prepared {
    /// Lets what is due be sent, sends mails of unknown outcome once more, and accounts for every invitation. The daemon
    /// still runs.
    pub(crate) fn finish(&self, n_kills: usize) -> (Daemon, Account) {
        let daemon = self.installation.start();
        self.wait_until_nothing_moves();
        self.retry_unknown_mails();
        self.wait_until_nothing_moves();
        let account = Account::of(self, n_kills);
        (daemon, account)
    }

    /// Their own retries come after minutes. A text message is not sent again, because then it would come twice.
    fn retry_unknown_mails(&self) {
        let listed = self.installation.json(&["unknown", "list"]);
        let mut mails = listed["rows"].as_array().unwrap().clone();
        mails.retain(|row| row["channel"] == "email" && row["outcome"] == "unknown");
        for mails in mails.chunks(RETRIES) {
            let ids: Vec<_> = mails.iter().map(|row| &row["invitation"]).collect();
            let request = json!({ "invitations": ids, "by": "the test" });
            http::post_json(self.installation.admin_port(), "/api/v1/unknown/retry", &request).json();
        }
    }

    /// What is left then waits for its time: for a retry, or for a server that is being left alone. Where servers put
    /// messages off there is always one whose time comes, so after a while it is enough.
    fn wait_until_nothing_moves(&self) {
        let depth = |lane: &str| self.installation.metric(&format!("canvass_queue_depth{{lane=\"{lane}\"}}"));
        let depths = || ["leased", "email", "sms"].map(depth);
        let begun = Instant::now();
        let mut last = (depths(), begun);
        let is_enough = || self.manners != Manners::WellBehaved && begun.elapsed() > FINISH_MAX;
        wait::until("a queue that rests", || {
            let now = depths();
            if now != last.0 {
                last = (now, Instant::now());
            }
            (now[0] == 0 && last.1.elapsed() > LIFE_MAX || is_enough()).then_some(())
        });
    }
}

/// Every other guest has an address for mail, and half of those a telephone beside it.
fn event(n: usize, at: &str) -> Value {
    let (email, phone) = (format!("guest-{n}@d{}.example", n % 20), format!("+49151{n:08}"));
    let contact = match n % 4 {
        0 => json!({ "id": format!("g-{n}"), "email": email, "phone": phone }),
        2 => json!({ "id": format!("g-{n}"), "email": email }),
        _ => json!({ "id": format!("g-{n}"), "phone": phone }),
    };
    json!({ "id": format!("visit-{n}"), "type": "visit.completed", "at": at, "contact": contact })
}
