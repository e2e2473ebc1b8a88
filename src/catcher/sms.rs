//! A tiny gateway for text messages that delivers nothing: Twilio's form POST and Kannel's GET, as far as a sender sees
//! them (Twilio's message resource; Kannel user guide, chapter on the SMS box).
//!
//! Any account and any password will do. Reports are not sent from here: the caught message names where they belong.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::mailbox::{Inbox, TextMessage};

/// What the gateway does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Keeps it and says so.
    Accept,
    /// Answers with this status and body, and keeps nothing.
    Reply(u16, String),
    /// Keeps it and never answers.
    TakeThenHang,
    /// Never answers.
    Hang,
}

/// How a gateway behaves.
pub trait Script: Send + Sync {
    /// What to do with this message.
    fn act(&self, message: &TextMessage) -> Act;
}

/// A gateway that takes everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Friendly;

impl Script for Friendly {
    fn act(&self, _: &TextMessage) -> Act {
        Act::Accept
    }
}

/// The routes: `POST /2010-04-01/Accounts/{account}/Messages.json` and `GET /cgi-bin/sendsms`.
pub fn router(script: Arc<dyn Script>, inbox: Arc<Inbox>) -> Router {
    Router::new()
        .route("/2010-04-01/Accounts/{account}/Messages.json", post(twilio))
        .route("/cgi-bin/sendsms", get(kannel))
        .with_state(Gateway { script, inbox })
}

/// Serves the routes on `listener` until `stop`, on `tasks`.
pub fn start(listener: TcpListener, router: Router, tasks: &TaskTracker, stop: &CancellationToken) {
    let stop = stop.clone();
    tasks.spawn(async move {
        // A conversation that hangs on purpose must not keep the gateway from stopping, so it is cut, not drained.
        tokio::select! {
            _ = axum::serve(listener, router) => (),
            () = stop.cancelled() => (),
        }
    });
}

#[derive(Clone)]
struct Gateway {
    script: Arc<dyn Script>,
    inbox: Arc<Inbox>,
}

/// The fields of Twilio's form that we know.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct TwilioForm {
    to: String,
    from: String,
    messaging_service_sid: String,
    body: String,
    status_callback: Option<String>,
}

/// The parameters of Kannel's query that we know.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct KannelQuery {
    to: String,
    from: String,
    text: String,
    dlr_url: Option<String>,
}

async fn twilio(State(gateway): State<Gateway>, Path(account): Path<String>, Form(form): Form<TwilioForm>) -> Response {
    if form.to.is_empty() || form.body.is_empty() {
        let problem = json!({"code": 21604, "message": "'To' and 'Body' are required", "status": 400});
        return (StatusCode::BAD_REQUEST, Json(problem)).into_response();
    }
    let from = if form.from.is_empty() { form.messaging_service_sid } else { form.from };
    let message = TextMessage { from, to: form.to, text: form.body, callback_url: form.status_callback };
    match gateway.take(message).await {
        Ok((n, message)) => {
            let answer = json!({
                "sid": format!("SM{n:032x}"), "account_sid": account, "status": "queued", "error_code": null,
                "to": message.to, "from": message.from, "body": message.text, "num_segments": "1",
            });
            (StatusCode::CREATED, Json(answer)).into_response()
        }
        Err(reply) => reply,
    }
}

async fn kannel(State(gateway): State<Gateway>, Query(query): Query<KannelQuery>) -> Response {
    if query.to.is_empty() {
        return (StatusCode::BAD_REQUEST, "Missing receiver number, rejected").into_response();
    }
    let message = TextMessage { from: query.from, to: query.to, text: query.text, callback_url: query.dlr_url };
    match gateway.take(message).await {
        Ok(_) => (StatusCode::ACCEPTED, "0: Accepted for delivery").into_response(),
        Err(reply) => reply,
    }
}

impl Gateway {
    /// Keeps the message as the script says; its number, or what to answer instead.
    async fn take(&self, message: TextMessage) -> Result<(u64, TextMessage), Response> {
        match self.script.act(&message) {
            Act::Accept => Ok((self.inbox.catch_sms(message.clone()), message)),
            Act::Reply(status, body) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Err((status, body).into_response())
            }
            Act::TakeThenHang => {
                self.inbox.catch_sms(message);
                std::future::pending().await
            }
            Act::Hang => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use chrono::DateTime;
    use tower::ServiceExt;

    use super::*;
    use crate::clock::VirtualClock;

    struct Scripted(Act);

    impl Script for Scripted {
        fn act(&self, _: &TextMessage) -> Act {
            self.0.clone()
        }
    }

    fn inbox() -> Arc<Inbox> {
        Arc::new(Inbox::open(Arc::new(VirtualClock::at(DateTime::UNIX_EPOCH)), 9))
    }

    fn form(body: &'static str) -> Request<Body> {
        Request::post("/2010-04-01/Accounts/AC1/Messages.json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    }

    async fn ask(act: Act, inbox: &Arc<Inbox>, request: Request<Body>) -> (u16, String) {
        let response = router(Arc::new(Scripted(act)), Arc::clone(inbox)).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn twilios_form_is_caught_and_answered_with_a_sid() {
        let inbox = inbox();
        let request = form("To=%2B4915112345678&From=SOLE&Body=How+was+it%3F&StatusCallback=http%3A%2F%2Fx%2Fdlr");
        let (status, body) = ask(Act::Accept, &inbox, request).await;
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 201);
        assert_eq!(answer["sid"], "SM00000000000000000000000000000001");
        let caught = inbox.message(1).unwrap();
        assert_eq!((caught.to.as_str(), caught.from.as_str()), ("+4915112345678", "SOLE"));
        assert_eq!((caught.text.as_str(), caught.callback_url.as_deref()), ("How was it?", Some("http://x/dlr")));
    }

    #[tokio::test]
    async fn kannels_query_is_caught_and_answered_in_plain_text() {
        let inbox = inbox();
        let uri = "/cgi-bin/sendsms?username=u&password=p&from=SOLE&to=%2B49151&text=a%26b&dlr-url=http%3A%2F%2Fx%2Fd";
        let (status, body) = ask(Act::Accept, &inbox, Request::get(uri).body(Body::empty()).unwrap()).await;
        assert_eq!((status, body.as_str()), (202, "0: Accepted for delivery"));
        let caught = inbox.message(1).unwrap();
        assert_eq!((caught.text.as_str(), caught.callback_url.as_deref()), ("a&b", Some("http://x/d")));
    }

    #[tokio::test]
    async fn a_refusal_is_said_and_nothing_kept() {
        let inbox = inbox();
        let busy = Act::Reply(429, "slow down".to_owned());
        assert_eq!(ask(busy, &inbox, form("To=1&Body=x")).await, (429, "slow down".to_owned()));
        assert_eq!(ask(Act::Accept, &inbox, form("From=SOLE&Body=x")).await.0, 400);
        assert!(inbox.messages().is_empty());
    }
}
