//! Mail: canvass beside `smtp-source`, into the same relay.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    figures::{Comparison, Musts, Run, real},
    meter,
    process::Process,
    product::{MAIL_AT_ONCE, mail_through, now},
    scene::Scene,
    servers::{postfix::Postfix, sink::Sink},
    smtp_source, wait,
};

/// Sessions with Postfix. More gain nothing: it has a process for each, and they share the machine.
const POSTFIX_SESSIONS: usize = 8;
const DOMAINS: usize = 500;

/// A mail that is as long as `smtp-source`'s: the shipped one carries the looks of old programs and is longer by half.
pub(crate) const TEMPLATE: &str = include_str!("mail.html");

/// Gives each message of `smtp-source` a recipient of its own, as ours have: Postfix remembers the last one.
const DISTINCT: &[&str] = &["-N"];

/// Who takes the mail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Relay {
    /// `smtp-sink`, which forgets it at once.
    Sink { connections: usize },
    /// Postfix, which writes it into its queue and then throws it away.
    Postfix,
}

/// Whom it is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Recipients {
    OneDomain,
    /// Few domains have many recipients, and many have few.
    ManyDomains,
}

/// Both clients in turns.
pub(crate) fn compare(relay: Relay, recipients: Recipients, n_messages: usize, n_rounds: usize) -> Comparison {
    match relay {
        Relay::Sink { connections } => into_sink(connections, recipients, n_messages, n_rounds),
        Relay::Postfix => into_postfix(recipients, n_messages, n_rounds),
    }
}

fn into_sink(connections: usize, recipients: Recipients, n_messages: usize, n_rounds: usize) -> Comparison {
    let sink = Sink::start_forgetful();
    let scene = scene(sink.smtp_port(), connections, recipients, n_messages);
    let round = |_| {
        let reference = sized(&sink, || smtp_source::run(&[], sink.smtp_port(), connections, n_messages));
        (sized(&sink, || sent_to_sink(&scene, &sink)), reference)
    };
    Comparison {
        name: format!("mail, {connections} connections to smtp-sink, {}", recipients.name()),
        reference: smtp_source::name(&[], connections),
        rounds: (0..n_rounds).map(round).collect(),
        musts: match connections {
            1 => Musts { rate_min: 0.5, cpu_max: None },
            _ => Musts { rate_min: 0.4, cpu_max: Some(3.0) },
        },
    }
}

fn into_postfix(recipients: Recipients, n_messages: usize, n_rounds: usize) -> Comparison {
    let postfix = Postfix::start_discarding();
    let scene = scene(postfix.smtp_port(), POSTFIX_SESSIONS, recipients, n_messages);
    // What is still in the queue would take its share of the next run.
    let settle = || wait::until("an empty queue", || (postfix.n_queued() == 0).then_some(()));
    let round = |_| {
        let reference = smtp_source::run(DISTINCT, postfix.smtp_port(), POSTFIX_SESSIONS, n_messages);
        settle();
        let ours = sent_to_postfix(&scene);
        settle();
        (ours, reference)
    };
    Comparison {
        name: format!("mail, {POSTFIX_SESSIONS} connections to Postfix, {}", recipients.name()),
        reference: smtp_source::name(DISTINCT, POSTFIX_SESSIONS),
        rounds: (0..n_rounds).map(round).collect(),
        musts: Musts { rate_min: 0.9, cpu_max: None },
    }
}

fn scene(port: u16, connections: usize, recipients: Recipients, n_messages: usize) -> Scene {
    let settings = settings(port, connections);
    let at = now();
    Scene::prepare(MAIL_AT_ONCE, &settings, (0..n_messages).map(|n| recipients.event(n, &at)))
}

/// Settings for mails of the right size through a relay on this machine.
pub(crate) fn settings(port: u16, connections: usize) -> String {
    let template = "[daemon]\ntemplates = \"templates\"\n".to_owned();
    template + &mail_through(port, "none") + &format!("connections = {connections}\n")
}

impl Recipients {
    fn name(self) -> String {
        match self {
            Self::OneDomain => "one domain".to_owned(),
            Self::ManyDomains => format!("{DOMAINS} domains"),
        }
    }

    /// The event that asks the n-th of them.
    pub(crate) fn event(self, n: usize, at: &str) -> Value {
        let domain = match self {
            Self::OneDomain => "guests.example".to_owned(),
            Self::ManyDomains => format!("d{}.example", domain_of(n)),
        };
        let contact =
            json!({ "id": format!("g-{n}"), "name": format!("Guest {n}"), "email": format!("guest-{n}@{domain}") });
        json!({ "id": format!("visit-{n}"), "type": "visit.completed", "at": at, "contact": contact })
    }
}

/// The domain of the n-th recipient: about as many have the first as the second and third together, and so on, by
/// Zipf's law. Neighbours are not alike.
pub(crate) fn domain_of(n: usize) -> usize {
    // The fractional parts of multiples of the golden ratio fill the interval evenly.
    let fraction = (real(n) * 0.618_033_988_749_895).fract();
    let total: f64 = (1..=DOMAINS).map(|rank| 1.0 / real(rank)).sum();
    let mut left = fraction * total;
    (1..DOMAINS)
        .find(|rank| {
            left -= 1.0 / real(*rank);
            left < 0.0
        })
        .unwrap_or(DOMAINS)
}

/// Adds what the sink has read of each message.
fn sized(sink: &Sink, run: impl FnOnce() -> Run) -> Run {
    let before = meter::n_bytes_read(sink.id());
    let run = run();
    let n_bytes = usize::try_from(meter::n_bytes_read(sink.id()) - before).unwrap();
    Run { n_bytes_each: Some(real(n_bytes) / real(run.n_messages)), ..run }
}

/// Time is taken by what the sink reads, so that nobody has to be asked.
fn sent_to_sink(scene: &Scene, sink: &Sink) -> Run {
    let n_wanted = u64::try_from(scene.n_messages).unwrap();
    let still = meter::n_bytes_read(sink.id());
    let daemon = scene.start();
    let moved = meter::watch(
        (still, Duration::from_millis(2)),
        || meter::n_bytes_read(sink.id()),
        || meter::cpu(daemon.id()),
        || scene.n_accepted("email") == n_wanted,
    );
    run(&daemon, scene.n_messages, &moved)
}

/// Postfix has many processes, so time is taken by the daemon's log, which says each reply as soon as it is there.
fn sent_to_postfix(scene: &Scene) -> Run {
    let n_wanted = u64::try_from(scene.n_messages).unwrap();
    let mut log = scene.follow("email");
    let daemon = scene.start();
    let moved = meter::watch(
        (0, Duration::from_millis(5)),
        || log.n_accepted(),
        || meter::cpu(daemon.id()),
        || scene.n_accepted("email") == n_wanted,
    );
    let n_watched = usize::try_from(moved.last.1 - moved.first.1).unwrap();
    run(&daemon, n_watched, &moved)
}

/// What the daemon did from the first message to the last.
pub(crate) fn run(daemon: &Process, n_messages: usize, moved: &meter::Moved<Duration>) -> Run {
    Run {
        n_messages,
        took: moved.last.0 - moved.first.0,
        cpu: meter::cpu(daemon.id()).saturating_sub(moved.at_first),
        resident_mb: Some(meter::resident_mb(daemon.id())),
        n_bytes_each: None,
    }
}
