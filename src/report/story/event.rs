//! The story of an event: what each stage made of it.

use super::words::{a_message, due, sentence, when};
use super::{Background, reasons};
use crate::domain::event::{Condition, Event, Value};
use crate::domain::invitation::Invitation;
use crate::domain::journey::Trigger;
use crate::domain::reason::SkipReason;
use crate::plan::{Decision, RecordedEvent, Verdict};

/// What happened, and below it what each stage decided.
pub fn event(recorded: &RecordedEvent, background: &Background<'_>) -> (String, Vec<String>) {
    let event = &recorded.event;
    let zone = zone(event, background);
    let place = event.branch.as_ref().map(|branch| format!(" at {branch}")).unwrap_or_default();
    let at = when(event.at, zone);
    let head = format!("Event {} ({}) of {at}{place}, about contact {}.", event.id, event.kind, event.contact);
    if recorded.decisions.is_empty() {
        return (head, vec![format!("No stage of any journey listens to `{}`.", event.kind)]);
    }
    (head, recorded.decisions.iter().map(|decision| decided(event, decision, background)).collect())
}

fn zone(event: &Event, background: &Background<'_>) -> chrono_tz::Tz {
    let known = event.branch.as_ref().and_then(|branch| background.rules.gate.branches.get(branch));
    known.map_or(background.rules.gate.default_zone, |branch| branch.zone)
}

fn decided(event: &Event, decision: &Decision, background: &Background<'_>) -> String {
    let stage = format!("{}/{}", decision.journey, decision.stage);
    let of_stage = |known: &&Invitation| {
        known.journey == decision.journey && known.stage == decision.stage && known.event.as_ref() == Some(&event.id)
    };
    let planned = background.facts.history.iter().find(of_stage);
    match decision.verdict {
        Verdict::Planned { invitation, channel, due_at, deferred } => {
            let zone = planned.map_or(zone(event, background), |planned| planned.zone);
            let at = planned.map_or(event.at, |planned| planned.planned_at);
            let why = match (deferred, planned) {
                (Some(reason), Some(planned)) => Some(reasons::deferred(planned, background, (reason, due_at), at)),
                (Some(reason), None) => Some(reason.because().to_owned()),
                (None, Some(planned)) => reasons::moved(planned, background, due_at, at),
                (None, None) => None,
            };
            let why = why.map(|why| format!(", later than the stage asks for, because {why}")).unwrap_or_default();
            let due = due(due_at, at, zone);
            format!("{stage}: planned as {invitation}. {} was due {due}{why}.", sentence(a_message(channel)))
        }
        Verdict::Skipped { reason } => {
            let why = match (reason, planned) {
                (SkipReason::ConditionNotMet, _) => unmet(event, decision, background),
                (_, Some(planned)) => Some(reasons::skipped(planned, background, (reason, None), planned.planned_at)),
                (_, None) => None,
            };
            let why = why.unwrap_or_else(|| reason.because().to_owned());
            let named = planned.map(|planned| format!(" It is on record as {}.", planned.id)).unwrap_or_default();
            format!("{stage}: nobody was asked, because {why}.{named}")
        }
    }
}

/// The first condition of the stage that the event does not meet, in words.
fn unmet(event: &Event, decision: &Decision, background: &Background<'_>) -> Option<String> {
    let mut stages = background.rules.stages.iter();
    let stage = stages.find(|stage| stage.journey == decision.journey && stage.stage == decision.stage)?;
    let conditions = match &stage.push.trigger {
        Trigger::Event { conditions, .. } => conditions,
        Trigger::Cron(_) => return None,
    };
    let condition = conditions.iter().find(|condition| !condition.holds(&event.data))?;
    let field = &condition.field;
    let found = event.data.get(field).map_or_else(|| "is missing".to_owned(), |value| format!("is {}", shown(value)));
    Some(format!("`{field}` {found}, and the stage wants {}", wanted(condition)))
}

fn wanted(condition: &Condition) -> String {
    let any_of = |values: &[Value]| values.iter().map(shown).collect::<Vec<_>>().join(" or ");
    let parts = [
        condition.min.map(|min| format!("at least {min}")),
        condition.max.map(|max| format!("at most {max}")),
        (!condition.any_of.is_empty()).then(|| any_of(&condition.any_of)),
        (!condition.none_of.is_empty()).then(|| format!("anything but {}", any_of(&condition.none_of))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("`{text}`"),
        Value::Number(number) => number.to_string(),
        Value::Flag(true) => "true".to_owned(),
        Value::Flag(false) => "false".to_owned(),
    }
}
