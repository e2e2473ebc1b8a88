//! Text messages: canvass beside `wrk`, over the same gateway.

use std::{thread, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    axum_gateway::AxumGateway,
    figures::{Comparison, Musts, Run},
    gateway, meter, process,
    product::{TEXT_AT_ONCE, now},
    scene::Scene,
};

const WRK: &str = "/usr/bin/wrk";
/// Requests at once: what the reference is fastest with, and as many as share a claim and a flush well.
const INFLIGHT_OF_WRK: usize = 32;
const INFLIGHT: usize = 128;
/// How long `wrk` sends.
const WRK_SECONDS: u32 = 3;

/// Posts what a text message of ours looks like.
const SCRIPT: &str = r#"
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDpzZWNyZXQ="
wrk.body = "To=%2B4915100000001&From=%2B15005550006&Body=Trattoria+Sole%3A+How+was+your+visit%3F+Two+short+questions%3A+"
    .. "http%3A%2F%2F127.0.0.1%3A8080%2Fs%2F0123456789abcdefghijklmnopqrstuvwx+No+more%3A+http%3A%2F%2F127.0.0.1%3A8080"
    .. "%2Fu%2F0123456789abcdefghijklmnopqrstuvwx"
    .. "&StatusCallback=http%3A%2F%2F127.0.0.1%3A8080%2Fhooks%2Fsms%2Flocal%2Fstatus%3Ft%3D0123456789abcdefghijklmnop"
"#;

/// Both clients in turns.
pub(crate) fn compare(n_messages: usize, n_rounds: usize) -> Comparison {
    let gateway = AxumGateway::start();
    let at = now();
    let settings = gateway::settings(gateway.port(), INFLIGHT);
    let scene = Scene::prepare(TEXT_AT_ONCE, &settings, (0..n_messages).map(|n| event(n, &at)));
    let round = |_| {
        let reference = wrk(&gateway);
        (sent(&scene, &gateway), reference)
    };
    Comparison {
        name: format!("text messages, {INFLIGHT} at once"),
        reference: format!("wrk -t1 -c{INFLIGHT_OF_WRK} -d{WRK_SECONDS}s"),
        rounds: (0..n_rounds).map(round).collect(),
        musts: Musts { rate_min: 0.2, cpu_max: None },
    }
}

fn event(n: usize, at: &str) -> Value {
    let contact = json!({ "id": format!("g-{n}"), "name": format!("Guest {n}"), "phone": format!("+49151{n:08}") });
    json!({ "id": format!("visit-{n}"), "type": "visit.completed", "at": at, "contact": contact })
}

fn wrk(gateway: &AxumGateway) -> Run {
    let dir = TempDir::new().unwrap();
    let script = dir.path().join("post.lua");
    std::fs::write(&script, SCRIPT).unwrap();
    let mut command = process::command(WRK);
    command.args(["-t1", &format!("-c{INFLIGHT_OF_WRK}"), &format!("-d{WRK_SECONDS}s"), "-s"]).arg(script);
    let path = "2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json";
    command.arg(format!("http://127.0.0.1:{}/{path}", gateway.port()));
    let n_before = gateway.n_taken();
    let cpu = meter::cpu_of_child(|| drop(process::run(&mut command)));
    Run {
        n_messages: usize::try_from(gateway.n_taken() - n_before).unwrap(),
        took: Duration::from_secs(WRK_SECONDS.into()),
        cpu,
        resident_mb: None,
        n_bytes_each: None,
    }
}

fn sent(scene: &Scene, gateway: &AxumGateway) -> Run {
    let n_wanted = u64::try_from(scene.n_messages).unwrap();
    let still = at_rest(gateway);
    let daemon = scene.start();
    let moved = meter::watch(
        (still, Duration::from_millis(2)),
        || gateway.n_taken(),
        || meter::cpu(daemon.id()),
        || scene.n_accepted("sms") == n_wanted,
    );
    assert_eq!(moved.last.1 - still, n_wanted);
    crate::mail::run(&daemon, scene.n_messages, &moved)
}

/// What it has taken when it is done with what `wrk` left behind in the end.
fn at_rest(gateway: &AxumGateway) -> u64 {
    loop {
        let n_taken = gateway.n_taken();
        thread::sleep(Duration::from_millis(100));
        if n_taken == gateway.n_taken() {
            return n_taken;
        }
    }
}
