//! The account of a rehearsal for machines. The order of the keys is part of the format.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::difference::{Change, Count, Difference, Sending};
use super::outlook::{Figures, Outlook, Place};
use super::{Account, Against, DEFINITION_VERSION, MigrationCounts};
use crate::domain::id::BranchId;

/// The account as JSON.
pub fn json(account: &Account) -> Value {
    let outlook = &account.outlook;
    json!({
        "report": "plan",
        "definition_version": DEFINITION_VERSION,
        "by": ["day", "branch", "journey", "stage", "channel"],
        "from": time(outlook.from),
        "to": time(outlook.to),
        "basis": "a rehearsal on a copy of the store; nothing was sent or changed",
        "assumptions": account.assumptions(),
        "total": figures(&outlook.total),
        "rows": rows(outlook),
        "against": account.against.as_ref().map(against),
    })
}

fn against(against: &Against) -> Value {
    let Difference { gains, losses, moves, changes, n_left_off } = &against.difference;
    json!({
        "folder": against.folder,
        "running": if against.migrated.is_some() { "move" } else { "stay" },
        "migrated": against.migrated.map(|MigrationCounts { n_moved, n_dropped, n_left }| {
            json!({ "moved": n_moved, "dropped": n_dropped, "left": n_left })
        }),
        "total": figures(&against.outlook.total),
        "rows": rows(&against.outlook),
        "difference": {
            "total": { "gains": count(*gains), "loses": count(*losses), "moves": count(*moves) },
            "rows": changes.iter().map(change).collect::<Vec<_>>(),
            "rows_left_off": n_left_off,
        },
    })
}

fn count(count: Count) -> Value {
    json!({ "surveys": count.n_surveys, "messages": count.n_messages })
}

fn change(change: &Change) -> Value {
    let sending = |sending: Sending| {
        json!({
            "invitation": sending.invitation.to_string(), "at": time(sending.at), "channel": sending.channel.as_str(),
        })
    };
    json!({
        "change": change.as_str(),
        "contact": change.contact.as_str(),
        "branch": change.branch.as_ref().map(BranchId::as_str),
        "journey": change.journey.as_str(),
        "stage": change.stage.as_str(),
        "message": change.message,
        "before": change.before.map(sending),
        "after": change.after.map(sending),
        "reason": change.why,
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn rows(outlook: &Outlook) -> Vec<Value> {
    let row = |(place, sums): (&Place, &Figures)| {
        let mut row = Map::from_iter([
            ("day".to_owned(), json!(place.day.to_string())),
            ("branch".to_owned(), json!(place.branch.as_ref().map(BranchId::as_str))),
            ("journey".to_owned(), json!(place.journey.as_str())),
            ("stage".to_owned(), json!(place.stage.as_str())),
            ("channel".to_owned(), json!(place.channel.as_str())),
        ]);
        row.extend(figures(sums));
        Value::Object(row)
    };
    outlook.rows.iter().map(row).collect()
}

fn figures(figures: &Figures) -> Map<String, Value> {
    let counts = |counts: &BTreeMap<&'static str, u64>| -> Value {
        counts.iter().map(|(reason, n)| ((*reason).to_owned(), json!(n))).collect::<Map<_, _>>().into()
    };
    let cost: Map<_, _> = figures.costs().map(|cost| (cost.currency.to_string(), json!(cost.amount()))).collect();
    Map::from_iter([
        ("sends".to_owned(), json!(figures.n_sends)),
        ("deferrals".to_owned(), counts(&figures.deferrals)),
        ("skips".to_owned(), counts(&figures.skips)),
        ("sms_segments".to_owned(), json!(figures.n_segments)),
        ("sms_segments_unpriced".to_owned(), json!(figures.n_segments_unpriced)),
        ("cost".to_owned(), Value::Object(cost)),
    ])
}
