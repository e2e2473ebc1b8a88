//! `canvass events import`: the API's events from a file, one JSON object per line.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use serde_json::{Value, json};

use super::args::{EventsImport, Format};
use super::client::Client;
use super::{Context, Exit, Failure, input, progress};

/// Events in one request.
const BATCH: usize = 500;
/// Longest line, in bytes.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Default)]
struct Counts {
    events: u64,
    refused: u64,
    decisions: BTreeMap<String, u64>,
}

/// Imports a file. The same file again changes nothing.
pub(super) async fn import(options: &EventsImport, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (input, size) = input::open(&options.file)?;
    let bar = progress::bytes(size, "importing events");
    let mut input = BufReader::new(bar.wrap_read(input));
    let client = context.client().await?;
    let mut counts = Counts::default();
    let mut batch = Vec::new();
    let mut n_line = 0;
    loop {
        let mut line = Vec::new();
        let n_read = input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        n_line += 1;
        if n_read as u64 == LINE_BYTES_MAX {
            let message =
                format!("line {n_line} is longer than {LINE_BYTES_MAX} bytes; what came before it was imported");
            return Err(Failure::new(Exit::Failed, message));
        }
        if !line.trim_ascii().is_empty() {
            counts.events += 1;
            match serde_json::from_slice::<Value>(&line) {
                Ok(event) => batch.push((n_line, event)),
                Err(err) => refuse(context, &mut counts, n_line, &format!("not JSON: {err}"))?,
            }
        }
        if batch.len() == BATCH || n_read == 0 {
            send(&client, context, &mut batch, &mut counts).await?;
        }
        if n_read == 0 {
            break;
        }
    }
    bar.finish_and_clear();
    client.close().await?;
    summary(context, &counts)?;
    Ok(if counts.refused == 0 { Exit::Ok } else { Exit::Failed })
}

async fn send(
    client: &Client,
    context: &mut Context<'_>,
    batch: &mut Vec<(u64, Value)>,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let (lines, events): (Vec<_>, Vec<_>) = std::mem::take(batch).into_iter().unzip();
    if events.is_empty() {
        return Ok(());
    }
    let answers = client.post("/api/v1/events", &[], &Value::Array(events)).await?.json()?;
    for (line, answer) in lines.into_iter().zip(answers.as_array().into_iter().flatten()) {
        take_answer(context, counts, line, answer)?;
    }
    Ok(())
}

fn take_answer(context: &mut Context<'_>, counts: &mut Counts, line: u64, answer: &Value) -> Result<(), Failure> {
    if let Some(problem) = answer.get("problem") {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let errors = problem.get("errors").and_then(Value::as_array).into_iter().flatten();
        let errors: Vec<_> =
            errors.map(|error| format!("{}: {}", text(error, "field"), text(error, "message"))).collect();
        let reason = if errors.is_empty() { text(problem, "detail") } else { errors.join("; ") };
        return refuse(context, counts, line, &reason);
    }
    for decision in answer.get("decisions").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| decision.get(name).and_then(Value::as_str).unwrap_or_default();
        let reason = if text("reason").is_empty() { String::new() } else { format!(" ({})", text("reason")) };
        let what = format!("{}/{}: {}{reason}", text("journey"), text("stage"), text("decision"));
        *counts.decisions.entry(what).or_default() += 1;
    }
    if context.format == Format::Json {
        writeln!(context.out, "{answer}")?;
    }
    Ok(())
}

fn refuse(context: &mut Context<'_>, counts: &mut Counts, line: u64, reason: &str) -> Result<(), Failure> {
    counts.refused += 1;
    writeln!(context.err, "line {line}: {reason}")?;
    Ok(())
}

fn summary(context: &mut Context<'_>, counts: &Counts) -> Result<(), Failure> {
    let Counts { events, refused, decisions } = counts;
    match context.format {
        Format::Json => {
            let summary = json!({ "events": events, "refused": refused, "decisions": decisions });
            writeln!(context.err, "{summary}")?;
        }
        Format::Table | Format::Csv => {
            writeln!(context.out, "{events} events, {refused} refused")?;
            for (what, n) in decisions {
                writeln!(context.out, "{n:>8}  {what}")?;
            }
        }
    }
    Ok(())
}
