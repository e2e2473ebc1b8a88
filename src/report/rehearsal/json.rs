//! The account of a rehearsal for machines. The order of the keys is part of the format.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::outlook::{Figures, Outlook, Place};
use super::{ASSUMPTIONS, DEFINITION_VERSION};
use crate::domain::id::BranchId;

/// The account as JSON.
pub fn json(outlook: &Outlook) -> Value {
    json!({
        "report": "plan",
        "definition_version": DEFINITION_VERSION,
        "by": ["day", "branch", "journey", "stage", "channel"],
        "from": time(outlook.from),
        "to": time(outlook.to),
        "basis": "a rehearsal on a copy of the store; nothing was sent or changed",
        "assumptions": ASSUMPTIONS,
        "total": figures(&outlook.total),
        "rows": rows(outlook),
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
