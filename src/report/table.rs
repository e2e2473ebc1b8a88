//! The report for people: percentages with one decimal, each with its interval.
//!
//! What could be misread carries a mark, and each mark that is used is explained below the table. Surfaces stand in a
//! table of their own under their own basis, because a visit is no invitation.

use chrono::{Days, NaiveDate};

use super::by::{By, Labels};
use super::grid::{Align, Grid};
use super::json::{SURFACES_BASIS, SURFACES_LEFT_OUT};
use super::rates::{BASES_OVERLAP, RatesReport, Row};
use super::share::{Base, Share};
use super::surface::{NO_EXPOSURE, SurfaceRow};
use crate::score::interval::round_half_away;

/// Characters of a bar that stands for 100 %.
const BAR_CHARS: usize = 20;
/// What an interval of people who came by is worth.
const NOMINAL: &str = "the spread of these answers only; they say nothing about people who did not answer";
const PROVISIONAL: char = '*';
const LOW: char = '~';
const TINY: char = '!';

/// Whether each headline rate is drawn, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bars {
    /// With a bar.
    Shown,
    /// Figures only.
    Hidden,
}

/// The report as text, each line ended by a line feed.
pub fn table(report: &RatesReport, bars: Bars) -> String {
    let query = &report.query;
    let by: Vec<&str> = query.by.iter().copied().map(By::as_str).collect();
    let split = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
    let as_of = query.as_of.format("%Y-%m-%d %H:%M UTC");
    let mut parts = vec![
        format!("Response rates{split}, {}, as of {as_of}\n", days("first sent", query.from, query.to)),
        "Basis: cases by the day of their first message; a case counts once.\n\n".to_owned(),
        cases(report, bars).render(),
        "\n".to_owned(),
        remainder(&report.total),
        legend(report),
    ];
    if !report.surfaces.is_empty() {
        parts.push(format!("\nSurfaces\nBasis: {SURFACES_BASIS}.\n\n"));
        parts.push(visits(report).render());
        parts.push("\n".to_owned());
        parts.push(base_legend(report.surfaces.iter().map(SurfaceRow::completion)));
        parts.push(format!("Intervals: {NOMINAL}.\nParticipation: {NO_EXPOSURE}.\n"));
    } else if !query.takes_visits() {
        parts.push(format!("\nSurfaces: {SURFACES_LEFT_OUT}.\n"));
    }
    parts.concat()
}

/// `first sent 2026-03-01 to 2026-03-31`; `to` is the day after the last.
pub(super) fn days(what: &str, from: NaiveDate, to: NaiveDate) -> String {
    match to.checked_sub_days(Days::new(1)) {
        Some(last) if last > from => format!("{what} {from} to {last}"),
        Some(last) if last == from => format!("{what} {from}"),
        Some(_) | None => "no day".to_owned(),
    }
}

fn cases(report: &RatesReport, bars: Bars) -> Grid {
    let mut grid = Grid::new();
    label_columns(&mut grid, &report.query.by);
    let numbers = ["sent", "delivered", "complete", "partial", "break-off", "refusal", "no response", "late"];
    for title in numbers {
        grid.column(title, Align::Right);
    }
    grid.column("of delivered", Align::Right);
    grid.column("95% interval", Align::Left);
    grid.column("of sent", Align::Right);
    grid.column("", Align::Left);
    grid.column("", Align::Left);
    for row in &report.rows {
        grid.line(line(row, label_cells(&row.labels), bars));
    }
    if !report.rows.is_empty() {
        grid.rule();
    }
    let mut labels = vec![String::new(); report.query.by.len().max(1)];
    if let Some(first) = labels.first_mut() {
        "total".clone_into(first);
    }
    grid.line(line(&report.total, labels, bars));
    grid
}

fn label_columns(grid: &mut Grid, by: &[By]) {
    for by in by {
        grid.column(by.as_str(), Align::Left);
    }
    if by.is_empty() {
        grid.column("", Align::Left);
    }
}

fn label_cells(labels: &Labels) -> Vec<String> {
    labels.iter().map(|(_, value)| value.clone().unwrap_or_else(|| "(none)".to_owned())).collect()
}

fn line(row: &Row, labels: Vec<String>, bars: Bars) -> Vec<String> {
    let counts = &row.counts;
    let numbers = [
        counts.attempted,
        counts.delivered,
        counts.complete,
        counts.partial,
        counts.break_off,
        counts.refusal,
        row.no_response(),
        counts.late,
    ];
    let (delivered, sent) = (row.rr_delivered(), row.rr_sent());
    let bar = match bars {
        Bars::Shown => delivered.value().map_or(String::new(), bar),
        Bars::Hidden => String::new(),
    };
    let rates = [percent(&delivered), interval(&delivered), percent(&sent), marks(row), bar];
    labels.into_iter().chain(numbers.map(|number| number.to_string())).chain(rates).collect()
}

/// `57.1%`, or `-` where there is no share.
pub(super) fn percent(share: &Share) -> String {
    share.value().map_or_else(|| "-".to_owned(), |value| format!("{}%", hundredfold(value)))
}

/// `[32.6-78.6]`, in percent.
fn interval(share: &Share) -> String {
    let shown = |ends: crate::score::interval::Interval| format!("[{}-{}]", hundredfold(ends.lo), hundredfold(ends.hi));
    share.interval().map(shown).unwrap_or_default()
}

fn hundredfold(fraction: f64) -> String {
    format!("{:.1}", round_half_away(fraction * 100.0, 1))
}

fn bar(fraction: f64) -> String {
    let scale = f64::from(u32::try_from(BAR_CHARS).unwrap_or(0));
    (0..BAR_CHARS)
        .zip(1_u32..)
        .map(|(_, mark)| if f64::from(mark) - 0.5 <= fraction * scale { '#' } else { '.' })
        .collect()
}

fn marks(row: &Row) -> String {
    let provisional = row.provisional.then_some(PROVISIONAL);
    provisional.into_iter().chain(base_mark(&row.rr_delivered())).collect()
}

/// The mark of a base that can carry little; a share of nothing needs none.
pub(super) fn base_mark(share: &Share) -> Option<char> {
    match share.base() {
        Base::Tiny => (share.n > 0).then_some(TINY),
        Base::Low => Some(LOW),
        Base::Medium | Base::Large => None,
    }
}

/// What those marks mean that are used.
pub(super) fn base_legend(shares: impl IntoIterator<Item = Share>) -> String {
    let used: Vec<char> = shares.into_iter().filter_map(|share| base_mark(&share)).collect();
    let low = used.contains(&LOW).then(|| format!("{LOW} low base: fewer than 30\n"));
    let tiny = "very low base: fewer than 5, single cases rather than a rate";
    let tiny = used.contains(&TINY).then(|| format!("{TINY} {tiny}\n"));
    low.into_iter().chain(tiny).collect()
}

/// The cases of the total that no column shows.
fn remainder(total: &Row) -> String {
    let counts = &total.counts;
    let text = format!(
        "Not delivered {}, delivery unknown {}, ineligible {}, never asked {}.\n",
        counts.undelivered, counts.unknown, counts.ineligible, counts.suppressed
    );
    let deliverability = total.outcomes().deliverability();
    let of = |name: &str, share: &Share| format!("{name} {} of {}", percent(share), share.n);
    let coverage = total.coverage().map(|share| of(", coverage", &share)).unwrap_or_default();
    format!("{text}{}{coverage}.\n", of("Deliverability", &deliverability))
}

fn legend(report: &RatesReport) -> String {
    let rows = || report.rows.iter().chain([&report.total]);
    let provisional = rows().any(|row| row.provisional);
    let provisional = provisional.then(|| format!("{PROVISIONAL} provisional: some answers may still come in time\n"));
    let overlap = report.query.by.contains(&By::Channel).then(|| format!("Channels: {BASES_OVERLAP}.\n"));
    let bases = base_legend(rows().map(Row::rr_delivered));
    [provisional.unwrap_or_default(), bases, overlap.unwrap_or_default()].concat()
}

fn visits(report: &RatesReport) -> Grid {
    let mut grid = Grid::new();
    grid.column("surface", Align::Left);
    let labels = report.surfaces.first().map(|row| row.labels.as_slice()).unwrap_or_default();
    for (by, _) in labels {
        grid.column(by.as_str(), Align::Left);
    }
    for title in ["visits", "complete", "partial", "flagged"] {
        grid.column(title, Align::Right);
    }
    grid.column("of visits", Align::Right);
    grid.column("95% interval", Align::Left);
    grid.column("", Align::Left);
    for row in &report.surfaces {
        let share = row.completion();
        let tally = &row.tally;
        let numbers = [tally.sessions, tally.complete, tally.partial, tally.flagged].map(|number| number.to_string());
        let mark = base_mark(&share).map(String::from).unwrap_or_default();
        let rates = [percent(&share), interval(&share), mark];
        let surface = [row.surface.as_str().to_owned()];
        grid.line(surface.into_iter().chain(label_cells(&row.labels)).chain(numbers).chain(rates).collect());
    }
    grid
}
