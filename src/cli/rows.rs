//! Rows of the API, as JSON, as CSV, or as lines for people.

use serde_json::{Value, json};

use super::args::Format;
use super::{Context, Failure};

/// Writes rows: these columns of them as CSV, all of them as JSON, and for people a line each and one in the end.
pub(super) fn write(
    context: &mut Context<'_>,
    (columns, rows): (&[&str], &[Value]),
    (line, sum): (impl Fn(&Value) -> String, &str),
) -> Result<(), Failure> {
    match context.format {
        Format::Json => writeln!(context.out, "{:#}", json!({ "rows": rows }))?,
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(&mut *context.out);
            let failed = |err: csv::Error| Failure::of(&err);
            csv.write_record(columns).map_err(failed)?;
            for row in rows {
                csv.write_record(columns.iter().map(|name| cell(row, name))).map_err(failed)?;
            }
            csv.flush()?;
        }
        Format::Table => {
            for row in rows {
                writeln!(context.out, "{}", line(row))?;
            }
            writeln!(context.out, "{sum}")?;
        }
    }
    Ok(())
}

/// A field of a row, as text; empty where there is none.
pub(super) fn cell(row: &Value, name: &str) -> String {
    match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// A count in a row; none where there is none.
pub(super) fn number(row: &Value, name: &str) -> usize {
    row.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or_default()
}

/// So many things, in words.
pub(super) fn n_of(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}
