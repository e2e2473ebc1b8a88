//! `canvass taps`: ratings in mails whose links were followed, and that count nowhere yet.

use serde_json::{Value, json};

use super::args::{TapsList, TapsRelease};
use super::rows::{self, cell, n_of, number};
use super::{Context, Exit, Failure};

/// Invitations in one request.
const BATCH: usize = 1_000;
/// The columns of the list as CSV.
const COLUMNS: [&str; 8] = ["invitation", "attempt", "state", "taps", "ratings", "signs", "first_at", "last_at"];

/// Lists them, an invitation a line.
pub(super) async fn list(options: &TapsList, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let query: Vec<_> = options.state.iter().map(|state| ("state", state.as_str())).collect();
    let mut taps = Vec::new();
    let collected = client.each_row("/api/v1/taps", &query, |row| {
        taps.push(row.clone());
        Ok(())
    });
    collected.await?;
    client.close().await?;
    let n_of_state = |state: &str| taps.iter().filter(|row| cell(row, "state") == state).count();
    let sum = format!(
        "{}: {} waiting for a person, {} suspect, {} answered, {} released",
        n_of(taps.len(), "invitation with taps", "invitations with taps"),
        n_of_state("waiting"),
        n_of_state("suspect"),
        n_of_state("answered"),
        n_of_state("released")
    );
    rows::write(context, (&COLUMNS, &taps), (line, &sum))?;
    Ok(Exit::Ok)
}

fn line(row: &Value) -> String {
    let [invitation, state, first_at] = ["invitation", "state", "first_at"].map(|name| cell(row, name));
    let list = |name: &str| {
        let items = row.get(name).and_then(Value::as_array).into_iter().flatten();
        let items = items.map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
        items.collect::<Vec<_>>().join(", ")
    };
    let why = match list("reasons") {
        reasons if reasons.is_empty() => String::new(),
        reasons => format!(": {reasons}"),
    };
    let taps = n_of(number(row, "taps"), "tap", "taps");
    format!("{invitation}  {state}, {taps} on {} from {first_at}{why}", list("ratings"))
}

/// Lets some of them count as answers.
pub(super) async fn release(options: &TapsRelease, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let mut done: Vec<Value> = Vec::new();
    for ids in options.ids.chunks(BATCH) {
        let request = json!({ "invitations": ids, "by": context.operator() });
        let answer = client.post("/api/v1/taps/release", &[], &request).await?.json()?;
        done.extend(answer.get("rows").and_then(Value::as_array).into_iter().flatten().cloned());
    }
    client.close().await?;
    let n_left_out = done.iter().filter(|row| cell(row, "result") == "left_out").count();
    let released = n_of(done.len() - n_left_out, "tap counts as an answer", "taps count as answers");
    let sum = format!("{released}, {n_left_out} left as before");
    let line = |row: &Value| match cell(row, "explanation") {
        why if why.is_empty() => format!("{}  counts", cell(row, "invitation")),
        why => format!("{}  left as before: {why}", cell(row, "invitation")),
    };
    rows::write(context, (&["invitation", "result", "explanation"], &done), (line, &sum))?;
    Ok(if n_left_out == 0 { Exit::Ok } else { Exit::Failed })
}
