//! `canvass gateways`: which SMS gateways there are, and where each brings what telephones say.

use serde_json::Value;

use super::rows::{self, cell, n_of};
use super::{Context, Exit, Failure};

/// The columns of a gateway as CSV.
const COLUMNS: [&str; 6] = ["name", "preset", "default", "signed", "reply", "inbound_url"];

/// Lists them.
pub(super) async fn list(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let mut gateways = Vec::new();
    let collected = client.each_row("/api/v1/gateways", &[], |row| {
        gateways.push(row.clone());
        Ok(())
    });
    collected.await?;
    client.close().await?;
    let sum = n_of(gateways.len(), "gateway is declared", "gateways are declared");
    rows::write(context, (&COLUMNS, &gateways), (line, &sum))?;
    Ok(Exit::Ok)
}

fn line(gateway: &Value) -> String {
    let is = |name: &str| gateway.get(name).and_then(Value::as_bool).unwrap_or_default();
    let preset = match cell(gateway, "preset") {
        preset if preset.is_empty() => "no preset".to_owned(),
        preset => format!("preset {preset}"),
    };
    let default = if is("default") { ", the default" } else { "" };
    let inbound = match cell(gateway, "inbound_url") {
        url if url.is_empty() => "brings nothing of telephones".to_owned(),
        url if is("signed") => format!("brings replies, signed, to {url}"),
        url => format!("brings replies to {url} (keep it secret)"),
    };
    format!("{}  {preset}{default}: {inbound}", cell(gateway, "name"))
}
