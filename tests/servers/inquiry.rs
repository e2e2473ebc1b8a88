//! A gateway that takes a text message and never answers: the message is of unknown outcome, is not sent again, and the
//! gateway is asked what became of it.

use std::{
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::{
    gateway, http,
    product::{Installation, TEXT_AT_ONCE, now},
    wait,
};

const PATH: &str = "/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json";
/// Of the account and `secret`.
const LOGIN: &str = "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDpzZWNyZXQ=";

/// Twilio, when it is out of breath: it takes what it is given, and says so only when it is asked.
#[derive(Clone, Default)]
struct Breathless {
    taken: Arc<Mutex<Vec<Text>>>,
    n_asked: Arc<AtomicUsize>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    to: String,
    body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wanted {
    to: String,
    page: Option<usize>,
}

impl Breathless {
    /// Starts it; it ends with the process. Gives its port.
    fn start(&self) -> u16 {
        let bound = TcpListener::bind("127.0.0.1:0").unwrap();
        bound.set_nonblocking(true).unwrap();
        let port = bound.local_addr().unwrap().port();
        let router = Router::new().route(PATH, get(list).post(take)).with_state(self.clone());
        thread::spawn(move || {
            let served =
                async { axum::serve(tokio::net::TcpListener::from_std(bound).unwrap(), router).await.unwrap() };
            Builder::new_current_thread().enable_all().build().unwrap().block_on(served);
        });
        port
    }
}

/// Takes a message and says nothing. To a number that ends in 9 it does not even take it.
async fn take(State(twilio): State<Breathless>, Form(text): Form<Text>) -> StatusCode {
    if !text.to.ends_with('9') {
        twilio.taken.lock().unwrap().push(text);
    }
    std::future::pending().await
}

/// What it took for a number, the second page being the one that matters.
async fn list(
    State(twilio): State<Breathless>,
    head: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> axum::response::Response {
    twilio.n_asked.fetch_add(1, Ordering::SeqCst);
    if head.get("authorization").is_none_or(|login| login != LOGIN) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let entry = |(n, text): (usize, &Text)| message(&format!("SM{n:032x}"), text, "delivered");
    let (messages, next): (Vec<Value>, Value) = if wanted.page.is_none() {
        let other = Text { to: wanted.to.clone(), body: "Your table is ready.".to_owned() };
        let next = format!("{PATH}?To={}&Page=1&PageToken=PASM0", wanted.to.replace('+', "%2B"));
        (vec![message("SM0", &other, "sent")], json!(next))
    } else {
        let taken = twilio.taken.lock().unwrap();
        let theirs = taken.iter().enumerate().filter(|(_, text)| text.to == wanted.to);
        (theirs.map(entry).collect(), Value::Null)
    };
    Json(json!({ "messages": messages, "next_page_uri": next, "page": wanted.page.unwrap_or(0) })).into_response()
}

fn message(sid: &str, Text { to, body }: &Text, status: &str) -> Value {
    json!({ "sid": sid, "to": to, "body": body, "status": status, "error_code": null, "num_segments": "1" })
}

#[test]
fn a_text_message_whose_answer_never_came_is_not_sent_again_and_its_gateway_tells() {
    let twilio = Breathless::default();
    let settings = gateway::settings(twilio.start(), 8) + "timeout = { connect = \"1s\", total = \"2s\" }\n";
    let installation = Installation::with(TEXT_AT_ONCE, &settings);
    installation.write("config/local.token", "secret");
    let _daemon = installation.start();
    for (name, phone) in [("ada", "+4915112345671"), ("bob", "+4915112345679")] {
        let contact = json!({ "id": name, "phone": phone });
        let event =
            json!({ "id": name, "type": "visit.completed", "at": now(), "branch": "mitte", "contact": contact });
        http::post_json(installation.admin_port(), "/api/v1/events", &event).json();
    }
    let listed = || installation.json(&["unknown", "list", "--open"])["rows"].as_array().unwrap().clone();
    let rows = wait::until("both to be of unknown outcome", || Some(listed()).filter(|rows| rows.len() == 2));
    assert!(rows.iter().all(|row| row["waits_for"] == "operator"), "{rows:?}");

    let output = installation.run(&["unknown", "reconcile", "--all"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("1 message is settled, 1 not there, 0 not told"), "{said}");
    assert_eq!(twilio.n_asked.load(Ordering::SeqCst), 4, "two pages for each");
    assert_eq!(twilio.taken.lock().unwrap().len(), 1, "nothing is sent again");

    let [bob] = listed().try_into().unwrap();
    let story = installation.ok(&["why", "ada"]);
    for words in ["Nobody can say whether", "Asked about it, local says that it took", "arrived, says local"] {
        assert!(story.contains(words), "no {words:?} in\n{story}");
    }
    // Bob's was never taken, and goes when somebody says so.
    installation.ok(&["unknown", "settle", bob["invitation"].as_str().unwrap(), "--as", "refused"]);
    assert!(listed().is_empty());
}
