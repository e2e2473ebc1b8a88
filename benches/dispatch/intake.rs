//! How fast events come in, and how much of that is deciding what to do with them.

use std::{
    collections::BTreeMap,
    hint::black_box,
    io::{self, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use canvass::{
    config,
    domain::seal::{SECRET_BYTES, Seal},
    plan::{Facts, Occasion, PlanInput, plan},
};
use serde_json::Value;

use crate::{
    figures::{median, real},
    http,
    mail::Recipients,
    product::{MAIL_AT_ONCE, now, present},
    scene::Scene,
    servers::product::Installation,
};

/// Events in a request: as many as are taken at once.
const BATCH: usize = 1_000;
/// Callers at the same time, in the second run.
const CALLERS: usize = 4;

/// Measures all ways in, and prints events per second.
pub(crate) fn run(n_events: usize, n_rounds: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\nevents: {n_events}, each of a contact of its own, planned for later")?;
    // Nothing is to be sent meanwhile.
    let journey = MAIL_AT_ONCE.replace("after = \"0s\"", "after = \"7d\"");
    let at = now();
    let event = |n| Recipients::ManyDomains.event(n, &at);
    let ways: [(&str, &dyn Fn() -> Duration); 3] = [
        ("from a file", &|| Scene::prepare(&journey, "", (0..n_events).map(event)).import),
        ("posted in arrays, 1 caller", &|| posted(&journey, 1, n_events, &event)),
        ("posted in arrays, 4 callers", &|| posted(&journey, CALLERS, n_events, &event)),
    ];
    for (name, way) in ways {
        let rounds: Vec<_> = (0..n_rounds).map(|_| way()).collect();
        let seconds = median(&rounds, Duration::as_secs_f64);
        writeln!(out, "{name:<30}{:>12.0} events/s", real(n_events) / seconds)?;
    }
    let rounds: Vec<_> = (0..n_rounds).map(|_| planned(n_events)).collect();
    writeln!(out, "{:<30}{:>12.0} plans/s", "planning alone", real(n_events) / median(&rounds, Duration::as_secs_f64))?;
    out.flush()
}

/// Posts events to a daemon with an empty store.
fn posted(journey: &str, n_callers: usize, n_events: usize, event: &(dyn Fn(usize) -> Value + Sync)) -> Duration {
    let installation = Installation::with(journey, "");
    let arrays: Vec<Value> = (0..n_events)
        .collect::<Vec<_>>()
        .chunks(BATCH)
        .map(|chunk| chunk.iter().map(|n| event(*n)).collect())
        .collect();
    let _daemon = installation.start();
    let post = |caller: usize| {
        for array in arrays.iter().skip(caller).step_by(n_callers) {
            let answers = http::post_json(installation.admin_port(), "/api/v1/events", array).json();
            assert!(answers.as_array().unwrap().iter().all(|answer| answer["decisions"][0]["decision"] == "planned"));
        }
    };
    let begun = Instant::now();
    thread::scope(|scope| (0..n_callers).for_each(|caller| drop(scope.spawn(move || post(caller)))));
    begun.elapsed()
}

/// Decides what the events of the shipped configuration's own tests ask for, again and again.
fn planned(n_plans: usize) -> Duration {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let loaded = config::load(&folder, &BTreeMap::new(), present()).expect("the shipped configuration has no problems");
    let (rules, facts, seal) = (loaded.config.plan_rules(), Facts::default(), Seal::new(&[0; SECRET_BYTES]));
    let begun = Instant::now();
    for test in loaded.tests.iter().cycle().take(n_plans) {
        let (now, occasion, contact) = (test.now, Occasion::Event(&test.event), &test.contact);
        black_box(plan(&PlanInput { now, occasion, contact, facts: &facts, rules: &rules, seal: &seal }));
    }
    begun.elapsed()
}
