//! `canvass suppressions`: addresses that nothing is sent to.

use std::io::{self, BufRead, BufReader, Read};

use serde_json::{Value, json};

use super::args::{Format, SuppressionsImport, SuppressionsRemove};
use super::rows::{self, cell, n_of, number};
use super::{Context, Exit, Failure, input, progress};
use crate::domain::suppression::read_address;

/// Addresses in one request.
const BATCH: usize = 1_000;
/// Longest line that can hold an address, in bytes.
const LINE_BYTES_MAX: u64 = 1_000;
/// The columns of an entry as CSV.
const COLUMNS: [&str; 6] = ["mark", "channel", "reason", "source", "since", "contacts"];

/// Lists them.
pub(super) async fn list(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let mut entries = Vec::new();
    let collected = client.each_row("/api/v1/suppressions", &[], |row| {
        entries.push(row.clone());
        Ok(())
    });
    collected.await?;
    client.close().await?;
    let sum = n_of(entries.len(), "address is suppressed", "addresses are suppressed");
    rows::write(context, (&COLUMNS, &entries), (line, &sum))?;
    Ok(Exit::Ok)
}

fn line(entry: &Value) -> String {
    let [channel, reason, source, since] = ["channel", "reason", "source", "since"].map(|name| cell(entry, name));
    let contacts: Vec<_> = entry.get("contacts").and_then(Value::as_array).into_iter().flatten().collect();
    let whose = match contacts.as_slice() {
        [] => "of nobody who is known".to_owned(),
        contacts => contacts.iter().filter_map(|id| id.as_str()).collect::<Vec<_>>().join(", "),
    };
    format!("{channel}  since {since}  {reason}, says {source}: {whose}")
}

/// Puts the addresses of a file on the list, one a line. At a line that is no address it stops; what stands before it is
/// on the list then, and the file again changes nothing of that.
pub(super) async fn import(options: &SuppressionsImport, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (file, size) = input::open(&options.file)?;
    let bar = progress::bytes(size, "importing suppressions");
    let mut lines = (1_usize..).zip(lines(bar.wrap_read(file))).peekable();
    let client = context.client().await?;
    let (mut n_added, mut n_known) = (0, 0);
    while lines.peek().is_some() {
        let mut wrong = None;
        let mut addresses = Vec::new();
        for (number, line) in lines.by_ref().take(BATCH) {
            match line.map_err(|err| err.to_string()).and_then(|line| address(&line)) {
                Ok(address) => addresses.extend(address),
                Err(why) => {
                    wrong = Some(Failure::new(Exit::Data, format!("{}:{number}: {why}", options.file.display())));
                    break;
                }
            }
        }
        if !addresses.is_empty() {
            let request = json!({ "addresses": addresses, "source": options.source, "by": context.operator() });
            let answer = client.post("/api/v1/suppressions", &[], &request).await?.json()?;
            n_added += number(&answer, "added");
            n_known += number(&answer, "known");
        }
        if let Some(wrong) = wrong {
            bar.abandon();
            client.close().await?;
            return Err(wrong);
        }
    }
    bar.finish_and_clear();
    client.close().await?;
    match context.format {
        Format::Json => writeln!(context.out, "{:#}", json!({ "added": n_added, "known": n_known }))?,
        Format::Table | Format::Csv => {
            let added = n_of(n_added, "address is", "addresses are");
            writeln!(context.out, "{added} on the list now, {n_known} had been before")?;
        }
    }
    Ok(Exit::Ok)
}

/// The lines of a file, of which none is read further than a line with an address can be long.
fn lines(file: impl Read) -> impl Iterator<Item = io::Result<String>> {
    let mut file = BufReader::new(file);
    std::iter::from_fn(move || {
        let mut line = String::new();
        match file.by_ref().take(LINE_BYTES_MAX).read_line(&mut line) {
            Ok(0) => None,
            read => Some(read.map(|_| line)),
        }
    })
}

/// The address on a line; none on one that is empty or a remark.
fn address(line: &str) -> Result<Option<String>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    read_address(line).map(|(_, address)| Some(address))
}

/// Takes an address off the list.
pub(super) async fn remove(options: &SuppressionsRemove, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let request = json!({ "address": options.address, "by": context.operator() });
    let removed = client.post("/api/v1/suppressions/remove", &[], &request).await?.json()?;
    client.close().await?;
    match context.format {
        Format::Json => writeln!(context.out, "{removed:#}")?,
        Format::Table | Format::Csv => writeln!(context.out, "taken off the list: {}", line(&removed))?,
    }
    Ok(Exit::Ok)
}
