//! The account of a rehearsal for people.

use std::collections::BTreeMap;

use super::difference::{Change, Difference, Sending};
use super::outlook::{Figures, Outlook, Place};
use super::{Account, Against, MigrationCounts};
use crate::domain::id::BranchId;
use crate::domain::price::Price;
use crate::report::grid::{Align, Grid};

/// Changes that people are shown; machines get all of them.
const CHANGES_SHOWN: usize = 200;

/// The account as text, each line ended by a line feed.
pub fn table(account: &Account) -> String {
    let [from, to] = [account.outlook.from, account.outlook.to].map(|at| at.format("%Y-%m-%d %H:%M UTC"));
    let title = format!("What would happen from {from} to {to}\nNothing was sent and nothing was changed.\n\n");
    let against = account.against.as_ref().map(against).unwrap_or_default();
    let assumptions: Vec<_> = account.assumptions().iter().map(|assumption| format!("  - {assumption}\n")).collect();
    let assumptions = assumptions.concat();
    format!("{title}{}{against}\nTaken for granted:\n{assumptions}", days(&account.outlook))
}

fn days(outlook: &Outlook) -> String {
    if outlook.rows.is_empty() { "Nothing.\n".to_owned() } else { grid(outlook).render() }
}

fn against(against: &Against) -> String {
    let Difference { gains, losses, moves, changes, n_left_off } = &against.difference;
    let mut parts = vec![format!("\nWith {}\n\n{}\n", against.folder, days(&against.outlook))];
    parts.extend(against.migrated.map(|MigrationCounts { n_moved, n_dropped, n_left }| {
        format!("Running invitations: {n_moved} moved to it, {n_dropped} dropped, {n_left} left\n")
    }));
    let counts = [(gains, "more than before"), (losses, "no longer"), (moves, "at another time or by another channel")];
    parts.extend(
        counts.map(|(count, what)| {
            format!("{} surveys and {} messages in all {what}\n", count.n_surveys, count.n_messages)
        }),
    );
    parts.extend(changes.iter().take(CHANGES_SHOWN).map(line));
    let n_more = changes.len().saturating_sub(CHANGES_SHOWN) as u64 + n_left_off;
    if n_more > 0 {
        parts.push(format!("  … and {n_more} more; `--format json` and `--format csv` tell them\n"));
    }
    parts.concat()
}

fn line(change: &Change) -> String {
    let sending =
        |sending: &Sending| format!("{} on {}", sending.channel.as_str(), sending.at.format("%Y-%m-%d %H:%M UTC"));
    let Change { contact, journey, stage, message, .. } = change;
    let what = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("moves from {} to {}", sending(before), sending(after)),
        (Some(before), None) => format!("loses {}", sending(before)),
        (None, Some(after)) => format!("gains {}", sending(after)),
        (None, None) => String::new(),
    };
    let why = change.why.map(|why| format!(" ({why})")).unwrap_or_default();
    format!("  {contact}  {journey}/{stage} message {message}: {what}{why}\n")
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
