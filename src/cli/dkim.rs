//! `canvass dkim`: what has to be published so that receivers can check our signatures.
//!
//! It asks nobody: the records follow from the keys that the configuration names, so they can be printed before anything
//! is published or sent.

use serde_json::{Value, json};

use super::rows::{self, cell};
use super::{Context, Exit, Failure};
use crate::clock::{Clock, SystemClock};
use crate::config;

/// The columns of a record as CSV.
const COLUMNS: [&str; 3] = ["name", "type", "value"];

/// Prints a TXT record for each key.
pub(super) fn dkim(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let loaded = match config::load(&context.folder, &context.env, SystemClock.now()) {
        Ok(loaded) => loaded,
        Err(problems) => {
            for problem in &problems {
                writeln!(context.err, "{problem}")?;
            }
            return Err(Failure::new(Exit::Config, format!("problems in the configuration: {}", problems.len())));
        }
    };
    let signer = loaded.config.settings.email.and_then(|email| email.dkim);
    let records: Vec<Value> = signer
        .iter()
        .flat_map(|signer| signer.records())
        .map(|record| json!({ "name": format!("{}.", record.name), "type": "TXT", "value": record.text }))
        .collect();
    let sum = if records.is_empty() { "mail is not signed here: [email.dkim] names no keys" } else { "" };
    rows::write(context, (&COLUMNS, &records), (line, sum))?;
    Ok(Exit::Ok)
}

fn line(record: &Value) -> String {
    COLUMNS.map(|name| cell(record, name)).join(" ")
}
