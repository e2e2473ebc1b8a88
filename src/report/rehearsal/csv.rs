//! The account of a rehearsal as comma-separated values: a line for each day, branch, stage and channel; or, where another
//! configuration is tried, for each message that differs.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::SecondsFormat;

use super::Account;
use super::difference::{Change, Sending};
use super::outlook::{Figures, Place};
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

const OF_CHANGES: [&str; 13] = [
    "change",
    "contact",
    "branch",
    "journey",
    "stage",
    "message",
    "invitation_before",
    "at_before",
    "channel_before",
    "invitation_after",
    "at_after",
    "channel_after",
    "reason",
];

/// Writes the account. Where a cell holds several things, blanks are between them: `quiet_hours=3 stage_cap=1`.
pub fn csv(account: &Account, out: impl Write) -> Result<(), csv::Error> {
    let mut csv = csv::Writer::from_writer(out);
    match &account.against {
        None => {
            csv.write_record(COLUMNS)?;
            for (place, figures) in &account.outlook.rows {
                csv.write_record(cells(place, figures))?;
            }
        }
        Some(against) => {
            csv.write_record(OF_CHANGES)?;
            for change in &against.difference.changes {
                csv.write_record(cells_of_change(change))?;
            }
        }
    }
    csv.flush()?;
    Ok(())
}

fn cells_of_change(change: &Change) -> [String; OF_CHANGES.len()] {
    let sending = |sending: Option<Sending>| match sending {
        Some(Sending { invitation, at, channel }) => {
            let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            [invitation.to_string(), at, channel.as_str().to_owned()]
        }
        None => [const { String::new() }; 3],
    };
    let ([id_before, at_before, by_before], [id_after, at_after, by_after]) =
        (sending(change.before), sending(change.after));
    [
        change.as_str().to_owned(),
        change.contact.to_string(),
        change.branch.as_ref().map(BranchId::to_string).unwrap_or_default(),
        change.journey.to_string(),
        change.stage.to_string(),
        change.message.to_string(),
        id_before,
        at_before,
        by_before,
        id_after,
        at_after,
        by_after,
        change.why.unwrap_or_default().to_owned(),
    ]
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
