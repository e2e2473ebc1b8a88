//! The account of a rehearsal as comma-separated values: a line for each day, branch, stage and channel.

use std::collections::BTreeMap;
use std::io::Write;

use super::outlook::{Figures, Outlook, Place};
use crate::domain::id::BranchId;

const COLUMNS: [&str; 11] = [
    "day",
    "branch",
    "journey",
    "stage",
    "channel",
    "sends",
    "deferrals",
    "skips",
    "sms_segments",
    "sms_segments_unpriced",
    "cost",
];

/// Writes the account. Where a cell holds several things, blanks are between them: `quiet_hours=3 stage_cap=1`.
pub fn csv(outlook: &Outlook, out: impl Write) -> Result<(), csv::Error> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for (place, figures) in &outlook.rows {
        csv.write_record(cells(place, figures))?;
    }
    csv.flush()?;
    Ok(())
}

fn cells(place: &Place, figures: &Figures) -> [String; COLUMNS.len()] {
    let counts = |counts: &BTreeMap<&'static str, u64>| {
        counts.iter().map(|(reason, n)| format!("{reason}={n}")).collect::<Vec<_>>().join(" ")
    };
    [
        place.day.to_string(),
        place.branch.as_ref().map(BranchId::to_string).unwrap_or_default(),
        place.journey.to_string(),
        place.stage.to_string(),
        place.channel.as_str().to_owned(),
        figures.n_sends.to_string(),
        counts(&figures.deferrals),
        counts(&figures.skips),
        figures.n_segments.to_string(),
        figures.n_segments_unpriced.to_string(),
        figures.costs().map(|cost| format!("{}={}", cost.currency, cost.amount())).collect::<Vec<_>>().join(" "),
    ]
}
