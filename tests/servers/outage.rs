//! A domain that takes nothing for an hour, and a gateway that is dead for as long: nobody else waits for them, and
//! afterwards everything arrives.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    gateway::{self, Gateway},
    haste::hurried,
    http, port,
    product::{Installation, MAIL_THEN_TEXT, mail_through, now},
    relay::{Answer, Asked, Relay},
    wait,
};

/// How many seconds the daemon lives through in one: an hour in a minute.
const HASTE: u32 = 60;
const OUTAGE: Duration = Duration::from_mins(1);
/// How long others are watched without an outage, to compare.
const PEACE: Duration = Duration::from_secs(20);
/// The pause between two guests of other domains.
const PAUSE: Duration = Duration::from_millis(40);
/// Guests whom nothing reaches during the outage: of each kind.
const STRANDED: usize = 200;
/// Mail to it is put off during the outage.
const SLOW_DOMAIN: &str = "@slow.example";

/// When mails came, by their recipients.
type Arrivals = Arc<Mutex<BTreeMap<String, Vec<Instant>>>>;

#[test]
fn an_hour_of_outage_delays_nobody_else_and_then_everything_arrives() {
    let (arrivals, is_out) = (Arrivals::default(), Arc::new(AtomicBool::new(false)));
    let relay = relay(&arrivals, &is_out);
    let gateway_port = port::free();
    let settings = mail_through(relay.port(), "none") + &gateway::settings(gateway_port, 8);
    let installation = Installation::with(MAIL_THEN_TEXT, &settings);
    installation.write("config/local.token", "secret");
    let _daemon = installation.start_by(hurried(&installation, HASTE));

    let before = watch(&installation, &arrivals, ("before", PEACE));
    is_out.store(true, Ordering::SeqCst);
    for n in 0..STRANDED {
        tell(&installation, &format!("slow-{n}"), &json!({ "email": format!("slow-{n}{SLOW_DOMAIN}") }));
        tell(&installation, &format!("text-{n}"), &json!({ "phone": format!("+4915112{n:06}") }));
    }
    let during = watch(&installation, &arrivals, ("during", OUTAGE));
    assert!(
        during <= before * 2 + Duration::from_millis(20),
        "99 of 100 came within {during:?}, and {before:?} before"
    );
    assert!(arrivals.lock().unwrap().keys().all(|to| !to.ends_with(SLOW_DOMAIN)));

    is_out.store(false, Ordering::SeqCst);
    let texts = Arc::<Mutex<Vec<String>>>::default();
    let taken = Arc::clone(&texts);
    let _gateway = Gateway::start_at(gateway_port, move |body| {
        taken.lock().unwrap().push(body.to_owned());
        gateway::Answer::Taken
    });
    installation.wait_until_drained(|| 0);
    let arrivals = arrivals.lock().unwrap();
    assert_eq!(arrivals.keys().filter(|to| to.ends_with(SLOW_DOMAIN)).count(), STRANDED);
    assert!(arrivals.values().all(|times| times.len() == 1), "a mail came twice");
    assert_eq!(texts.lock().unwrap().len(), STRANDED, "each text message once");
}

fn relay(arrivals: &Arrivals, is_out: &Arc<AtomicBool>) -> Relay {
    let (arrivals, is_out) = (Arc::clone(arrivals), Arc::clone(is_out));
    Relay::start(move |asked| match asked {
        Asked::Recipient(to) if to.ends_with(SLOW_DOMAIN) && is_out.load(Ordering::SeqCst) => {
            Answer::Reply("421 4.7.0 not now")
        }
        Asked::Recipient(_) => Answer::Taken,
        Asked::Mail { to, .. } => {
            arrivals.lock().unwrap().entry(to.to_owned()).or_default().push(Instant::now());
            Answer::Taken
        }
    })
}

/// A guest has been there, and is to be asked at once.
fn tell(installation: &Installation, name: &str, reached_by: &Value) {
    let mut contact = reached_by.clone();
    contact["id"] = json!(name);
    let event = json!({ "id": name, "type": "visit.completed", "at": now(), "branch": "mitte", "contact": contact });
    http::post_json(installation.admin_port(), "/api/v1/events", &event).json();
}

/// Lets guests of other domains come and go, and gives within what time 99 of 100 of them have their mail.
fn watch(installation: &Installation, arrivals: &Arrivals, (name, length): (&str, Duration)) -> Duration {
    let begun = Instant::now();
    let mut asked = Vec::new();
    while begun.elapsed() < length {
        let guest = format!("{name}-{}", asked.len());
        let to = format!("{guest}@d{}.example", asked.len() % 10);
        asked.push((to.clone(), Instant::now()));
        tell(installation, &guest, &json!({ "email": to }));
        thread::sleep(PAUSE);
    }
    let mut took: Vec<_> = asked
        .iter()
        .map(|(to, asked)| {
            let came = wait::until(to, || arrivals.lock().unwrap().get(to).map(|times| times[0]));
            came.duration_since(*asked)
        })
        .collect();
    took.sort();
    took[took.len() * 99 / 100]
}
