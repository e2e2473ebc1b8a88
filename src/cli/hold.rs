//! `canvass hold` and `canvass release`: nothing more leaves of some messages, until somebody has seen what would go out.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::args::{Format, HoldCommand, HoldOptions, ReleaseOptions};
use super::client::Client;
use super::rows::{self, cell, n_of, number};
use super::{Context, Exit, Failure, confirm, progress};

/// The columns of a hold as CSV.
const HOLD: [&str; 9] = ["scope", "journey", "stage", "branch", "channel", "since", "kind", "reason", "by"];
/// The columns of what would go out as CSV.
const OUTLOOK: [&str; 8] = ["day", "journey", "stage", "branch", "channel", "n", "n_too_late", "oldest"];
/// Those of them that tell one row from another.
const PLACE: [&str; 5] = ["day", "journey", "stage", "branch", "channel"];

/// Holds messages, or lists what is held.
pub(super) async fn hold(options: &HoldOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if let Some(HoldCommand::List) = options.command {
        return list(context).await;
    }
    let client = context.client().await?;
    let scope: BTreeMap<_, _> = options.scope.given().into_iter().collect();
    let request = json!({ "scope": scope, "reason": options.reason, "by": context.operator() });
    let hold = client.post("/api/v1/holds", &[], &request).await?.json()?;
    client.close().await?;
    match context.format {
        Format::Json => writeln!(context.out, "{hold:#}")?,
        Format::Table | Format::Csv => {
            writeln!(context.out, "held since {}: {}", cell(&hold, "since"), cell(&hold, "scope"))?;
        }
    }
    Ok(Exit::Ok)
}

async fn list(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let holds = rows_of(&client.get("/api/v1/holds", &[]).await?.json()?);
    client.close().await?;
    let sum = n_of(holds.len(), "hold", "holds");
    rows::write(context, (&HOLD, &holds), (hold_line, &sum))?;
    Ok(Exit::Ok)
}

fn hold_line(hold: &Value) -> String {
    let [scope, since, kind, reason, by] = ["scope", "since", "kind", "reason", "by"].map(|name| cell(hold, name));
    let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
    let reason = match (kind.as_str(), reason.as_str()) {
        ("operator", "") => String::new(),
        ("operator", reason) => format!(": {reason}"),
        (kind, "") => format!(": {kind}"),
        (kind, reason) => format!(": {kind}, {reason}"),
    };
    format!("{scope}  since {since}{by}{reason}")
}

/// Lets held messages go, once somebody has seen what would go out.
pub(super) async fn release(options: &ReleaseOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let may_go = options.yes || look_first(&client, options, context).await?;
    if !may_go {
        client.close().await?;
        writeln!(context.err, "nothing was released; say `--yes` to let it go")?;
        return Ok(Exit::Failed);
    }
    let scope: BTreeMap<_, _> = options.scope.given().into_iter().collect();
    let request = json!({ "scope": scope, "all": options.all });
    let released = rows_of(&client.post("/api/v1/holds/release", &[], &request).await?.json()?);
    client.close().await?;
    if options.yes {
        let line = |hold: &Value| format!("released: {}", cell(hold, "scope"));
        let sum = n_of(released.len(), "hold released", "holds released");
        rows::write(context, (&HOLD, &released), (line, &sum))?;
    } else {
        writeln!(context.err, "{}", n_of(released.len(), "hold released", "holds released"))?;
    }
    Ok(Exit::Ok)
}

/// Lists what would go out. Gives whether whoever sits at the terminal says that it may.
async fn look_first(client: &Client, options: &ReleaseOptions, context: &mut Context<'_>) -> Result<bool, Failure> {
    let mut counts = BTreeMap::<[String; 5], Waiting>::new();
    let mut after = Value::Null;
    let bar = progress::counter("waiting messages looked at");
    loop {
        let place = after.as_str().unwrap_or_default().to_owned();
        let mut query = options.scope.given();
        query.extend(options.all.then_some(("all", "true")));
        query.extend((!place.is_empty()).then_some(("after", place.as_str())));
        let page = client.get("/api/v1/holds/outlook", &query).await?.json()?;
        bar.inc(page.get("looked_at").and_then(Value::as_u64).unwrap_or_default());
        for row in rows_of(&page) {
            counts.entry(PLACE.map(|name| cell(&row, name))).or_default().add(&Waiting::of(&row));
        }
        after = page.get("next").cloned().unwrap_or_default();
        if after.is_null() {
            break;
        }
    }
    bar.finish_and_clear();
    let mut all = Waiting::default();
    for waiting in counts.values() {
        all.add(waiting);
    }
    let rows: Vec<_> = counts.iter().map(|(place, waiting)| waiting.row(place)).collect();
    rows::write(context, (&OUTLOOK, &rows), (outlook_line, &all.sum()))?;
    confirm::asked(context, "Let it go?")
}

/// What waits, as the API counts it page by page.
#[derive(Default)]
struct Waiting {
    n: usize,
    n_too_late: usize,
    oldest: Option<DateTime<Utc>>,
}

impl Waiting {
    fn of(row: &Value) -> Self {
        let oldest = cell(row, "oldest").parse().ok();
        Self { n: number(row, "n"), n_too_late: number(row, "n_too_late"), oldest }
    }

    fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.n_too_late += other.n_too_late;
        self.oldest = self.oldest.into_iter().chain(other.oldest).min();
    }

    fn oldest(&self) -> Option<String> {
        self.oldest.map(|oldest| oldest.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    fn row(&self, [day, journey, stage, branch, channel]: &[String; 5]) -> Value {
        json!({
            "day": day, "journey": journey, "stage": stage, "branch": Some(branch).filter(|branch| !branch.is_empty()),
            "channel": channel, "n": self.n, "n_too_late": self.n_too_late, "oldest": self.oldest(),
        })
    }

    fn sum(&self) -> String {
        let n = n_of(self.n, "message would go out when it is due", "messages would go out as they come due");
        let oldest = self.oldest().map(|oldest| format!("; the first is of {oldest}")).unwrap_or_default();
        format!("{n}, {} would be dropped as too late{oldest}", self.n_too_late)
    }
}

fn outlook_line(row: &Value) -> String {
    let [day, journey, stage, branch, channel, n, n_too_late, oldest] = OUTLOOK.map(|name| cell(row, name));
    let at = if branch.is_empty() { String::new() } else { format!(" at {branch}") };
    let late = if n_too_late == "0" { String::new() } else { format!(", {n_too_late} too late by now") };
    format!("{day}  {n:>8}  {journey}/{stage}{at} by {channel}{late}, from {oldest} on")
}

fn rows_of(answer: &Value) -> Vec<Value> {
    answer.get("rows").and_then(Value::as_array).cloned().unwrap_or_default()
}
