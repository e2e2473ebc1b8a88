//! The page of response rates, for people: each rate with its base, its interval, and whether it may still move.
//!
//! It shows the figures of [`report`](crate::report) and computes none: what is on the page is what the JSON and the CSV
//! beside it say. Bars are style rules made of numbers, so the page needs no script and no image.

mod rows;
mod sample;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use minijinja::{Value, context};

use super::bar::{Bar, BarLink};
use super::page::{Frame, Page};
use super::templates::Templates;
use super::{RenderError, TemplateContext};
use crate::domain::language::Language;
use crate::report::by::By;
use crate::report::json::{SURFACES_BASIS, SURFACES_LEFT_OUT};
use crate::report::rates::{BASES_OVERLAP, RatesReport};
use rows::{Bars, count, percent};

/// Response rates, split in one or several ways. It speaks English, as all pages for staff do.
#[derive(Clone, Debug)]
pub struct ReportPage {
    /// The strip above, where there is one.
    pub bar: Option<Bar>,
    /// The other ways to split.
    pub views: Vec<BarLink>,
    /// The clock that the time of the report is read from.
    pub zone: Tz,
    /// What ids are called: by dimension and id. What is not here is shown as its id.
    pub titles: BTreeMap<(By, String), String>,
    /// The tables; the figures above them are the first one's total.
    pub splits: Vec<Split>,
    /// Which of the tables' reports the visits to surfaces are taken from.
    pub surfaces_of: usize,
}

/// One way to split, and where its figures are for machines.
#[derive(Clone, Debug)]
pub struct Split {
    /// The figures.
    pub report: RatesReport,
    /// The same as JSON.
    pub json_url: String,
    /// The same as CSV.
    pub csv_url: String,
}

impl TemplateContext for ReportPage {
    const TEMPLATE: &'static str = "admin/report.html";

    type Rendered = Page;

    fn samples(_: &Language) -> Vec<Self> {
        sample::pages()
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let mut bars = Bars::default();
        let splits: Vec<Value> = self.splits.iter().map(|split| self.split(split, &mut bars)).collect();
        let surfaces = self.surfaces(&mut bars);
        let head = self.splits.first().map(|split| self.head(&split.report, &mut bars));
        let views =
            self.views.iter().map(|view| context! { title => &view.title, url => &view.url, is_here => view.is_here });
        let context = context! {
            bar => self.bar.as_ref().map(Bar::value),
            views => views.collect::<Vec<_>>(),
            head, splits, surfaces,
        };
        let (rules, language) = (bars.into_rules(), Language::english());
        let frame =
            Frame { language: &language, styles: &["page/base.css", "admin/admin.css"], rules: &rules, script: None };
        templates.page(Self::TEMPLATE, frame, context)
    }
}

impl ReportPage {
    /// The period and the figures of the whole.
    fn head(&self, report: &RatesReport, bars: &mut Bars) -> Value {
        let (total, query) = (&report.total, &report.query);
        let rate = total.rr_delivered();
        let filters = [
            query.journey.as_ref().map(|id| self.title(By::Journey, id.as_str())),
            query.stage.as_ref().map(|id| self.title(By::Stage, id.as_str())),
            query.branch.as_ref().map(|id| self.title(By::Branch, id.as_str())),
        ];
        let deliverability = total.outcomes().deliverability();
        context! {
            period => period(query.from, query.to),
            as_of => query.as_of.with_timezone(&self.zone).format("%-d %b %Y, %H:%M").to_string(),
            zone => self.zone.name(),
            filters => filters.into_iter().flatten().collect::<Vec<_>>(),
            rate => rows::rate(&rate, bars),
            provisional => total.provisional,
            sent => count(total.counts.attempted),
            delivered => count(total.counts.delivered),
            answered => count(total.counts.complete + total.counts.partial),
            undelivered => count(total.counts.undelivered),
            deliverability => percent(&deliverability),
            suppressed => count(total.counts.suppressed),
        }
    }

    fn split(&self, split: &Split, bars: &mut Bars) -> Value {
        let report = &split.report;
        let by = &report.query.by;
        let names: Vec<&str> = by.iter().copied().map(word).collect();
        let heading = if names.is_empty() { "Total".to_owned() } else { format!("By {}", names.join(" and ")) };
        let rows: Vec<Value> = report.rows.iter().map(|row| rows::row(self.labels(&row.labels), row, bars)).collect();
        context! {
            heading,
            id => by.iter().copied().map(By::as_str).collect::<Vec<_>>().join("-"),
            columns => names,
            rows,
            total => rows::row(Vec::new(), &report.total, bars),
            overlap => by.contains(&By::Channel).then_some(BASES_OVERLAP),
            json_url => &split.json_url,
            csv_url => &split.csv_url,
        }
    }

    /// Visits, or why there are none to be shown.
    fn surfaces(&self, bars: &mut Bars) -> Value {
        let Some(split) = self.splits.get(self.surfaces_of) else { return Value::UNDEFINED };
        let report = &split.report;
        let columns = report.surfaces.first().map(|row| row.labels.iter().map(|(by, _)| word(*by)).collect::<Vec<_>>());
        let rows: Vec<Value> =
            report.surfaces.iter().map(|row| rows::surface(self.labels(&row.labels), row, bars)).collect();
        context! {
            columns => columns.unwrap_or_default(),
            rows,
            basis => if report.query.takes_visits() { SURFACES_BASIS } else { SURFACES_LEFT_OUT },
        }
    }

    fn labels(&self, labels: &[(By, Option<String>)]) -> Vec<String> {
        let label = |(by, id): &(By, Option<String>)| match id {
            Some(id) => self.title(*by, id),
            None => format!("no {}", by.as_str()),
        };
        labels.iter().map(label).collect()
    }

    fn title(&self, by: By, id: &str) -> String {
        self.titles.get(&(by, id.to_owned())).cloned().unwrap_or_else(|| id.to_owned())
    }
}

/// `24 Oct to 22 Nov 2026`: the last day is one that counts.
fn period(from: NaiveDate, to: NaiveDate) -> String {
    let last = to.checked_sub_days(Days::new(1)).unwrap_or(to);
    format!("{} to {}", from.format("%-d %b %Y"), last.format("%-d %b %Y"))
}

fn word(by: By) -> &'static str {
    match by {
        By::Channel => "channel",
        By::Branch => "branch",
        By::Stage => "stage",
        By::Journey => "journey",
        By::Day => "day",
        By::Week => "week",
        By::Month => "month",
    }
}
