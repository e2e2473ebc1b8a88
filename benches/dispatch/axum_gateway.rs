//! An SMS gateway as somebody would write one: axum on one thread, which reads the form and answers as Twilio does.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use axum::{Form, Json, Router, extract::State, http::StatusCode, routing::post, serve::ListenerExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Builder;

const ACCOUNT: &str = "AC00000000000000000000000000000000";

/// What is asked of it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    to: String,
    from: String,
    body: String,
}

/// A running gateway. It ends with the process.
pub(crate) struct AxumGateway {
    port: u16,
    n_taken: Arc<AtomicU64>,
}

impl AxumGateway {
    pub(crate) fn start() -> Self {
        let bound = TcpListener::bind("127.0.0.1:0").unwrap();
        bound.set_nonblocking(true).unwrap();
        let port = bound.local_addr().unwrap().port();
        let n_taken = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&n_taken);
        thread::spawn(move || {
            let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
            let router = Router::new().route(&path, post(take)).with_state(counted);
            let served = async {
                let listener = tokio::net::TcpListener::from_std(bound).unwrap();
                // Else an answer may wait for the acknowledgement of the one before it.
                axum::serve(listener.tap_io(|stream| stream.set_nodelay(true).unwrap()), router).await.unwrap();
            };
            Builder::new_current_thread().enable_all().build().unwrap().block_on(served);
        });
        Self { port, n_taken }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Text messages that it has taken.
    pub(crate) fn n_taken(&self) -> u64 {
        self.n_taken.load(Ordering::Relaxed)
    }
}

/// As long as what Twilio says, and with its fields.
async fn take(State(n_taken): State<Arc<AtomicU64>>, Form(text): Form<Text>) -> (StatusCode, Json<Value>) {
    let sid = format!("SM{:032x}", n_taken.fetch_add(1, Ordering::Relaxed));
    let uri = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}");
    let said = json!({
        "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": text.body,
        "date_created": "Fri, 06 Mar 2026 20:15:00 +0000", "date_sent": null,
        "date_updated": "Fri, 06 Mar 2026 20:15:00 +0000", "direction": "outbound-api", "error_code": null,
        "error_message": null, "from": text.from, "messaging_service_sid": null, "num_media": "0", "num_segments": "1",
        "price": null, "price_unit": null, "sid": sid, "status": "queued",
        "subresource_uris": { "media": format!("{uri}/Media.json") }, "to": text.to, "uri": format!("{uri}.json"),
    });
    (StatusCode::CREATED, Json(said))
}
