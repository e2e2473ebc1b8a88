//! `canvass flags`: answers that may not be what they seem.

use serde_json::{Value, json};

use super::args::{FlagsMark, FlagsOptions};
use super::rows::{self, cell, n_of, number};
use super::{Context, Exit, Failure, confirm};

/// The columns of the list as CSV.
const COLUMNS: [&str; 7] = ["branch", "touchpoint", "flag", "answers", "cleared", "first_at", "last_at"];

/// Lists them by place and flag.
pub(super) async fn list(options: &FlagsOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let found = client.get("/api/v1/flags", &options.given()).await?.json()?;
    let found: Vec<_> = found.get("rows").and_then(Value::as_array).cloned().unwrap_or_default();
    client.close().await?;
    let sum = n_of(found.len(), "kind of flag at a place", "kinds of flags at places");
    rows::write(context, (&COLUMNS, &found), (line, &sum))?;
    Ok(Exit::Ok)
}

fn line(row: &Value) -> String {
    let [branch, touchpoint, flag, first, last] =
        ["branch", "touchpoint", "flag", "first_at", "last_at"].map(|name| cell(row, name));
    let answers = n_of(number(row, "answers"), "answer", "answers");
    let cleared = match number(row, "cleared") {
        0 => String::new(),
        n => format!(", {n} of them cleared"),
    };
    format!("{branch} {touchpoint}  {flag}  {answers}{cleared}  {first} to {last}")
}

/// Lets flagged answers count (`clear`), takes that back (`restore`), or flags answers by hand (`flag`).
pub(super) async fn mark(
    mark: &str,
    (options, flag): (&FlagsMark, Option<&str>),
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let which: serde_json::Map<_, _> =
        options.which.given().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let request =
        |dry_run: bool, by: &str| json!({ "mark": mark, "as": flag, "which": which, "dry_run": dry_run, "by": by });
    if !options.yes {
        let found = client.post("/api/v1/flags", &[], &request(true, "")).await?.json()?;
        let answers = n_of(number(&found, "found"), "answer", "answers");
        let becomes = match mark {
            "clear" => "would count from now on",
            "restore" => "would no longer count",
            _ => "would be flagged and no longer count",
        };
        if !confirm::asked(context, &format!("{answers} {becomes}. Go on?"))? {
            client.close().await?;
            return Err(Failure::new(Exit::Usage, format!("{answers} {becomes}; nothing was changed, say --yes")));
        }
    }
    let by = context.operator().to_owned();
    let done = client.post("/api/v1/flags", &[], &request(false, &by)).await?.json()?;
    client.close().await?;
    writeln!(context.out, "{} changed", n_of(number(&done, "changed"), "answer", "answers"))?;
    Ok(Exit::Ok)
}
