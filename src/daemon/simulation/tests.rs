use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::script::{Handed, Outage};
use super::{Scene, Simulation, start};
use crate::daemon::steps::GRAIN;
use crate::domain::attempt::Obstacle;

/// Lives that are lived where nobody says how many: a few, so that the tests are quick. CI says more.
const LIVES: u64 = 40;

fn lives() -> u64 {
    std::env::var("CANVASS_LIVES").ok().and_then(|given| given.parse().ok()).unwrap_or(LIVES)
}

async fn live(scene: Scene) -> Simulation {
    let mut simulation = Simulation::begin(scene).await;
    simulation.run(start() + TimeDelta::days(90)).await;
    simulation.check().await;
    simulation
}

fn scene(seed: u64) -> Scene {
    Scene { seed, n_guests: 12, n_events: 40, outages: Vec::new(), mishaps: 0.3, refusals: 0.02, is_mortal: false }
}

#[tokio::test]
async fn every_life_keeps_the_laws() {
    for seed in 0..lives() {
        live(scene(seed)).await;
    }
}

#[tokio::test]
async fn a_machine_that_dies_at_any_change_keeps_them_too() {
    let mut n_deaths = 0;
    for seed in 0..lives() {
        n_deaths += live(Scene { is_mortal: true, ..scene(1_000_000 + seed) }).await.n_deaths;
    }
    assert!(n_deaths > usize::try_from(lives()).unwrap(), "{n_deaths} deaths are no trial");
}

/// How late the slowest in a hundred of these left after it could, in seconds.
fn p99_late(handed: &[Handed], due: impl Fn(&Handed) -> DateTime<Utc>) -> i64 {
    let mut late: Vec<_> = handed.iter().map(|handed| (handed.at - due(handed)).num_seconds()).collect();
    late.sort_unstable();
    late[(late.len() * 99).div_ceil(100) - 1]
}

#[tokio::test]
async fn a_domain_and_a_gateway_that_are_out_for_an_hour_delay_nobody_else_and_then_all_arrive() {
    let hour = |way, obstacle| Outage {
        way,
        from: start() + TimeDelta::days(3),
        until: start() + TimeDelta::days(3) + TimeDelta::hours(1),
        obstacle,
    };
    let outages = vec![
        hour("slow.example", Obstacle::Domain { slow_down: true }),
        hour("second", Obstacle::Route { slow_down: false }),
    ];
    let busy = |outages| Scene { n_guests: 600, n_events: 900, outages, mishaps: 0.0, refusals: 0.0, ..scene(7) };
    let calm = live(busy(Vec::new())).await.ledger.all();
    let troubled = live(busy(outages)).await.ledger.all();
    let arrivals = |all: &[Handed]| {
        let accepted = all.iter().filter(|handed| handed.outcome == "accepted");
        accepted.map(|handed| (handed.name.clone(), handed.at)).collect::<BTreeMap<_, _>>()
    };
    let (expected, arrived) = (arrivals(&calm), arrivals(&troubled));
    let met: BTreeSet<_> = troubled.iter().filter(|it| it.outcome == "deferred").map(|it| &it.name).collect();
    assert!(!met.is_empty() && met.len() < 20, "{} messages found out what one could", met.len());
    assert!(expected.keys().eq(arrived.keys()), "all arrive, and nothing else does");
    let others: Vec<_> = troubled.iter().filter(|it| it.way != "slow.example" && it.way != "second").cloned().collect();
    let late = p99_late(&others, |handed| expected[&handed.name]);
    assert!(late <= GRAIN.num_seconds(), "the others leave when they always would, not {late} s later");
    let latest = arrived.iter().map(|(name, at)| *at - expected[name]).max().unwrap();
    assert!(latest > TimeDelta::zero() && latest < TimeDelta::hours(2), "{latest} after the end of an hour's outage");
}
