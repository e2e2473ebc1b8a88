//! `canvass cards`: print, list, revoke.

use serde_json::{Value, json};

use super::args::{CardsList, CardsPrint, CardsRevoke, Format};
use super::rows::{self, cell};
use super::{Context, Exit, Failure};

/// Makes cards and writes the PDF.
pub(super) async fn print(options: &CardsPrint, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let order = json!({
        "branch": options.branch, "touchpoint": options.touchpoint, "sheet": options.sheet, "design": options.design, "copies": options.copies,
        "print_run": options.print_run, "marks": options.marks, "bleed": options.bleed,
        "offset_mm": [options.offset_x, options.offset_y],
    });
    let printed = client.post("/api/v1/cards/print", &[], &order).await?;
    client.close().await?;
    let cannot = |err: std::io::Error| {
        let path = options.output.display();
        Failure::new(Exit::Failed, format!("the cards were made, but `{path}` cannot be written: {err}"))
    };
    std::fs::write(&options.output, &printed.body).map_err(cannot)?;
    let header = |name: &str| printed.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (run, n) = (header("canvass-print-run"), header("canvass-cards"));
    match context.format {
        Format::Json => {
            let n: u64 = n.parse().unwrap_or_default();
            let made = json!({ "print_run": run, "cards": n, "output": options.output.display().to_string() });
            writeln!(context.out, "{made}")?;
        }
        Format::Table | Format::Csv => {
            writeln!(context.out, "{n} cards of print run {run} in {}", options.output.display())?;
        }
    }
    Ok(Exit::Ok)
}

/// Lists cards.
pub(super) async fn list(options: &CardsList, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let filters = [("branch", &options.branch), ("print_run", &options.print_run)];
    let query: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
    let client = context.client().await?;
    let mut rows = Vec::new();
    let collected = client.each_row("/api/v1/cards", &query, |card| {
        rows.push(card.clone());
        Ok(())
    });
    collected.await?;
    client.close().await?;
    let columns = ["code", "branch", "touchpoint", "survey", "print_run", "serial", "made_at", "revoked_at"];
    let print = |row: &Value| {
        let [code, branch, touchpoint, survey, run, serial, _, revoked] = columns.map(|name| cell(row, name));
        let revoked = if revoked.is_empty() { String::new() } else { format!("  revoked {revoked}") };
        format!("{code}  {branch}/{touchpoint}  {survey}  {run} #{serial}{revoked}")
    };
    let n = rows.len();
    rows::write(context, (&columns, &rows), (print, &format!("{n} cards")))?;
    Ok(Exit::Ok)
}

/// Puts a card out of use.
pub(super) async fn revoke(options: &CardsRevoke, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let code: String = form_urlencoded::byte_serialize(options.code.as_bytes()).collect();
    let card = client.post(&format!("/api/v1/cards/{code}/revoke"), &[], &Value::Null).await?.json()?;
    client.close().await?;
    match context.format {
        Format::Json => writeln!(context.out, "{card}")?,
        Format::Table | Format::Csv => writeln!(context.out, "{} is out of use", cell(&card, "code"))?,
    }
    Ok(Exit::Ok)
}
