//! How things stand, as the API, the metrics and the log of a daemon tell it.

use super::*;
use crate::daemon::status::{Change, Watch};
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::route::Route;
use crate::store::ReadOnlyReason;

impl House {
    /// A guest whose mail is due at 13:00.
    async fn expect_mail(&self, n: u32) {
        let event = json!({
            "id": format!("visit-{n}"), "type": "visit.completed", "at": "2026-03-04T11:00:00Z", "branch": "mitte",
            "contact": { "id": format!("c-{n}"), "email": format!("c{n}@guests.example") }, "data": { "covers": 2 },
        });
        assert_eq!(self.tell("/api/v1/events", &event).await.status, StatusCode::ACCEPTED);
    }

    /// A message leaves, and the relay is dead.
    async fn fail(&self) {
        let core = &self.core;
        let live = core.live.load_full();
        let now = core.clock.now();
        let rules = Arc::clone(&live.rules.gate);
        let loads = crate::store::Loads { busy: BTreeMap::new(), limit: 4 };
        let until = now + chrono::TimeDelta::hours(1);
        let request =
            crate::store::LeaseRequest { channel: Channel::Email, now, n_max: 1, until, lease: 1, rules, loads };
        let lease = core.store.lease_due(request).await.unwrap().leases.remove(0);
        let outcome = Outcome::Deferred {
            not_before: None,
            reply: "421 4.3.2 closing, c1@guests.example".to_owned(),
            obstacle: Obstacle::Route { slow_down: false },
        };
        core.pulse.note(Channel::Email, &lease.routes, &outcome, now);
        let retry = crate::domain::invitation::RetryPlan {
            retry_at: now,
            give_up_after: chrono::TimeDelta::days(2),
            after_unknown: live.after_unknown(Channel::Email),
        };
        let settlement = crate::store::Settlement::of(lease, &live.rules.gate, 1.0, (outcome, retry), now);
        core.store.settle([settlement].into()).await.unwrap().swap_remove(0).unwrap();
    }
}

#[tokio::test]
async fn the_status_tells_what_is_due_what_left_and_what_stands_in_the_way() {
    let house = House::open().await;
    house.core.pulse.begin(house.core.clock.now());
    house.expect_mail(1).await;
    house.expect_mail(2).await;
    let status = house.ask("/api/v1/status").await.json();
    assert_eq!(status["alarms"], json!([]));
    assert_eq!((&status["queue"][0]["due"], &status["queue"][0]["waiting"]), (&json!(0), &json!(2)));
    house.clock.advance_to("2026-03-04T13:12:00Z".parse().unwrap());
    house.fail().await;

    let status = house.ask("/api/v1/status").await.json();
    let alarms = status["alarms"].as_array().unwrap();
    assert_eq!(alarms[0], "the mail relay rests for 1s, until 2026-03-04T13:12:01Z (1 failure, last: 421 4.3.2)");
    assert_eq!(alarms[1], "late: 2 emails due, the oldest for 12m, since 2026-03-04T13:00:00Z");
    assert_eq!(status["queue"][0]["due"], 2);
    assert_eq!(status["routes"][0]["kind"], "account");
    assert_eq!(status["routes"][0]["until"], "2026-03-04T13:12:01Z");
    assert_eq!(
        status["rates"][0],
        json!({
            "channel": "email", "minutes": 1, "sent": 0.0, "failed": 0.0, "deferred": 1.0, "unknown": 0.0,
        })
    );
    assert_eq!(
        status["errors"],
        json!([{
            "at": "2026-03-04T13:12:00Z", "n": 1, "channel": "email", "kind": "account", "name": "", "outcome": "deferred",
            "what": "421 4.3.2",
        }])
    );
    assert!(!status.to_string().contains("c1@"), "{status}");
    house.clock.advance_to("2026-03-04T13:12:02Z".parse().unwrap());
    house.dispatch().await;
    let status = house.ask("/api/v1/status").await.json();
    assert_eq!((&status["rates"][0]["sent"], &status["routes"]), (&json!(1.0), &json!([])));
}

#[tokio::test]
async fn the_status_is_told_when_the_store_is_read_only_and_when_it_cannot_be_read() {
    let house = House::open().await;
    house.health.send_replace(Health::ReadOnly(ReadOnlyReason::NoRoom));
    let status = house.ask("/api/v1/status").await.json();
    let expected = json!({ "writable": false, "reason": "there is no room on its disk", "bytes": 0 });
    assert_eq!(status["store"], expected);
    assert_eq!(status["alarms"][0], "the store is read-only, because there is no room on its disk");
    assert_eq!(status["daemon"]["running"], false);
    assert!(status["rates"].is_null(), "nobody counts where no daemon runs");
    house.core.store.close().await.unwrap();
    let status = house.ask("/api/v1/status").await;
    assert_eq!(status.status, StatusCode::OK);
    assert!(status.json()["queue"].is_null());
}

#[tokio::test]
async fn what_there_is_to_do_and_what_stands_in_the_way_is_measured() {
    let house = House::open().await;
    house.expect_mail(1).await;
    house.expect_mail(2).await;
    house.clock.advance_to("2026-03-04T13:12:00Z".parse().unwrap());
    house.fail().await;
    house.tell("/api/v1/holds", &json!({ "scope": { "channel": "sms" } })).await;
    let metrics = house.ask("/metrics").await.body;
    for line in [
        "canvass_due{channel=\"email\"} 2",
        "canvass_oldest_due_seconds{channel=\"email\"} 720",
        "canvass_oldest_due_seconds{channel=\"sms\"} 0",
        "canvass_held{channel=\"email\"} 0",
        "canvass_in_flight{channel=\"email\"} 0",
        "canvass_unknown{channel=\"sms\"} 0",
        "canvass_unknown_for_operator{channel=\"sms\"} 0",
        "canvass_unknown_at_start 0",
        "canvass_holds 1",
        "canvass_routes_resting{kind=\"account\"} 1",
        "canvass_routes_on_trial{kind=\"account\"} 0",
        "canvass_routes_slowed{kind=\"domain\"} 0",
        "canvass_store_writable 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    let described = |name: &str| metrics.contains(&format!("# HELP {name} "));
    let names = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    assert!(names.clone().all(described) && names.count() > 15, "{metrics}");
}

#[tokio::test]
async fn a_route_is_logged_when_it_begins_to_rest_and_when_it_is_well_again() {
    let house = House::open().await;
    house.expect_mail(1).await;
    let watch = Watch::new(Arc::clone(&house.core));
    house.clock.advance_to("2026-03-04T13:12:00Z".parse().unwrap());
    assert_eq!(watch.step().await.unwrap(), []);
    house.fail().await;
    let changes = watch.step().await.unwrap();
    assert!(matches!(changes[..], [Change::Worse(Route::Account, _)]), "{changes:?}");
    house.clock.advance_to("2026-03-04T13:12:02Z".parse().unwrap());
    assert_eq!(watch.step().await.unwrap(), []);
    house.dispatch().await;
    let changes = watch.step().await.unwrap();
    assert!(matches!(changes[..], [Change::Recovered { kind: "account", .. }]), "{changes:?}");
}
