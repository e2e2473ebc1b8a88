//! The report for machines and for people.

use std::io;

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::by::By;
use super::{BASIS, Counts, DEFINITION_VERSION, DeliveryReport, Labels};
use crate::domain::id::{BranchId, JourneyId, StageId};
use crate::report::grid::{Align, Grid};
use crate::report::json::share;
use crate::report::share::Share;
use crate::report::table::{base_legend, base_mark, days, percent};

/// Rows that people are shown; the rest is counted.
const ROWS_SHOWN: usize = 40;

/// The report as JSON, in the frame that all reports share.
pub fn json(report: &DeliveryReport) -> Value {
    let query = &report.query;
    json!({
        "report": "delivery",
        "definition_version": DEFINITION_VERSION,
        "by": names(&query.by),
        "from": query.from.to_string(),
        "to": query.to.to_string(),
        "basis": BASIS,
        "as_of": query.as_of.to_rfc3339_opts(SecondsFormat::Secs, true),
        "filters": {
            "journey": query.journey.as_ref().map(JourneyId::as_str),
            "stage": query.stage.as_ref().map(StageId::as_str),
            "branch": query.branch.as_ref().map(BranchId::as_str),
        },
        "total": object(Map::new(), &report.total),
        "rows": report.rows.iter().map(|(labels, counts)| {
            let labels = query.by.iter().zip(labels).map(|(by, label)| (by.as_str().to_owned(), label.clone().into()));
            object(labels.collect(), counts)
        }).collect::<Vec<_>>(),
    })
}

fn names(by: &[By]) -> Vec<&'static str> {
    by.iter().copied().map(By::as_str).collect()
}

fn object(mut object: Map<String, Value>, counts: &Counts) -> Value {
    object.extend(counts.counters().map(|(name, count)| (name.to_owned(), count.into())));
    let cost = counts.cost().map(|sum| json!({ "currency": sum.currency.to_string(), "amount": sum.amount() }));
    object.insert("cost".to_owned(), cost.collect());
    object.extend(counts.rates().map(|(name, rate)| (name.to_owned(), share(&rate))));
    Value::Object(object)
}

/// The report as one flat table; `kind` tells the total from its split. Fails only where `out` does.
pub fn csv(report: &DeliveryReport, out: impl io::Write) -> io::Result<()> {
    let query = &report.query;
    let mut writer = ::csv::Writer::from_writer(out);
    let counters = report.total.counters().map(|(name, _)| name.to_owned());
    let rates = report.total.rates().map(|(name, _)| [name.to_owned(), format!("{name}_n")]);
    let mut header = vec!["row".to_owned()];
    header.extend(names(&query.by).into_iter().map(str::to_owned));
    header.extend(counters.into_iter().chain(["cost".to_owned()]).chain(rates.into_iter().flatten()));
    header.extend(["from", "to", "definition_version"].map(str::to_owned));
    writer.write_record(&header)?;
    let mut line = |kind: &str, labels: &Labels, counts: &Counts| {
        let mut values = vec![kind.to_owned()];
        values.extend((0..query.by.len()).map(|index| labels.get(index).cloned().flatten().unwrap_or_default()));
        values.extend(counts.counters().map(|(_, count)| count.to_string()));
        values.push(cost(counts));
        let value = |share: Share| share.value().map(|value| value.to_string()).unwrap_or_default();
        values.extend(counts.rates().into_iter().flat_map(|(_, share)| [value(share), share.n.to_string()]));
        values.extend([query.from.to_string(), query.to.to_string(), DEFINITION_VERSION.to_string()]);
        writer.write_record(&values)
    };
    line("total", &Labels::new(), &report.total)?;
    for (labels, counts) in &report.rows {
        line("split", labels, counts)?;
    }
    writer.flush()
}

/// What text messages cost, in each currency.
fn cost(counts: &Counts) -> String {
    counts.cost().map(|sum| sum.to_string()).collect::<Vec<_>>().join(" + ")
}

/// The report as text, each line ended by a line feed.
pub fn table(report: &DeliveryReport) -> String {
    let query = &report.query;
    let by = names(&query.by);
    let split = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
    let as_of = query.as_of.format("%Y-%m-%d %H:%M UTC");
    let mut grid = Grid::new();
    for title in &by {
        grid.column(title, Align::Left);
    }
    if by.is_empty() {
        grid.column("", Align::Left);
    }
    for title in
        ["sent", "accepted", "delivered", "refused", "bounced", "of these hard", "complained", "opted out", "unknown"]
    {
        grid.column(title, Align::Right);
    }
    let is_paid = report.total.segments > 0;
    for title in ["segments", "cost"].into_iter().filter(|_| is_paid) {
        grid.column(title, Align::Right);
    }
    for title in ["not through", "complaints", ""] {
        grid.column(title, if title.is_empty() { Align::Left } else { Align::Right });
    }
    for (labels, counts) in report.rows.iter().take(ROWS_SHOWN) {
        let labels = labels.iter().map(|label| label.clone().unwrap_or_else(|| "(none)".to_owned()));
        grid.line(line(labels.collect(), counts, is_paid));
    }
    if !report.rows.is_empty() {
        grid.rule();
    }
    let mut labels = vec![String::new(); by.len().max(1)];
    if let Some(first) = labels.first_mut() {
        "total".clone_into(first);
    }
    grid.line(line(labels, &report.total, is_paid));
    let left_out = report.rows.len().saturating_sub(ROWS_SHOWN);
    let left_out = if left_out == 0 {
        String::new()
    } else {
        format!("{left_out} more rows with fewer messages: --format csv has all.\n")
    };
    let shares = report.rows.iter().take(ROWS_SHOWN).map(|(_, counts)| counts).chain([&report.total]);
    [
        format!("Delivery of messages{split}, {}, as of {as_of}\n", days("first tried", query.from, query.to)),
        format!("Basis: {BASIS}.\n\n"),
        grid.render(),
        "\n".to_owned(),
        left_out,
        base_legend(shares.map(Counts::failure_rate)),
        "Delivered: said to have arrived; of many accepted messages nothing more is heard.\n\
         Not through: refused or came back, of those whose fate at the channel is known.\n"
            .to_owned(),
    ]
    .concat()
}

fn line(labels: Vec<String>, counts: &Counts, is_paid: bool) -> Vec<String> {
    let numbers = [
        counts.sent,
        counts.accepted,
        counts.delivered,
        counts.refused,
        counts.bounced(),
        counts.bounced_hard,
        counts.complained,
        counts.opted_out,
        counts.unknown,
    ];
    let failures = counts.failure_rate();
    let mark = base_mark(&failures).map(String::from).unwrap_or_default();
    let rates = [percent(&failures), percent(&counts.complaint_rate()), mark];
    let paid = [counts.segments.to_string(), cost(counts)].into_iter().filter(|_| is_paid);
    labels.into_iter().chain(numbers.map(|number| number.to_string())).chain(paid).chain(rates).collect()
}
