//! `canvass unknown`: messages of which nobody can say whether they left, or could not once.

use serde_json::{Value, json};

use super::args::{Format, ScopeOptions, UnknownList, UnknownRetry, UnknownSettle};
use super::client::Client;
use super::rows::{self, cell, n_of};
use super::{Context, Exit, Failure};

/// Invitations in one request.
const BATCH: usize = 1_000;
/// Invitations in one request that has a gateway asked about each.
const ASKED: usize = 10;
/// The columns of the list as CSV.
const COLUMNS: [&str; 12] = [
    "invitation",
    "attempt",
    "journey",
    "stage",
    "branch",
    "channel",
    "outcome",
    "tries",
    "first_tried_at",
    "state",
    "waits_for",
    "due_at",
];

/// Lists them, an attempt a line.
pub(super) async fn list(options: &UnknownList, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let attempts = listed(&client, &options.scope, options.open).await?;
    client.close().await?;
    let sum = match (options.open, attempts.len()) {
        (true, n) => n_of(n, "message is of unknown outcome", "messages are of unknown outcome"),
        (false, n) => n_of(n, "message is or was of unknown outcome", "messages are or were of unknown outcome"),
    };
    rows::write(context, (&COLUMNS, &attempts), (line, &sum))?;
    Ok(Exit::Ok)
}

fn line(row: &Value) -> String {
    let [id, attempt, channel, outcome] = ["invitation", "attempt", "channel", "outcome"].map(|name| cell(row, name));
    format!("{id}  attempt {attempt} by {channel}, now {outcome}: {}", cell(row, "explanation"))
}

async fn listed(client: &Client, scope: &ScopeOptions, open: bool) -> Result<Vec<Value>, Failure> {
    let mut query = scope.given();
    if open {
        query.push(("open", "true"));
    }
    let mut rows = Vec::new();
    let collected = client.each_row("/api/v1/unknown", &query, |row| {
        rows.push(row.clone());
        Ok(())
    });
    collected.await?;
    Ok(rows)
}

/// The invitations that are named, or all that wait for an operator.
async fn chosen(client: &Client, options: &UnknownRetry) -> Result<Vec<String>, Failure> {
    if let Some((name, _)) = options.scope.given().first().filter(|_| !options.all) {
        return Err(Failure::new(Exit::Usage, format!("--{name} goes with --all; invitations are named one by one")));
    }
    if !options.all {
        return Ok(options.ids.clone());
    }
    let mut open = listed(client, &options.scope, true).await?;
    open.retain(|row| cell(row, "waits_for") == "operator");
    Ok(open.iter().map(|row| cell(row, "invitation")).collect())
}

/// Asks gateways about some of them, or about all that wait for an operator.
pub(super) async fn reconcile(options: &UnknownRetry, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let ids = chosen(&client, options).await?;
    let mut done: Vec<Value> = Vec::new();
    for ids in ids.chunks(ASKED) {
        let answer = client.post("/api/v1/unknown/reconcile", &[], &json!({ "invitations": ids })).await?.json()?;
        done.extend(answer.get("rows").and_then(Value::as_array).into_iter().flatten().cloned());
    }
    client.close().await?;
    let n_of_result = |result: &str| done.iter().filter(|row| cell(row, "result") == result).count();
    let (n_not_there, n_not_told) = (n_of_result("not_there"), n_of_result("not_told"));
    let known = n_of(done.len() - n_not_there - n_not_told, "message is settled", "messages are settled");
    let sum = format!("{known}, {n_not_there} not there, {n_not_told} not told");
    let line = |row: &Value| {
        format!("{}  attempt {}: {}", cell(row, "invitation"), cell(row, "attempt"), cell(row, "explanation"))
    };
    rows::write(context, (&["invitation", "attempt", "result"], &done), (line, &sum))?;
    Ok(if n_not_told == 0 { Exit::Ok } else { Exit::Failed })
}

/// Sends some of them, or all that wait for an operator, once more.
pub(super) async fn retry(options: &UnknownRetry, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let ids = chosen(&client, options).await?;
    let mut done: Vec<Value> = Vec::new();
    for ids in ids.chunks(BATCH) {
        let request = json!({ "invitations": ids, "by": context.operator() });
        let answer = client.post("/api/v1/unknown/retry", &[], &request).await?.json()?;
        done.extend(answer.get("rows").and_then(Value::as_array).into_iter().flatten().cloned());
    }
    client.close().await?;
    let left_out = |row: &&Value| cell(row, "result") == "left_out";
    let n_left_out = done.iter().filter(left_out).count();
    let n_again = done.len() - n_left_out;
    let again = n_of(n_again, "message goes once more", "messages go once more");
    let sum = format!("{again}, {n_left_out} left as before");
    let line = |row: &Value| match cell(row, "result").as_str() {
        "left_out" => format!("{}  left as before: {}", cell(row, "invitation"), cell(row, "explanation")),
        _ => format!("{}  goes once more, due {}", cell(row, "invitation"), cell(row, "due_at")),
    };
    rows::write(context, (&["invitation", "result", "due_at", "reason"], &done), (line, &sum))?;
    Ok(if n_left_out == 0 { Exit::Ok } else { Exit::Failed })
}

/// Puts down what came of one.
pub(super) async fn settle(options: &UnknownSettle, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let request = json!({
        "invitation": options.id, "attempt": options.attempt, "as": options.found.as_str(), "by": context.operator(),
    });
    let settled = client.post("/api/v1/unknown/settle", &[], &request).await?.json()?;
    client.close().await?;
    match context.format {
        Format::Json => writeln!(context.out, "{settled:#}")?,
        Format::Table | Format::Csv => {
            let (state, due_at) = (cell(&settled, "state"), cell(&settled, "due_at"));
            let due = if due_at.is_empty() { String::new() } else { format!(", due {due_at}") };
            writeln!(context.out, "{} is settled as {}; it is now {state}{due}", options.id, options.found.as_str())?;
        }
    }
    Ok(Exit::Ok)
}
