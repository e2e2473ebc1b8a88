//! The SMS gateways, and where each brings what telephones say. The link is a secret: whoever has it can speak for a
//! telephone, so it is shown here and logged nowhere.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::channel::sms::{Gateway, ReplyWay};
use crate::config::settings::SmsTransport;
use crate::daemon::core::{Core, Live};
use crate::daemon::texts::inbound_url;

/// All of them: `{"rows": […]}`.
pub(super) async fn list(State(core): State<Arc<Core>>) -> Json<Value> {
    let live = core.live.load_full();
    let default = match live.config.settings.sms.as_ref().map(|sms| &sms.transport) {
        Some(SmsTransport::Gateways { default, .. }) => default.as_str(),
        Some(SmsTransport::File) | None => "",
    };
    let rows: Vec<_> = live.config.gateways().map(|gateway| row(&core, &live, gateway, default)).collect();
    Json(json!({ "rows": rows, "next": null }))
}

fn row(core: &Core, live: &Live, gateway: &Gateway, default: &str) -> Value {
    let name = gateway.name();
    let token = (!gateway.signs_inbound()).then(|| core.store.seal().inbound_token(name));
    let url = gateway.hears().then(|| inbound_url(&live.config.settings.public.url, name, token.as_deref()));
    let reply = match gateway.reply_way() {
        ReplyWay::None => "none",
        ReplyWay::Text => "text",
        ReplyWay::Twiml => "twiml",
    };
    json!({
        "name": name,
        "preset": gateway.preset(),
        "default": name == default,
        "signed": gateway.signs_inbound(),
        "reply": reply,
        "inbound_url": url,
    })
}
