//! The report as one flat table for spreadsheets.
//!
//! One header, one table. The column `kind` tells what a line is: `total` (every case once), `row` (a split of it; the
//! bases of channels overlap, so never add them up to the total) or `surface` (visits, where nobody was invited). Cases
//! and visits never share a column: a line leaves the columns of the other blank. Rates are fractions at full precision,
//! and a blank rate is a rate of nothing.

use std::io;

use chrono::SecondsFormat;

use super::aapor::Estimate;
use super::by::{By, Labels};
use super::rates::{Contact, DEFINITION_VERSION, RatesReport, Row};
use super::share::Share;
use super::surface::SurfaceRow;

/// Writes the report. Fails only where `out` does.
pub fn csv(report: &RatesReport, out: impl io::Write) -> io::Result<()> {
    let by = &report.query.by;
    let mut row_columns = Columns::default();
    row_columns.row(&report.total);
    let mut surface_columns = Columns::default();
    surface_columns.surface(None);
    let period = period(report);
    let mut writer = ::csv::Writer::from_writer(out);
    let mut line = |kind: &str, labels: Vec<String>, row: Vec<String>, surface: Vec<String>, period: Vec<String>| {
        writer.write_record([vec![kind.to_owned()], labels, row, surface, period].concat())
    };
    let names = by.iter().map(|by| by.as_str().to_owned()).collect();
    line("kind", names, row_columns.names.clone(), surface_columns.names.clone(), period.names)?;
    for row in [&report.total].into_iter().chain(&report.rows) {
        let mut columns = Columns::default();
        columns.row(row);
        let kind = if row.labels.is_empty() { "total" } else { "row" };
        line(kind, values(by, &row.labels), columns.values, surface_columns.values.clone(), period.values.clone())?;
    }
    let blank = vec![String::new(); row_columns.names.len()];
    for surface in &report.surfaces {
        let mut columns = Columns::default();
        columns.surface(Some(surface));
        line("surface", values(by, &surface.labels), blank.clone(), columns.values, period.values.clone())?;
    }
    writer.flush()
}

/// The labels under the dimensions of the report; blank where a line has none.
fn values(by: &[By], labels: &Labels) -> Vec<String> {
    let value = |by: &By| labels.iter().find(|(known, _)| known == by).and_then(|(_, value)| value.clone());
    by.iter().map(|by| value(by).unwrap_or_default()).collect()
}

fn period(report: &RatesReport) -> Columns {
    let mut columns = Columns::default();
    columns.put("from", Some(report.query.from));
    columns.put("to", Some(report.query.to));
    columns.put("as_of", Some(report.query.as_of.to_rfc3339_opts(SecondsFormat::Secs, true)));
    columns.put("definition_version", Some(DEFINITION_VERSION));
    columns
}

/// Some columns of a line.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    values: Vec<String>,
}

impl Columns {
    fn put<T: ToString>(&mut self, name: &str, value: Option<T>) {
        self.names.push(name.to_owned());
        self.values.push(value.map(|value| value.to_string()).unwrap_or_default());
    }

    fn row(&mut self, row: &Row) {
        for (name, count) in row.counters() {
            self.put(name, Some(count));
        }
        self.put("provisional", Some(row.provisional));
        self.share("rr_delivered", Some(row.rr_delivered()));
        self.share("rr_sent", Some(row.rr_sent()));
        self.put("base", Some(row.base().as_str()));
        self.put("attempted", Some(row.counts.attempted));
        self.put("not_delivered", Some(row.not_delivered()));
        self.contact("first_contact", row.first_contact());
        self.contact("fallback", row.fallback());
        for (name, share) in row.detail() {
            self.share(name, share);
        }
        self.estimate("rr3", row.outcomes().rr3());
        self.estimate("rr4", row.outcomes().rr4());
    }

    fn surface(&mut self, row: Option<&SurfaceRow>) {
        self.put("surface", row.map(|row| row.surface.as_str()));
        self.put("sessions", row.map(|row| row.tally.sessions));
        self.put("surface_complete", row.map(|row| row.tally.complete));
        self.put("surface_partial", row.map(|row| row.tally.partial));
        self.put("surface_flagged", row.map(|row| row.tally.flagged));
        self.share("completion", row.map(SurfaceRow::completion));
        self.put("surface_base", row.map(|row| row.base().as_str()));
    }

    fn share(&mut self, name: &str, share: Option<Share>) {
        let interval = share.and_then(|share| share.interval());
        self.put(name, share.and_then(|share| share.value()));
        self.put(&format!("{name}_n"), share.map(|share| share.n));
        self.put(&format!("{name}_lo"), interval.map(|interval| interval.lo));
        self.put(&format!("{name}_hi"), interval.map(|interval| interval.hi));
    }

    fn contact(&mut self, name: &str, contact: Option<Contact>) {
        self.put(&format!("{name}_n"), contact.map(|contact| contact.n));
        self.put(&format!("{name}_answered"), contact.map(|contact| contact.answered));
    }

    fn estimate(&mut self, name: &str, estimate: Estimate) {
        self.put(name, estimate.value);
        self.put(&format!("{name}_base"), Some(estimate.base));
    }
}
