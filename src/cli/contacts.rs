//! `canvass contacts import`: streaming, row by row, bad rows reported while the good ones go in.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value, json};

use super::args::{ContactsImport, Format};
use super::client::Client;
use super::{Context, Exit, Failure, input, progress};

/// Contacts in one request.
const BATCH: usize = 1_000;
/// Bad rows that are printed; beyond, they are counted.
const BAD_ROWS_SHOWN_MAX: u64 = 1_000;
/// Most columns of a file.
const COLUMNS_MAX: usize = 200;
/// The columns that are fields; every other becomes an attribute.
const FIELDS: [&str; 9] =
    ["id", "name", "email", "phone", "locale", "time_zone", "branch", "consent_email", "consent_sms"];

/// What became of the rows.
#[derive(Default)]
struct Counts {
    rows: u64,
    created: u64,
    updated: u64,
    unchanged: u64,
    refused: u64,
}

/// Imports a file.
pub(super) async fn import(options: &ContactsImport, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (input, size) = input::open(&options.file)?;
    let bar = progress::bytes(size, "importing contacts");
    let mut input = BufReader::new(bar.wrap_read(input));
    let delimiter = match options.delimiter {
        Some(given) => u8::try_from(given).map_err(|_| usage(format!("`{given}` cannot stand between columns")))?,
        None => guess_delimiter(input.fill_buf()?),
    };
    let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(input);
    let columns = Columns::read(reader.headers().map_err(|err| unreadable(&err))?, &options.mappings)?;
    let client = context.client().await?;
    let mut counts = Counts::default();
    let mut batch = Batch::default();
    let mut record = StringRecord::new();
    loop {
        let more = match reader.read_record(&mut record) {
            Ok(more) => more,
            Err(err) => {
                counts.rows += 1;
                let row = err.position().map_or(0, csv::Position::line);
                refuse(context, &mut counts, row, &unreadable_row(&err))?;
                continue;
            }
        };
        if more {
            counts.rows += 1;
            let row = record.position().map_or(counts.rows + 1, csv::Position::line);
            match columns.contact(&record) {
                Ok(contact) => batch.push(row, contact),
                Err(reason) => refuse(context, &mut counts, row, &reason)?,
            }
        }
        if batch.rows.len() == BATCH || !more {
            send(&client, options, context, (&mut batch, &mut counts)).await?;
        }
        if !more {
            break;
        }
    }
    bar.finish_and_clear();
    client.close().await?;
    summary(context, options, &counts)?;
    Ok(if counts.refused == 0 { Exit::Ok } else { Exit::Failed })
}

fn usage(message: String) -> Failure {
    Failure::new(Exit::Usage, message)
}

fn unreadable(err: &csv::Error) -> Failure {
    Failure::new(Exit::Failed, format!("the header row cannot be read: {err}"))
}

fn unreadable_row(err: &csv::Error) -> String {
    if let csv::ErrorKind::Utf8 { err, .. } = err.kind() {
        return format!("column {} is not UTF-8", err.field() + 1);
    }
    err.to_string()
}

/// Spreadsheets of half of Europe write semicolons.
fn guess_delimiter(start: &[u8]) -> u8 {
    let header = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let n_of = |wanted: u8| header.split(|&byte| byte == wanted).count();
    [b',', b';', b'\t'].into_iter().max_by_key(|&candidate| (n_of(candidate), candidate == b',')).unwrap_or(b',')
}

/// Which column holds what.
struct Columns {
    n: usize,
    fields: Vec<(usize, &'static str)>,
    attributes: Vec<(usize, String)>,
}

impl Columns {
    fn read(header: &StringRecord, mappings: &[(String, String)]) -> Result<Self, Failure> {
        let names: Vec<_> = header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        if names.len() > COLUMNS_MAX {
            return Err(Failure::new(Exit::Failed, format!("{} columns; at most {COLUMNS_MAX}", names.len())));
        }
        let mut field_of: BTreeMap<String, &'static str> =
            FIELDS.into_iter().map(|field| (field.to_owned(), field)).collect();
        for (field, column) in mappings {
            let known = FIELDS.into_iter().find(|known| known == field);
            let known = known
                .ok_or_else(|| usage(format!("--map: `{field}` is no field; there are: {}", FIELDS.join(", "))))?;
            if !names.contains(column) {
                return Err(usage(format!("--map: there is no column `{column}`; there are: {}", names.join(", "))));
            }
            field_of.retain(|_, mapped| *mapped != known);
            field_of.insert(column.clone(), known);
        }
        let (mut fields, mut attributes) = (Vec::new(), Vec::new());
        for (index, name) in names.iter().enumerate() {
            match field_of.get(name.as_str()).or_else(|| field_of.get(name.to_lowercase().as_str())) {
                Some(field) => fields.push((index, *field)),
                None => attributes.push((index, name.clone())),
            }
        }
        if !fields.iter().any(|(_, field)| *field == "id") {
            let columns = names.join(", ");
            let message = format!("no column `id`; there are: {columns}. Name it with --map id=COLUMN");
            return Err(Failure::new(Exit::Failed, message));
        }
        Ok(Self { n: names.len(), fields, attributes })
    }

    fn contact(&self, record: &StringRecord) -> Result<Value, String> {
        if record.len() != self.n {
            return Err(format!("{} columns where the header has {}", record.len(), self.n));
        }
        let mut contact = Map::new();
        for (index, field) in &self.fields {
            if let Some(value) = record.get(*index).filter(|value| !value.trim().is_empty()) {
                contact.insert((*field).to_owned(), Value::String(value.to_owned()));
            }
        }
        let attributes: Map<_, _> = self
            .attributes
            .iter()
            .filter_map(|(index, name)| Some((name.clone(), record.get(*index).filter(|value| !value.is_empty())?)))
            .map(|(name, value)| (name, Value::String(value.to_owned())))
            .collect();
        contact.insert("attributes".to_owned(), Value::Object(attributes));
        Ok(Value::Object(contact))
    }
}

#[derive(Default)]
struct Batch {
    rows: Vec<u64>,
    contacts: Vec<Value>,
}

impl Batch {
    fn push(&mut self, row: u64, contact: Value) {
        self.rows.push(row);
        self.contacts.push(contact);
    }
}

async fn send(
    client: &Client,
    options: &ContactsImport,
    context: &mut Context<'_>,
    (batch, counts): (&mut Batch, &mut Counts),
) -> Result<(), Failure> {
    let rows = std::mem::take(&mut batch.rows);
    if rows.is_empty() {
        return Ok(());
    }
    let contacts = Value::Array(std::mem::take(&mut batch.contacts));
    let dry_run = if options.dry_run { "true" } else { "false" };
    let answer = client.post("/api/v1/contacts", &[("dry_run", dry_run)], &contacts).await?.json()?;
    for (row, result) in rows.into_iter().zip(answer.as_array().into_iter().flatten()) {
        take_result(context, options, counts, (row, result))?;
    }
    Ok(())
}

fn take_result(
    context: &mut Context<'_>,
    options: &ContactsImport,
    counts: &mut Counts,
    (row, result): (u64, &Value),
) -> Result<(), Failure> {
    let text = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
    let (sign, what) = match text("result") {
        "created" => {
            counts.created += 1;
            ('+', String::new())
        }
        "updated" => {
            counts.updated += 1;
            let fields = result.get("fields").and_then(Value::as_array).into_iter().flatten();
            ('~', fields.filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        "unchanged" => {
            counts.unchanged += 1;
            return Ok(());
        }
        _ => {
            let errors = result.get("errors").and_then(Value::as_array).into_iter().flatten();
            let reasons: Vec<_> = errors
                .map(|error| {
                    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
                    format!("{}: {}", text("field"), text("message"))
                })
                .collect();
            return refuse(context, counts, row, &reasons.join("; "));
        }
    };
    if options.dry_run && context.format == Format::Table {
        writeln!(context.out, "{sign} {} {what}", text("id"))?;
    }
    Ok(())
}

fn refuse(context: &mut Context<'_>, counts: &mut Counts, row: u64, reason: &str) -> Result<(), Failure> {
    counts.refused += 1;
    if counts.refused <= BAD_ROWS_SHOWN_MAX {
        writeln!(context.err, "row {row}: {reason}")?;
    }
    if counts.refused == BAD_ROWS_SHOWN_MAX {
        writeln!(context.err, "further bad rows are only counted")?;
    }
    Ok(())
}

fn summary(context: &mut Context<'_>, options: &ContactsImport, counts: &Counts) -> Result<(), Failure> {
    let Counts { rows, created, updated, unchanged, refused } = counts;
    match context.format {
        Format::Json => {
            let summary = json!({
                "rows": rows, "created": created, "updated": updated, "unchanged": unchanged, "refused": refused,
                "dry_run": options.dry_run,
            });
            writeln!(context.out, "{summary}")?;
        }
        Format::Csv => {
            writeln!(context.out, "rows,created,updated,unchanged,refused")?;
            writeln!(context.out, "{rows},{created},{updated},{unchanged},{refused}")?;
        }
        Format::Table => {
            let would = if options.dry_run { " (dry run: nothing was changed)" } else { "" };
            writeln!(
                context.out,
                "{rows} rows: {created} created, {updated} updated, {unchanged} unchanged, {refused} refused{would}"
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_found_out_from_the_header() {
        assert_eq!(guess_delimiter(b"id,name\n1;2;3"), b',');
        assert_eq!(guess_delimiter(b"id;name;email\n"), b';');
        assert_eq!(guess_delimiter(b"id\tname\n"), b'\t');
        assert_eq!(guess_delimiter(b"id"), b',');
    }

    #[test]
    fn columns_are_fields_attributes_or_mapped() {
        let header = StringRecord::from(vec!["\u{feff}Kundennr", "E-Mail", "Tier", "Name"]);
        let mappings = [("id", "Kundennr"), ("email", "E-Mail")].map(|(f, c)| (f.to_owned(), c.to_owned()));
        let columns = Columns::read(&header, &mappings).unwrap();
        let contact = columns.contact(&StringRecord::from(vec!["7", "a@b.example", "gold", "Ada"])).unwrap();
        let expected = json!({ "id": "7", "email": "a@b.example", "name": "Ada", "attributes": { "Tier": "gold" } });
        assert_eq!(contact, expected);
        assert!(columns.contact(&StringRecord::from(vec!["7"])).unwrap_err().contains("1 columns"));
        assert!(Columns::read(&header, &[]).is_err());
    }
}
