//! The report for machines: the JSON frame that all reports share (DESIGN, "Formats that others rely on").
//!
//! Rates are fractions between 0 and 1 at full precision; a rate of nothing is `null` and never 0. The order of the keys
//! is part of the format.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::aapor::Estimate;
use super::by::{By, Labels};
use super::rates::{BASES_OVERLAP, BASIS, Contact, DEFINITION_VERSION, RatesReport, Row};
use super::share::{METHOD, Share};
use super::surface::{NO_EXPOSURE, SurfaceRow};
use crate::domain::id::{BranchId, JourneyId, StageId};

/// What the figures of surfaces are.
pub const SURFACES_BASIS: &str = "visits of people to surfaces; nobody was invited, so there is no response rate";
/// Why there are no surfaces where one journey or stage is asked for.
pub const SURFACES_LEFT_OUT: &str = "left out: visits to surfaces belong to no journey and no stage";

/// The report as JSON.
pub fn json(report: &RatesReport) -> Value {
    let query = &report.query;
    let by: Vec<&str> = query.by.iter().copied().map(By::as_str).collect();
    json!({
        "report": "rates",
        "definition_version": DEFINITION_VERSION,
        "by": by,
        "from": query.from.to_string(),
        "to": query.to.to_string(),
        "basis": BASIS,
        "as_of": query.as_of.to_rfc3339_opts(SecondsFormat::Secs, true),
        "filters": {
            "journey": query.journey.as_ref().map(JourneyId::as_str),
            "stage": query.stage.as_ref().map(StageId::as_str),
            "branch": query.branch.as_ref().map(BranchId::as_str),
        },
        "total": row(&report.total),
        "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
        "surfaces": report.surfaces.iter().map(surface).collect::<Vec<_>>(),
        "surfaces_basis": if query.takes_visits() { SURFACES_BASIS } else { SURFACES_LEFT_OUT },
        "note": BASES_OVERLAP,
    })
}

/// A share as every report writes it: `{value, n, lo, hi, method, kind}`.
pub fn share(share: &Share) -> Value {
    let interval = share.interval();
    json!({
        "value": share.value(),
        "n": share.n,
        "lo": interval.map(|interval| interval.lo),
        "hi": interval.map(|interval| interval.hi),
        "method": METHOD,
        "kind": share.kind.as_str(),
    })
}

fn row(row: &Row) -> Value {
    let mut object = labels(&row.labels);
    object.extend(row.counters().map(|(name, count)| (name.to_owned(), count.into())));
    let rest = [
        ("provisional", row.provisional.into()),
        ("rr_delivered", share(&row.rr_delivered())),
        ("rr_sent", share(&row.rr_sent())),
        ("base", row.base().as_str().into()),
        ("attempted", row.counts.attempted.into()),
        ("not_delivered", row.not_delivered().into()),
        ("first_contact", contact(row.first_contact())),
        ("fallback", contact(row.fallback())),
        ("detail", detail(row)),
    ];
    object.extend(rest.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(object)
}

fn labels(labels: &Labels) -> Map<String, Value> {
    labels.iter().map(|(by, value)| (by.as_str().to_owned(), value.clone().into())).collect()
}

fn contact(contact: Option<Contact>) -> Value {
    contact.map_or(Value::Null, |contact| json!({ "n": contact.n, "answered": contact.answered }))
}

fn detail(row: &Row) -> Value {
    let shares = row.detail().map(|(name, value)| (name.to_owned(), value.as_ref().map_or(Value::Null, share)));
    let outcomes = row.outcomes();
    let estimates = [("rr3", outcomes.rr3()), ("rr4", outcomes.rr4())];
    let estimates = estimates.map(|(name, value)| (name.to_owned(), estimate(value)));
    shares.into_iter().chain(estimates).collect::<Map<_, _>>().into()
}

fn estimate(estimate: Estimate) -> Value {
    json!({ "value": estimate.value, "base": estimate.base })
}

fn surface(row: &SurfaceRow) -> Value {
    let mut object = Map::new();
    object.insert("surface".to_owned(), row.surface.as_str().into());
    object.extend(labels(&row.labels));
    let rest = [
        ("sessions", row.tally.sessions.into()),
        ("complete", row.tally.complete.into()),
        ("partial", row.tally.partial.into()),
        ("flagged", row.tally.flagged.into()),
        ("completion", share(&row.completion())),
        ("base", row.base().as_str().into()),
        ("participation", Value::Null),
        ("participation_note", NO_EXPOSURE.into()),
    ];
    object.extend(rest.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(object)
}
