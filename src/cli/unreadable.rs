//! `canvass bounces unreadable`: mails that came back and that nobody could read.

use serde_json::{Value, json};

use super::args::{Format, UnreadableOne, UnreadableSome};
use super::client::Client;
use super::rows::{self, cell, n_of, number};
use super::{Context, Exit, Failure};

/// The columns of a mail as CSV.
const COLUMNS: [&str; 4] = ["id", "since", "bytes", "why"];
/// The columns of what came of reading one again, as CSV.
const RETRIED: [&str; 6] = ["id", "verdict", "class", "invitation", "attempt", "explanation"];
const PATH: &str = "/api/v1/bounces/unreadable";

/// Lists them.
pub(super) async fn list(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let kept = all(&client).await?;
    client.close().await?;
    let sum = n_of(kept.len(), "mail that came back is kept", "mails that came back are kept");
    let line = |row: &Value| {
        let [id, since, bytes, why] = COLUMNS.map(|name| cell(row, name));
        format!("{id}  since {since}  {bytes} bytes: {why}")
    };
    rows::write(context, (&COLUMNS, &kept), (line, &sum))?;
    Ok(Exit::Ok)
}

async fn all(client: &Client) -> Result<Vec<Value>, Failure> {
    let answer = client.get(PATH, &[]).await?.json()?;
    Ok(answer.get("rows").and_then(Value::as_array).cloned().unwrap_or_default())
}

async fn chosen(client: &Client, options: &UnreadableSome) -> Result<Vec<String>, Failure> {
    if options.all {
        return Ok(all(client).await?.iter().map(|row| cell(row, "id")).collect());
    }
    Ok(options.ids.clone())
}

/// Prints one as it came, with its envelope in front.
pub(super) async fn show(options: &UnreadableOne, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let mail = client.get(&format!("{PATH}/{}", options.id), &[]).await?.body;
    client.close().await?;
    context.out.write_all(&mail)?;
    Ok(Exit::Ok)
}

/// Reads them again; those that can be read by now are not kept any longer.
pub(super) async fn retry(options: &UnreadableSome, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let request = json!({ "ids": chosen(&client, options).await?, "by": context.operator() });
    let answer = client.post(&format!("{PATH}/retry"), &[], &request).await?.json()?;
    client.close().await?;
    let retried = answer.get("rows").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_kept = |row: &&Value| matches!(cell(row, "verdict").as_str(), "unreadable" | "not_there");
    let n_kept = retried.iter().filter(is_kept).count();
    let sum = format!("{} can be read by now", n_of(retried.len() - n_kept, "mail", "mails"));
    let line = |row: &Value| {
        let [id, verdict, class, invitation, _, explanation] = RETRIED.map(|name| cell(row, name));
        let words = [verdict, class, invitation].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
        format!("{id}  {}: {explanation}", words.join(" "))
    };
    rows::write(context, (&RETRIED, &retried), (line, &sum))?;
    Ok(if n_kept == 0 { Exit::Ok } else { Exit::Failed })
}

/// Removes them.
pub(super) async fn remove(options: &UnreadableSome, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let request = json!({ "ids": chosen(&client, options).await?, "by": context.operator() });
    let answer = client.post(&format!("{PATH}/remove"), &[], &request).await?.json()?;
    client.close().await?;
    match context.format {
        Format::Json => writeln!(context.out, "{answer:#}")?,
        Format::Table | Format::Csv => {
            writeln!(context.out, "removed: {}", n_of(number(&answer, "removed"), "mail", "mails"))?;
        }
    }
    Ok(Exit::Ok)
}
