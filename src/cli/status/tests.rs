//! What people read, from what the API says.

use serde_json::json;

use super::*;

#[test]
fn what_is_wrong_comes_first_and_the_rest_stands_in_columns() {
    let channel = |name: &str, due: u64, oldest: Value| {
        json!({
            "channel": name, "due": due, "due_at_least": due > 99_999, "waiting": 9_880, "in_flight": 16, "held": 0,
            "held_at_least": false, "unknown": 2, "unknown_at_least": false, "unknown_for_operator": 2,
            "oldest_due_at": oldest,
        })
    };
    let rate = |channel: &str, minutes: u64, deferred: f64| json!({ "channel": channel, "minutes": minutes, "sent": 120.0, "failed": 0.0, "deferred": deferred, "unknown": 0.0 });
    let status = json!({
        "at": "2026-03-04T12:00:00Z",
        "alarms": ["the store is read-only, because there is no room on its disk", "the mail relay rests for 42s"],
        "daemon": { "running": true, "since": "2026-03-04T09:00:00Z", "version": "1.2.3", "reload_refused": false },
        "store": { "writable": false, "reason": "there is no room on its disk", "bytes": 12_340_000 },
        "queue": [channel("email", 100_000, json!("2026-03-04T11:43:00Z")), channel("sms", 0, Value::Null)],
        "windows_open": 1,
        "rates": [rate("email", 1, 0.0), rate("email", 5, 1.2), rate("email", 15, 0.4), rate("sms", 1, 0.0)],
        "routes": [], "holds": [],
        "errors": [
            { "at": "2026-03-04T11:59:58.125Z", "n": 12, "channel": "email", "kind": "domain", "name": "sole.example",
              "outcome": "deferred", "what": "421 4.7.0" },
            { "at": "2026-03-04T11:00:00Z", "n": 1, "channel": "sms", "kind": "gateway", "name": "kannel",
              "outcome": "unknown", "what": "500" },
        ],
    });
    insta::assert_snapshot!(page(&status), @r"
    canvass 1.2.3 runs since 2026-03-04T09:00:00Z, store 12.3 MB, 1 window open
    ! the store is read-only, because there is no room on its disk
    ! the mail relay rests for 42s

               due  waiting  in flight  held  unknown  oldest due
    email  100000+     9880         16     0        2         17m
    sms          0     9880         16     0        2           -

    per minute over     1m     5m    15m
    email sent       120.0  120.0  120.0
    email deferred     0.0    1.2    0.4
    sms sent         120.0

    last errors
    2026-03-04T11:59:58Z  12x  email  deferred  421 4.7.0  domain sole.example
    2026-03-04T11:00:00Z  1x   sms    unknown   500  gateway kannel
    ");
}

#[test]
fn what_is_not_known_is_left_out() {
    let status = json!({
        "at": "2026-03-04T12:00:00Z", "alarms": [], "daemon": { "running": false, "since": null, "version": "1.2.3" },
        "store": { "writable": true, "reason": null, "bytes": null }, "queue": null, "windows_open": null, "rates": null,
        "routes": null, "holds": null, "errors": [],
    });
    assert_eq!(page(&status), "canvass 1.2.3 does not run; nothing is wrong\n");
}
