use chrono::TimeDelta;
use reqwest::header::HeaderValue;

use super::super::gateway::Gateway;
use super::super::sample::{NUMBER, PASSWORD, gateway, kannel, message, of_preset, plain_with, twilio};
use super::*;

const TEXT: &str = "How was it? https://s.sole.example/s/7kq2m9xw";

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-06T08:49:00Z").unwrap().to_utc()
}

fn outcome(gateway: &Gateway, status: u16, retry_after: Option<&'static str>, body: ReplyBody) -> Outcome {
    let headers = retry_after.map(|value| (RETRY_AFTER, HeaderValue::from_static(value))).into_iter().collect();
    gateway.outcome(&message(TEXT), &Reply::of(status, headers, body), now())
}

/// The outcome in a few words: what it is, and what it says beyond that.
#[track_caller]
fn check(gateway: &Gateway, status: u16, body: &str, expected: &str) {
    let words = match outcome(gateway, status, None, ReplyBody::Whole(body.to_owned())) {
        Outcome::Accepted { provider_ref: Some(id), n_segments: None, .. } => format!("accepted {id}"),
        Outcome::Accepted { n_segments: Some(n), .. } => format!("accepted, {n} segments"),
        Outcome::Accepted { provider_ref: None, n_segments: None, .. } => "accepted".to_owned(),
        Outcome::Deferred { obstacle: Obstacle::Recipient, .. } => "deferred by the recipient".to_owned(),
        Outcome::Deferred { obstacle: Obstacle::Domain { .. }, .. } => "deferred by the domain".to_owned(),
        Outcome::Deferred { obstacle: Obstacle::Sender, .. } => "deferred, the sender being doubted".to_owned(),
        Outcome::Deferred { obstacle: Obstacle::Route { slow_down: true }, .. } => "asked to slow down".to_owned(),
        Outcome::Deferred { obstacle: Obstacle::Route { slow_down: false }, .. } => "deferred by the route".to_owned(),
        Outcome::Deferred { obstacle: Obstacle::DayLimit { .. }, .. } => "over the limit".to_owned(),
        Outcome::Refused { address_dead: true, .. } => "refused, dead".to_owned(),
        Outcome::Refused { address_dead: false, .. } => "refused".to_owned(),
        Outcome::Unknown { .. } => "unknown".to_owned(),
    };
    assert_eq!(words, expected, "{status} {body}");
}

#[test]
fn twilio_says_what_became_of_a_message() {
    let twilio = twilio(None);
    check(&twilio, 201, r#"{"sid": "SM1", "status": "queued"}"#, "accepted SM1");
    check(&twilio, 201, r#"{"sid": "SM1", "num_segments": "3"}"#, "accepted, 3 segments");
    check(&twilio, 201, r#"{"sid": "SM1", "num_segments": 2}"#, "accepted, 2 segments");
    // By way of a messaging service it is not counted yet; and no message has so many, or a part of one.
    for nothing in ["0", "256", "-1", "1.5", "", "many"] {
        check(&twilio, 201, &format!(r#"{{"sid": "SM1", "num_segments": "{nothing}"}}"#), "accepted SM1");
    }
    check(&twilio, 201, r#"{"sid": null}"#, "unknown");
    check(&twilio, 201, "<html>Please log in to the hotel", "unknown");
    check(&twilio, 200, r#"{"sid": "SM1"}"#, "unknown");
    for code in [21211, 21610, 21614] {
        check(&twilio, 400, &format!(r#"{{"code": {code}, "status": 400}}"#), "refused, dead");
    }
    check(&twilio, 400, r#"{"code": 21617}"#, "refused");
    check(&twilio, 400, r#"{"code": 21606}"#, "deferred by the recipient");
    check(&twilio, 401, r#"{"code": 20003}"#, "deferred by the route");
    check(&twilio, 403, "", "deferred by the route");
    check(&twilio, 404, "", "deferred by the route");
    check(&twilio, 429, r#"{"code": 20429}"#, "asked to slow down");
    check(&twilio, 503, "", "deferred by the route");
    check(&twilio, 500, r#"{"code": 20500}"#, "unknown");
    check(&twilio, 502, "bad gateway", "unknown");
    check(&twilio, 307, "", "deferred by the route");
}

#[test]
fn kannel_says_what_became_of_a_message() {
    let kannel = kannel("http://127.0.0.1:1");
    check(&kannel, 202, "0: Accepted for delivery", "accepted");
    check(&kannel, 202, "3: Queued for later delivery", "accepted");
    check(&kannel, 202, "1: something else", "unknown");
    check(&kannel, 200, "0: Accepted for delivery", "unknown");
    check(&kannel, 400, "Empty receiver number not allowed, rejected", "deferred by the recipient");
    check(&kannel, 403, "Authorization failed for sendsms", "deferred by the route");
    check(&kannel, 503, "Temporal failure, try again later.", "deferred by the route");
}

#[test]
fn vonage_always_says_200_and_is_understood_part_by_part() {
    let vonage = of_preset("vonage");
    let parts = |statuses: &[&str]| {
        let parts: Vec<_> =
            statuses.iter().map(|status| format!(r#"{{"status": "{status}", "message-id": "M{status}"}}"#)).collect();
        format!(r#"{{"message-count": "{}", "messages": [{}]}}"#, parts.len(), parts.join(","))
    };
    check(&vonage, 200, &parts(&["0", "0"]), "accepted M0");
    check(&vonage, 200, &parts(&["1"]), "asked to slow down");
    check(&vonage, 200, &parts(&["4", "4"]), "deferred by the route");
    check(&vonage, 200, &parts(&["5"]), "deferred by the recipient");
    check(&vonage, 200, &parts(&["6"]), "refused");
    check(&vonage, 200, &parts(&["7"]), "refused, dead");
    check(&vonage, 200, &parts(&["0", "7"]), "unknown");
    check(&vonage, 200, &parts(&["0", "99"]), "unknown");
    check(&vonage, 200, r#"{"messages": []}"#, "unknown");
    check(&vonage, 200, "", "unknown");
}

#[test]
fn messagebird_is_understood() {
    let messagebird = of_preset("messagebird");
    let errors = |code: u8, parameter: &str| {
        format!(r#"{{"errors": [{{"code": {code}, "description": "…", "parameter": {parameter}}}]}}"#)
    };
    check(
        &messagebird,
        201,
        r#"{"id": "e8077d803532c0b5937c639b60216938"}"#,
        "accepted e8077d803532c0b5937c639b60216938",
    );
    check(&messagebird, 201, "{}", "unknown");
    check(&messagebird, 422, &errors(10, "\"recipients\""), "refused, dead");
    check(&messagebird, 422, &errors(10, "\"originator\""), "refused");
    check(&messagebird, 422, &errors(25, "null"), "deferred by the route");
    check(&messagebird, 401, &errors(2, "\"access_key\""), "deferred by the route");
    check(&messagebird, 429, "", "asked to slow down");
    check(&messagebird, 500, &errors(99, "null"), "unknown");
}

#[test]
fn plivo_is_understood() {
    let plivo = of_preset("plivo");
    check(
        &plivo,
        202,
        r#"{"message": "message(s) queued", "message_uuid": ["db3ce55a"], "api_id": "x"}"#,
        "accepted db3ce55a",
    );
    check(&plivo, 202, r#"{"message_uuid": []}"#, "unknown");
    check(&plivo, 400, r#"{"error": "dst is not valid", "api_id": "x"}"#, "refused");
    check(&plivo, 401, "", "deferred by the route");
    check(&plivo, 402, "", "deferred by the route");
    check(&plivo, 429, "", "asked to slow down");
    check(&plivo, 503, "", "deferred by the route");
    check(&plivo, 500, "", "unknown");
}

#[test]
fn one_good_part_is_enough_where_the_declaration_says_so() {
    let any = "success = { status = ['2xx'], all_parts = false, json = { path = 'parts[*].ok', equals = true } }";
    let lax = gateway(&plain_with("message_id = { regex = 'id=(\\w+)' }").replace("success = { status = [200] }", any));
    check(&lax, 204, r#"{"parts": [{"ok": false}, {"ok": true}], "note": "id=x1"}"#, "accepted x1");
    check(&lax, 200, r#"{"parts": [{"ok": false}]}"#, "unknown");
}

#[test]
fn a_message_id_may_stand_in_a_header() {
    let gateway = gateway(&plain_with("message_id = { header = 'Retry-After' }"));
    let accepted = outcome(&gateway, 200, Some("m-7"), ReplyBody::Whole(String::new()));
    assert!(matches!(accepted, Outcome::Accepted { provider_ref: Some(id), n_segments: None, .. } if id == "m-7"));
    check(&gateway, 200, "", "unknown");
}

#[test]
fn a_gateway_may_declare_its_server_errors_harmless() {
    let gateway =
        gateway(&plain_with("retry_on = [{ status = [500] }, { status = [502], body_matches = 'queue full' }]"));
    check(&gateway, 500, "", "deferred by the recipient");
    check(&gateway, 502, "the queue full of it", "deferred by the recipient");
    check(&gateway, 502, "", "unknown");
}

#[test]
fn an_answer_that_breaks_off_is_judged_by_what_came() {
    let broken = |status| outcome(&twilio(None), status, None, ReplyBody::Unreadable("it broke off".to_owned()));
    assert!(matches!(broken(201), Outcome::Unknown { .. }));
    assert!(matches!(broken(400), Outcome::Deferred { obstacle: Obstacle::Recipient, .. }));
    assert!(matches!(broken(401), Outcome::Deferred { obstacle: Obstacle::Route { slow_down: false }, .. }));
    assert_eq!(broken(500).reply(), "500 (it broke off)");
}

#[test]
fn a_gateway_says_when_to_come_again() {
    let not_before = |status, value| {
        let outcome = outcome(&twilio(None), status, Some(value), ReplyBody::Whole(String::new()));
        let Outcome::Deferred { not_before, .. } = outcome else { panic!("{outcome:?}") };
        not_before.map(|at| at - now())
    };
    assert_eq!(not_before(429, "90"), Some(TimeDelta::seconds(90)));
    assert_eq!(not_before(503, "Fri, 06 Nov 2026 08:50:00 GMT"), Some(TimeDelta::seconds(60)));
    assert_eq!(not_before(429, "soon"), None);
}

#[test]
fn what_is_kept_of_an_answer_repeats_neither_secret_nor_message() {
    let escaped = serde_json::to_string(PASSWORD).unwrap();
    let body = format!(
        "{{\"to\": \"{NUMBER}\", \"n\": \"4915112345678\",\n \"body\": \"{TEXT}\", \"key\": {escaped}, \"q\": \"pa+ss%26word%3D%221%22\"}}"
    );
    let kept = outcome(&twilio(None), 500, None, ReplyBody::Whole(body)).reply();
    assert_eq!(kept, r#"500 {"to": "…", "n": "…", "body": "…", "key": "…", "q": "…"}"#);
    let long = outcome(&twilio(None), 500, None, ReplyBody::Whole("ü".repeat(1000))).reply();
    assert_eq!(long.chars().count(), REPLY_CHARS_MAX);
}
