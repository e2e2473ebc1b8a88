//! The account of a rehearsal for people.

use std::collections::BTreeMap;

use super::ASSUMPTIONS;
use super::outlook::{Figures, Outlook, Place};
use crate::domain::id::BranchId;
use crate::domain::price::Price;
use crate::report::grid::{Align, Grid};

/// The account as text, each line ended by a line feed.
pub fn table(outlook: &Outlook) -> String {
    let [from, to] = [outlook.from, outlook.to].map(|at| at.format("%Y-%m-%d %H:%M UTC"));
    let title = format!("What would happen from {from} to {to}\nNothing was sent and nothing was changed.\n\n");
    let assumptions = ASSUMPTIONS.map(|assumption| format!("  - {assumption}\n")).concat();
    let days = if outlook.rows.is_empty() { "Nothing.\n".to_owned() } else { grid(outlook).render() };
    format!("{title}{days}\nTaken for granted:\n{assumptions}")
}

fn grid(outlook: &Outlook) -> Grid {
    let mut grid = Grid::new();
    for title in ["day", "branch", "stage", "channel"] {
        grid.column(title, Align::Left);
    }
    // Of columns without titles those are left out in which nothing stands; so these get theirs only where one is needed.
    let with = |title: &'static str, is_needed: bool| if is_needed { title } else { "" };
    let total = &outlook.total;
    grid.column("sends", Align::Right);
    grid.column(with("put off", !total.deferrals.is_empty()), Align::Left);
    grid.column(with("left out", !total.skips.is_empty()), Align::Left);
    grid.column(with("SMS segments", total.n_segments > 0), Align::Right);
    grid.column(with("cost", total.n_segments > 0), Align::Right);
    for (place, figures) in &outlook.rows {
        let Place { day, branch, journey, stage, channel } = place;
        let branch = branch.as_ref().map(BranchId::to_string).unwrap_or_default();
        let place = [day.to_string(), branch, format!("{journey}/{stage}"), channel.as_str().to_owned()];
        grid.line(place.into_iter().chain(cells(figures)).collect());
    }
    grid.rule();
    let place = ["total", "", "", ""].map(str::to_owned);
    grid.line(place.into_iter().chain(cells(total)).collect());
    grid
}

fn cells(figures: &Figures) -> [String; 5] {
    let counts = |counts: &BTreeMap<&'static str, u64>| {
        counts.iter().map(|(reason, n)| format!("{n} {reason}")).collect::<Vec<_>>().join(", ")
    };
    let segments = if figures.n_segments > 0 { figures.n_segments.to_string() } else { String::new() };
    [figures.n_sends.to_string(), counts(&figures.deferrals), counts(&figures.skips), segments, cost(figures)]
}

fn cost(figures: &Figures) -> String {
    let unpriced = (figures.n_segments_unpriced > 0).then(|| "no price".to_owned());
    figures.costs().map(|cost: Price| cost.to_string()).chain(unpriced).collect::<Vec<_>>().join(" + ")
}
