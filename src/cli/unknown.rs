//! `canvass unknown`: messages of which nobody can say whether they left, or could not once.

use serde_json::{Value, json};

use super::args::Format;
use super::{Context, Exit, Failure};

/// Lists them, an attempt a line.
pub(super) async fn list(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let mut attempts = Vec::new();
    let collected = client.each_row("/api/v1/invitations", &[("unknown", "true")], |invitation| {
        attempts.extend(unknown_attempts(invitation));
        Ok(())
    });
    collected.await?;
    client.close().await?;
    match context.format {
        Format::Json => writeln!(context.out, "{:#}", json!({ "rows": attempts }))?,
        Format::Csv => {
            writeln!(context.out, "invitation,attempt,channel,outcome,state")?;
            for row in &attempts {
                let cell = |name: &str| plain(row.get(name));
                let line = ["invitation", "attempt", "channel", "outcome", "state"].map(cell).join(",");
                writeln!(context.out, "{line}")?;
            }
        }
        Format::Table => {
            for row in &attempts {
                let cell = |name: &str| plain(row.get(name));
                writeln!(
                    context.out,
                    "{}  attempt {} by {}: now {}, the invitation is {}",
                    cell("invitation"),
                    cell("attempt"),
                    cell("channel"),
                    cell("outcome"),
                    cell("state")
                )?;
            }
            writeln!(context.out, "{} attempts are or were of unknown outcome", attempts.len())?;
        }
    }
    Ok(Exit::Ok)
}

fn unknown_attempts(invitation: &Value) -> Vec<Value> {
    let attempts = invitation.get("attempts").and_then(Value::as_array).into_iter().flatten();
    attempts
        .filter(|attempt| attempt.get("was_unknown").and_then(Value::as_bool).unwrap_or_default())
        .map(|attempt| {
            json!({
                "invitation": invitation.get("id"), "attempt": attempt.get("number"),
                "channel": attempt.get("channel"), "outcome": attempt.get("outcome"),
                "tries": attempt.get("tries"), "state": invitation.get("state"),
            })
        })
        .collect()
}

fn plain(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
