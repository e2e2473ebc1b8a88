//! How long after its due instant a message is at the relay.
//!
//! The due instant stands in the address, so the relay can tell by itself how late a mail is.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    mail::{self, domain_of},
    meter,
    product::{MAIL_AT_ONCE, present},
    scene::Scene,
    servers::relay::{Answer, Asked, Relay},
};

/// Mails due in a second, evenly.
const PER_SECOND: usize = 100;
const CONNECTIONS: usize = 32;
/// What 99 of 100 mails must be below.
const P99_MAX: Duration = Duration::from_millis(100);
/// From the planning to the first due instant: the daemon must be up by then.
const LEAD: TimeDelta = TimeDelta::seconds(20);
/// Events that an import manages in a second at the very least.
const IMPORTED_PER_SECOND: usize = 500;

/// Lets a steady stream fall due, and tells how late each mail was. Gives what is worse than it must be.
pub(crate) fn run(n_seconds: usize, out: &mut impl Write) -> io::Result<Option<String>> {
    let n_messages = n_seconds * PER_SECOND;
    let lates = Arc::<Mutex<Vec<Duration>>>::default();
    let relay = relay(Arc::clone(&lates));
    let settings = mail::settings(relay.port(), CONNECTIONS);
    let import = TimeDelta::seconds(i64::try_from(n_messages / IMPORTED_PER_SECOND).unwrap());
    let start = present() + LEAD + import;
    let due = |n: usize| start + TimeDelta::milliseconds(i64::try_from(n * 1_000 / PER_SECOND).unwrap());
    let scene = Scene::prepare(MAIL_AT_ONCE, &settings, (0..n_messages).map(|n| event(n, due(n))));
    let daemon = scene.start();
    let n_arrived = || u64::try_from(lock(&lates).len()).unwrap();
    let pause = Duration::from_millis(100);
    let cpu = || meter::cpu(daemon.id());
    let moved = meter::watch((0, pause), n_arrived, cpu, || n_arrived() >= u64::try_from(n_messages).unwrap());
    let cpu = cpu().saturating_sub(moved.at_first);

    let mut lates = lock(&lates).clone();
    lates.sort();
    let [p50, p90, p99, most] = [0.5, 0.9, 0.99, 1.0].map(|share| millis(at(&lates, share)));
    writeln!(out, "\ndue to sent: {PER_SECOND} mails a second for {n_seconds} s, {CONNECTIONS} connections")?;
    writeln!(out, "{:>10}{:>10}{:>10}{:>10}{:>18}", "p50 ms", "p90 ms", "p99 ms", "max ms", "CPU us a mail")?;
    let cpu = cpu.as_secs_f64() * 1e6 / crate::figures::real(n_messages);
    writeln!(out, "{p50:>10.1}{p90:>10.1}{p99:>10.1}{most:>10.1}{cpu:>18.0}")?;
    writeln!(out, "must: p99 below {:.0} ms", millis(P99_MAX))?;
    out.flush()?;
    Ok((p99 >= millis(P99_MAX)).then(|| format!("due to sent: p99 is {p99:.1} ms")))
}

fn event(n: usize, due: DateTime<Utc>) -> Value {
    let email = format!("due-{}-{n}@d{}.example", due.timestamp_millis(), domain_of(n));
    let contact = json!({ "id": format!("g-{n}"), "name": format!("Guest {n}"), "email": email });
    let at = due.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({ "id": format!("visit-{n}"), "type": "visit.completed", "at": at, "contact": contact })
}

/// A relay that notes how late each mail is whole.
fn relay(lates: Arc<Mutex<Vec<Duration>>>) -> Relay {
    Relay::start(move |asked| {
        if let Asked::Mail { to, .. } = asked {
            let due = to.split('-').nth(1).unwrap().parse().unwrap();
            let late = present() - DateTime::from_timestamp_millis(due).unwrap();
            lock(&lates).push(late.to_std().expect("nothing leaves before it is due"));
        }
        Answer::Taken
    })
}

fn lock(lates: &Mutex<Vec<Duration>>) -> std::sync::MutexGuard<'_, Vec<Duration>> {
    lates.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The smallest that this share of them does not exceed.
fn at(sorted: &[Duration], share: f64) -> Duration {
    let place = sorted
        .iter()
        .enumerate()
        .position(|(n, _)| crate::figures::real(n + 1) >= share * crate::figures::real(sorted.len()));
    place.and_then(|place| sorted.get(place)).copied().unwrap_or_default()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
