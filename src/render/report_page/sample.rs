//! Samples of the page: with every mark, and with nothing at all.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{ReportPage, Split};
use crate::domain::id::{BranchId, JourneyId, StageId, TouchpointId};
use crate::domain::place::Surface;
use crate::render::bar::{Bar, BarLink, BarWarp};
use crate::report::by::By;
use crate::report::rates::{RatesQuery, rates};
use crate::report::tally::{Cell, Counts, SurfaceCell, SurfaceTally, Tally};

/// The samples.
pub(super) fn pages() -> Vec<ReportPage> {
    let page = |splits, bar| ReportPage {
        bar,
        views: vec![link("Overview", "/", true), link("By week", "/?by=week", false)],
        zone: Tz::Europe__Berlin,
        titles: BTreeMap::from([((By::Branch, "mitte".to_owned()), "Sole <Mitte>".to_owned())]),
        splits,
        surfaces_of: 0,
    };
    let every = [By::Branch, By::Channel, By::Stage].map(|by| split(by, &cells()));
    vec![page(every.into(), Some(bar())), page(vec![split(By::Channel, &[])], None)]
}

fn link(title: &str, url: &str, is_here: bool) -> BarLink {
    BarLink { title: title.to_owned(), url: url.to_owned(), is_here }
}

fn bar() -> Bar {
    let warp = BarWarp {
        shown: "Sun 22 Nov, 19:10".to_owned(),
        action: "/warp".to_owned(),
        steps: vec![("1h".to_owned(), "+1 hour".to_owned())],
        back: "/".to_owned(),
        told: Some("An hour passed.".to_owned()),
    };
    Bar { links: vec![link("Report", "/report", true)], warp: Some(warp) }
}

fn split(by: By, cells: &[(Cell, Tally)]) -> Split {
    let query = RatesQuery {
        by: vec![by],
        from: day(),
        to: day() + Days::new(30),
        as_of: noon(),
        journey: None,
        stage: None,
        branch: None,
    };
    let visits = SurfaceCell {
        day: day(),
        branch: BranchId::parse("mitte").expect("a valid name"),
        touchpoint: TouchpointId::parse("table-01").expect("a valid name"),
        surface: Surface::Card,
    };
    let visits = [(visits, SurfaceTally { sessions: 54, complete: 31, partial: 4, flagged: 0 })];
    let url = |format: &str| format!("/api/v1/reports/rates?by={}&format={format}", by.as_str());
    Split {
        report: rates(&query, cells, if cells.is_empty() { &[] } else { &visits }),
        json_url: url("json"),
        csv_url: url("csv"),
    }
}

/// A cohort with an open window, a small one, and one without a branch.
fn cells() -> Vec<(Cell, Tally)> {
    let cell = |branch: Option<&str>| Cell {
        day: day(),
        journey: JourneyId::parse("dine-in").expect("a valid name"),
        stage: StageId::parse("visit").expect("a valid name"),
        branch: branch.map(|id| BranchId::parse(id).expect("a valid name")),
    };
    let of = |delivered, complete| Counts { attempted: delivered + 1, delivered, complete, ..Counts::default() };
    let tally = |delivered, complete, closes_at| {
        let counts = of(delivered, complete);
        Tally { all: counts, email: counts, sms: Counts::default(), closes_at }
    };
    vec![
        (cell(Some("mitte")), tally(120, 40, Some(noon() + TimeDelta::days(3)))),
        (cell(Some("altona")), tally(12, 3, None)),
        (cell(None), tally(2, 2, None)),
    ]
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 1).unwrap_or_default()
}

fn noon() -> DateTime<Utc> {
    day().and_hms_opt(12, 0, 0).unwrap_or_default().and_utc()
}
