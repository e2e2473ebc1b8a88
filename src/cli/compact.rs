//! `canvass compact`: gives back the room that the store has no use for.

use serde_json::Value;

use super::args::Format;
use super::{Context, Exit, Failure};

/// Compacts the store, also that of a daemon which runs: it goes on meanwhile.
pub(super) async fn compact(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let compacted = client.post("/api/v1/compact", &[], &Value::Null).await?.json()?;
    client.close().await?;
    let number = |of: &str, name: &str| compacted.get(of).and_then(|of| of.get(name)).and_then(Value::as_f64);
    match context.format {
        Format::Json => writeln!(context.out, "{compacted}")?,
        Format::Table | Format::Csv => {
            let megabytes = |of: &str, name: &str| number(of, name).unwrap_or_default() / 1e6;
            let (before, after) = (megabytes("before", "disk_bytes"), megabytes("after", "disk_bytes"));
            let (raw, factor) = (megabytes("after", "raw_bytes"), number("after", "factor").unwrap_or_default());
            writeln!(
                context.out,
                "{before:.1} MB before, {after:.1} MB now: {factor:.1} times the {raw:.1} MB of its records"
            )?;
        }
    }
    Ok(Exit::Ok)
}
