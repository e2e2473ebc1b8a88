//! `canvass retry`: asks those again who came to a stop.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::args::RetryOptions;
use super::rows::{self, cell, n_of, number};
use super::{Context, Exit, Failure, progress};

/// Asks them again, page by page, and says how many of each stage, and who was left out and why.
pub(super) async fn retry(options: &RetryOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let scope: BTreeMap<_, _> = options.scope.given().into_iter().collect();
    let (mut since, mut after) = (json!(options.since), Value::Null);
    let mut counts = Counts::default();
    let bar = progress::counter("invitations looked at");
    loop {
        let request = json!({
            "state": options.state.as_str(), "scope": scope, "since": since, "dry_run": options.dry_run,
            "by": context.operator(), "after": after,
        });
        let page = client.post("/api/v1/invitations/retry", &[], &request).await?.json()?;
        bar.inc(page.get("looked_at").and_then(Value::as_u64).unwrap_or_default());
        for row in page.get("rows").and_then(Value::as_array).into_iter().flatten() {
            counts.add(row);
        }
        // What was "two hours ago" on the first page stays where it was.
        since = page.get("since").cloned().unwrap_or_default();
        after = page.get("next").cloned().unwrap_or_default();
        if after.is_null() {
            break;
        }
    }
    bar.finish_and_clear();
    client.close().await?;
    let rows = counts.rows();
    let again = n_of(counts.n_again, "invitation", "invitations");
    let sum = if options.dry_run {
        format!("{again} would be asked again, {} left out; nothing was changed", counts.n_left_out)
    } else {
        format!("{again} asked again, {} left out", counts.n_left_out)
    };
    rows::write(context, (&["journey", "stage", "result", "reason", "n"], &rows), (line, &sum))?;
    Ok(Exit::Ok)
}

fn line(row: &Value) -> String {
    let [journey, stage, n] = ["journey", "stage", "n"].map(|name| cell(row, name));
    let what = match cell(row, "explanation") {
        why if why.is_empty() => "asked again".to_owned(),
        why => format!("left out, because {why}"),
    };
    format!("{n:>8}  {journey}/{stage}: {what}")
}

/// The rows of all pages, those of one kind as one.
#[derive(Default)]
struct Counts {
    by_kind: BTreeMap<[String; 5], usize>,
    n_again: usize,
    n_left_out: usize,
}

const KIND: [&str; 5] = ["journey", "stage", "result", "reason", "explanation"];

impl Counts {
    fn add(&mut self, row: &Value) {
        let n = number(row, "n");
        let total = if cell(row, "result") == "left_out" { &mut self.n_left_out } else { &mut self.n_again };
        *total += n;
        *self.by_kind.entry(KIND.map(|name| cell(row, name))).or_default() += n;
    }

    fn rows(&self) -> Vec<Value> {
        let row = |(kind, n): (&[String; 5], &usize)| {
            let fields = KIND.into_iter().zip(kind).filter(|(_, value)| !value.is_empty());
            let fields = fields.map(|(name, value)| (name.to_owned(), json!(value)));
            fields.chain([("n".to_owned(), json!(n))]).collect()
        };
        self.by_kind.iter().map(row).collect()
    }
}
