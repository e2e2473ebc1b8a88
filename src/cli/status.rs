//! `canvass status`: how things stand, for somebody who was woken by an alarm. What is wrong comes first, each in a line;
//! then what there is to do, how fast it leaves, and what went wrong lately.

use serde_json::Value;

use super::args::Format;
use super::rows::{self, cell, n_of, number};
use super::{Context, Exit, Failure};

/// The columns of the queue as CSV.
const QUEUE: [&str; 10] = [
    "channel",
    "due",
    "due_at_least",
    "waiting",
    "in_flight",
    "held",
    "unknown",
    "unknown_for_operator",
    "oldest_due_at",
    "held_at_least",
];
/// Errors that people are shown; JSON has all that are kept.
const ERRORS_SHOWN: usize = 8;

/// Says how things stand.
pub(super) async fn status(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let status = client.get("/api/v1/status", &[]).await?.json()?;
    client.close().await?;
    match context.format {
        Format::Json => writeln!(context.out, "{status:#}")?,
        Format::Csv => {
            let queue = list(&status, "queue").to_vec();
            rows::write(context, (&QUEUE, &queue), (|_| String::new(), ""))?;
        }
        Format::Table => write!(context.out, "{}", page(&status))?,
    }
    Ok(Exit::Ok)
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What people read.
fn page(status: &Value) -> String {
    let mut page = headline(status);
    for alarm in list(status, "alarms").iter().filter_map(Value::as_str) {
        page.push_str("! ");
        page.push_str(alarm);
        page.push('\n');
    }
    let queue = queue(list(status, "queue"), &cell(status, "at"));
    let spent = spent(list(status, "gateways"));
    let tables =
        [(queue, true), (spent, false), (rates(list(status, "rates")), true), (errors(list(status, "errors")), false)];
    for (table, of_numbers) in tables.iter().filter(|(table, _)| table.len() > 1) {
        page.push('\n');
        page.push_str(&aligned(table, *of_numbers));
    }
    page
}

fn headline(status: &Value) -> String {
    let part = |of: &str, name: &str| status.get(of).map(|of| cell(of, name)).unwrap_or_default();
    let (version, since) = (part("daemon", "version"), part("daemon", "since"));
    let runs = match since.as_str() {
        "" => format!("canvass {version} does not run"),
        since => format!("canvass {version} runs since {since}"),
    };
    let bytes = status.get("store").and_then(|store| store.get("bytes")).and_then(Value::as_f64);
    let store = bytes.map(|bytes| format!(", store {:.1} MB", bytes / 1e6)).unwrap_or_default();
    let windows = status.get("windows_open").and_then(Value::as_u64).map(|n| {
        let n = n_of(usize::try_from(n).unwrap_or(usize::MAX), "window", "windows");
        format!(", {n} open")
    });
    let end = if list(status, "alarms").is_empty() { "; nothing is wrong" } else { "" };
    format!("{runs}{store}{}{end}\n", windows.unwrap_or_default())
}

type Table = Vec<Vec<String>>;

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn queue(channels: &[Value], now: &str) -> Table {
    let names = ["", "due", "waiting", "in flight", "held", "unknown", "oldest due"];
    let bounded = |row: &Value, name: &str| {
        let more = row.get(format!("{name}_at_least")).and_then(Value::as_bool).unwrap_or_default();
        format!("{}{}", number(row, name), if more { "+" } else { "" })
    };
    let row = |row: &Value| {
        let waiting = number(row, "waiting").to_string();
        let in_flight = number(row, "in_flight").to_string();
        vec![
            cell(row, "channel"),
            bounded(row, "due"),
            waiting,
            in_flight,
            bounded(row, "held"),
            bounded(row, "unknown"),
            age(&cell(row, "oldest_due_at"), now),
        ]
    };
    std::iter::once(header(&names)).chain(channels.iter().map(row)).collect()
}

/// What gateways that have a limit cost today.
fn spent(gateways: &[Value]) -> Table {
    let row = |gateway: &Value| {
        let of = |what: &str| match (cell(gateway, what), cell(gateway, &format!("{what}_limit"))) {
            (_, limit) if limit.is_empty() => "-".to_owned(),
            (spent, limit) => format!("{spent} of {limit}"),
        };
        let until = cell(gateway, "stopped_until");
        let stopped = if until.is_empty() { String::new() } else { format!("stopped until {until}") };
        vec![cell(gateway, "name"), of("segments"), of("spent"), stopped]
    };
    let head = header(&["spent today", "segments", "money", ""]);
    std::iter::once(head).chain(gateways.iter().map(row)).collect()
}

/// How long ago something was; a dash where it never was.
fn age(at: &str, now: &str) -> String {
    let read = |text: &str| chrono::DateTime::parse_from_rfc3339(text).ok();
    match read(now).zip(read(at)) {
        Some((now, at)) => crate::daemon::status::span(now - at),
        None => "-".to_owned(),
    }
}

fn rates(rates: &[Value]) -> Table {
    let names = ["per minute over", "1m", "5m", "15m"];
    let mut table = vec![header(&names)];
    let channels: std::collections::BTreeSet<_> = rates.iter().map(|rate| cell(rate, "channel")).collect();
    for channel in &channels {
        for what in ["sent", "failed", "deferred", "unknown"] {
            let spans = rates.iter().filter(|rate| cell(rate, "channel") == *channel);
            let values: Vec<_> = spans.map(|rate| rate.get(what).and_then(Value::as_f64).unwrap_or_default()).collect();
            // A row of zeros says nothing but for what ought to leave.
            if what == "sent" || values.iter().any(|value| *value > 0.0) {
                let row = values.iter().map(|value| format!("{value:.1}"));
                table.push(std::iter::once(format!("{channel} {what}")).chain(row).collect());
            }
        }
    }
    table
}

fn errors(errors: &[Value]) -> Table {
    let row = |error: &Value| {
        let route = [cell(error, "kind"), cell(error, "name")];
        let route: Vec<_> = route.into_iter().filter(|word| !word.is_empty()).collect();
        vec![
            cell(error, "at").split('.').next().unwrap_or_default().trim_end_matches('Z').to_owned() + "Z",
            format!("{}x", number(error, "n")),
            cell(error, "channel"),
            cell(error, "outcome"),
            format!("{}  {}", cell(error, "what"), route.join(" ")).trim_end().to_owned(),
        ]
    };
    let head = header(&["last errors", "", "", "", ""]);
    std::iter::once(head).chain(errors.iter().take(ERRORS_SHOWN).map(row)).collect()
}

/// The table in columns, the first to the left and the others too, unless they are `of_numbers`.
fn aligned(table: &Table, of_numbers: bool) -> String {
    let n_columns = table.iter().map(Vec::len).max().unwrap_or_default();
    let chars = |cell: &String| cell.chars().count();
    let width = |n: usize| table.iter().filter_map(|row| row.get(n)).map(chars).max().unwrap_or_default();
    let widths: Vec<_> = (0..n_columns).map(width).collect();
    let mut text = String::new();
    for row in table {
        let cells = row.iter().zip(&widths).enumerate().map(|(n, (cell, width))| match n {
            1.. if of_numbers => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
