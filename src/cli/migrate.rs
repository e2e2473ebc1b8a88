//! `canvass migrate-plans`: moves running invitations to the configuration in force, once somebody has seen how many.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::args::MigrateOptions;
use super::client::Client;
use super::rows::{self, cell, n_of, number};
use super::{Context, Exit, Failure, confirm, progress};

/// The columns of what becomes of them as CSV.
const COLUMNS: [&str; 5] = ["journey", "stage", "result", "reason", "n"];
/// What makes two rows one.
const KIND: [&str; 5] = ["journey", "stage", "result", "reason", "explanation"];

/// What becomes of invitations, by stage, result and reason.
type Counts = BTreeMap<[String; 5], usize>;

/// Says what would become of them, and does it when that is wanted.
pub(super) async fn migrate_plans(options: &MigrateOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    if !options.yes {
        let counts = pages(&client, options, (context.operator(), true)).await?;
        write(context, &counts, "would be ")?;
        let n_to_change = n_with(&counts, "moved") + n_with(&counts, "dropped");
        if n_to_change == 0 || !confirm::asked(context, "Move them?")? {
            client.close().await?;
            if n_to_change > 0 {
                writeln!(context.err, "nothing was moved; say `--yes` to move them")?;
            }
            return Ok(if n_to_change > 0 { Exit::Failed } else { Exit::Ok });
        }
    }
    let counts = pages(&client, options, (context.operator(), false)).await?;
    client.close().await?;
    if options.yes {
        write(context, &counts, "")?;
    } else {
        writeln!(context.err, "{}", sum(&counts, ""))?;
    }
    Ok(Exit::Ok)
}

async fn pages(
    client: &Client,
    options: &MigrateOptions,
    (operator, dry_run): (&str, bool),
) -> Result<Counts, Failure> {
    let scope: BTreeMap<_, _> = options.scope.given().into_iter().collect();
    let (mut counts, mut after) = (Counts::new(), Value::Null);
    let bar = progress::counter("invitations looked at");
    loop {
        let request = json!({ "scope": scope, "by": operator, "dry_run": dry_run, "after": after });
        let page = client.post("/api/v1/invitations/migrate", &[], &request).await?.json()?;
        bar.inc(page.get("looked_at").and_then(Value::as_u64).unwrap_or_default());
        for row in page.get("rows").and_then(Value::as_array).into_iter().flatten() {
            *counts.entry(KIND.map(|name| cell(row, name))).or_default() += number(row, "n");
        }
        after = page.get("next").cloned().unwrap_or_default();
        if after.is_null() {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(counts)
}

fn write(context: &mut Context<'_>, counts: &Counts, would: &str) -> Result<(), Failure> {
    let row = |(kind, n): (&[String; 5], &usize)| {
        let fields = KIND.into_iter().zip(kind).filter(|(_, value)| !value.is_empty());
        let fields = fields.map(|(name, value)| (name.to_owned(), json!(value)));
        fields.chain([("n".to_owned(), json!(n))]).collect()
    };
    let rows: Vec<Value> = counts.iter().map(row).collect();
    rows::write(context, (&COLUMNS, &rows), (line, &sum(counts, would)))?;
    Ok(())
}

fn line(row: &Value) -> String {
    let [journey, stage, result, why, n] =
        ["journey", "stage", "result", "explanation", "n"].map(|name| cell(row, name));
    let what = match result.as_str() {
        "moved" => "goes on under the configuration in force".to_owned(),
        "dropped" => format!("is not asked any more, because {why}"),
        "unchanged" => "stands on it already".to_owned(),
        _ => format!("stays as it was planned, because {why}"),
    };
    format!("{n:>8}  {journey}/{stage}: {what}")
}

fn sum(counts: &Counts, would: &str) -> String {
    let moved = n_of(n_with(counts, "moved"), "invitation", "invitations");
    let (n_dropped, n_left) = (n_with(counts, "dropped"), n_with(counts, "unchanged") + n_with(counts, "stays"));
    format!("{moved} {would}moved, {n_dropped} {would}dropped, {n_left} left as they are")
}

fn n_with(counts: &Counts, wanted: &str) -> usize {
    counts.iter().filter(|([_, _, result, ..], _)| result == wanted).map(|(_, n)| n).sum()
}
