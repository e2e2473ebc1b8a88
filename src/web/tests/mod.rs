//! The two doors, knocked on without sockets: the shipped configuration over the memory store, on a virtual clock.

mod admin;
mod breaker;
mod by_hand;
mod email_hooks;
mod lmtp;
mod occasions;
mod pages;
mod public;
mod read_only;
mod reconcile;
mod rehearsals;
mod reports;
mod returns;
mod status;
mod store;
mod stories;
mod taps;
mod texts;
mod walk_ins;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::*;
use crate::clock::{Clock, VirtualClock};
use crate::config::InMemory;
use crate::config::shipped::SHIPPED;
use crate::daemon::core::Live;
use crate::daemon::dispatcher::Dispatcher;
use crate::domain::journey::Channel;
use crate::entropy::Entropy;
use crate::store::{Health, memory};

/// A running house with nobody in it yet.
struct House {
    core: Arc<Core>,
    clock: Arc<VirtualClock>,
    folder: tempfile::TempDir,
    /// Makes the store read-only and writable again.
    health: watch::Sender<Health>,
}

/// What a door answered.
struct Answer {
    status: StatusCode,
    head: axum::http::HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.head.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl House {
    async fn open() -> Self {
        Self::open_with(SHIPPED).await
    }

    async fn open_with(files: InMemory<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::at("2026-03-04T12:00:00Z".parse().unwrap()));
        let mut config = crate::config::load_from(&files, &BTreeMap::new(), clock.now()).unwrap().config;
        folder.path().clone_into(&mut config.settings.daemon.state_dir);
        let (store, health) = memory::open_with_switch([3; 32]).await.unwrap();
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let live = Live::of(config, &shared).unwrap();
        store.keep_surveys(live.config.surveys.values().cloned().collect()).await.unwrap();
        let core = Core::new(store, live, shared, Arc::new(Entropy::seeded(1)));
        Self { core: Arc::new(core), clock, folder, health }
    }

    async fn knock(&self, door: axum::Router, request: Request<Body>) -> Answer {
        let response = door.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, head: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header(header::USER_AGENT, "Mozilla/5.0").body(Body::empty()).unwrap();
        self.knock(public(Arc::clone(&self.core)), request).await
    }

    async fn submit(&self, path: &str, form: &str) -> Answer {
        let request = Request::post(path).body(Body::from(form.to_owned())).unwrap();
        self.knock(public(Arc::clone(&self.core)), request).await
    }

    async fn ask(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.knock(admin(Arc::clone(&self.core)), request).await
    }

    async fn tell(&self, path: &str, body: &Value) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        self.knock(admin(Arc::clone(&self.core)), request).await
    }

    /// A guest visits, and the mail that asks them is in the outbox. Gives the paths of its two links.
    async fn invite(&self, n: u32) -> (String, String) {
        let event = json!({
            "id": format!("visit-{n}"), "type": "visit.completed", "at": "2026-03-04T11:00:00Z", "branch": "mitte",
            "contact": { "id": format!("c-{n}"), "email": format!("c{n}@guests.example"), "locale": "en" },
            "data": { "covers": 2 },
        });
        let answer = self.tell("/api/v1/events", &event).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        self.clock.advance_to("2026-03-04T13:00:00Z".parse().unwrap());
        self.dispatch().await;
        let invitations = self.ask(&format!("/api/v1/invitations?contact=c-{n}")).await.json();
        let id = invitations["rows"][0]["id"].as_str().unwrap().to_owned();
        self.links(&id)
    }

    /// The links of the mail of an invitation, as they stand in its text.
    fn links(&self, invitation: &str) -> (String, String) {
        let entries = std::fs::read_dir(self.folder.path().join("outbox")).unwrap();
        let mails = entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        let mail = mails.into_iter().find(|mail| String::from_utf8_lossy(mail).contains(invitation)).unwrap();
        let parsed = mail_parser::MessageParser::default().parse(&mail).unwrap();
        let text = parsed.body_text(0).unwrap().into_owned();
        let link = |kind: &str| {
            let found = text.split_whitespace().find(|word| word.contains(kind)).unwrap();
            format!("{kind}{}", found.split_once(kind).unwrap().1)
        };
        (link("/s/"), link("/u/"))
    }

    /// Sends what is due.
    async fn dispatch(&self) {
        for channel in Channel::ALL {
            let tasks = TaskTracker::new();
            let dispatcher = Dispatcher::new(Arc::clone(&self.core), channel, tasks.clone());
            dispatcher.step().await.unwrap();
            tasks.close();
            tasks.wait().await;
        }
    }

    /// The email row of the report.
    async fn email_row(&self) -> Value {
        let report = self.ask("/api/v1/reports/rates?by=channel&from=2026-03-01&to=2026-04-01").await.json();
        report["rows"].as_array().unwrap().iter().find(|row| row["channel"] == "email").cloned().unwrap_or(Value::Null)
    }
}
