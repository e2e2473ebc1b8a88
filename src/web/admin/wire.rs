//! What goes over the wire: JSON forms of their own, so that a change inside never changes the interface.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::domain::answer::{Answer, RowAnswer};
use crate::domain::attempt::{Attempt, Fate, TextCost};
use crate::domain::card::Card;
use crate::domain::contact::Contact;
use crate::domain::hold::Hold;
use crate::domain::id::QuestionId;
use crate::domain::invitation::{Invitation, State};
use crate::domain::response::{Origin, Response, SurfaceId};
use crate::domain::scope::Scope;
use crate::plan::{Decision, RecordedEvent, Verdict};

/// A time as RFC 3339 in UTC.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// An event's answer: the event's id and what every stage decided.
pub(super) fn recorded(recorded: &RecordedEvent) -> Value {
    json!({
        "event": recorded.event.id.as_str(),
        "decisions": recorded.decisions.iter().map(decision).collect::<Vec<_>>(),
    })
}

fn decision(decision: &Decision) -> Value {
    let mut wire = json!({ "journey": decision.journey.as_str(), "stage": decision.stage.as_str() });
    let more = match decision.verdict {
        Verdict::Planned { invitation, channel, due_at, deferred: None } => json!({
            "decision": "planned", "invitation": invitation.to_string(), "channel": channel.as_str(),
            "due_at": time(due_at),
        }),
        Verdict::Planned { invitation, channel, due_at, deferred: Some(reason) } => json!({
            "decision": "deferred", "reason": reason.as_str(), "invitation": invitation.to_string(),
            "channel": channel.as_str(), "due_at": time(due_at),
        }),
        Verdict::Skipped { reason } => json!({ "decision": "skipped", "reason": reason.as_str() }),
    };
    if let (Some(wire), Value::Object(more)) = (wire.as_object_mut(), more) {
        wire.extend(more);
    }
    wire
}

/// A contact.
pub(super) fn contact(contact: &Contact) -> Value {
    json!({
        "id": contact.id.as_str(),
        "name": contact.name,
        "email": contact.email.as_ref().map(crate::domain::contact::Email::as_str),
        "phone": contact.phone.as_ref().map(crate::domain::contact::Phone::as_str),
        "locale": contact.locale.as_ref().map(crate::domain::language::Language::as_str),
        "time_zone": contact.time_zone.map(chrono_tz::Tz::name),
        "branch": contact.branch.as_ref().map(crate::domain::id::BranchId::as_str),
        "consent_email": contact.consent_email.as_str(),
        "consent_sms": contact.consent_sms.as_str(),
        "attributes": contact.attributes,
        "seen_at": contact.seen_at.map(time),
    })
}

/// An invitation with its attempts.
pub(super) fn invitation(invitation: &Invitation) -> Value {
    let mut wire = json!({
        "id": invitation.id.to_string(),
        "contact": invitation.contact.as_str(),
        "journey": invitation.journey.as_str(),
        "stage": invitation.stage.as_str(),
        "level": invitation.level.as_str(),
        "occasion": invitation.occasion,
        "branch": invitation.branch.as_ref().map(crate::domain::id::BranchId::as_str),
        "survey": invitation.survey.as_str(),
        "survey_version": invitation.version.to_string(),
        "planned_at": time(invitation.planned_at),
        "state": invitation.state.as_str(),
    });
    if let Some(wire) = wire.as_object_mut() {
        state(invitation, wire);
        wire.insert("closes_at".to_owned(), json!(invitation.closes_at().map(time)));
        wire.insert("attempts".to_owned(), invitation.attempts.iter().map(attempt).collect());
        let answer = invitation.answer.map(|mark| {
            json!({ "completeness": mark.completeness.as_str(), "attempt": mark.attempt,
                "at": time(mark.first_at), "late": mark.late })
        });
        wire.insert("answer".to_owned(), json!(answer));
    }
    wire
}

fn state(invitation: &Invitation, wire: &mut Map<String, Value>) {
    let mut put = |name: &str, value: String| drop(wire.insert(name.to_owned(), Value::String(value)));
    match invitation.state {
        State::Waiting { due_at, .. } => put("due_at", time(due_at)),
        State::Held { reason, since, .. } => {
            put("reason", reason.as_str().to_owned());
            put("since", time(since));
        }
        State::Closed { at, end, .. } => {
            put("end", end.as_str().to_owned());
            put("closed_at", time(at));
        }
        State::Skipped { at, reason } => {
            put("reason", reason.as_str().to_owned());
            put("skipped_at", time(at));
        }
        State::Sending { .. } | State::Asked => (),
    }
}

fn attempt(attempt: &Attempt) -> Value {
    let class = if let Fate::Bounced { class, .. } = attempt.fate { Some(class.as_str()) } else { None };
    json!({
        "number": attempt.number,
        "channel": attempt.channel.as_str(),
        "kind": attempt.kind.as_str(),
        "outcome": attempt.fate.as_str(),
        "was_unknown": attempt.was_unknown,
        "first_tried_at": time(attempt.first_tried_at),
        "tries": attempt.n_tries,
        "at": attempt.fate.at().map(time),
        "class": class,
        "provider_ref": attempt.provider_ref,
        "segments": attempt.cost.map(|cost| cost.n_segments),
        "cost": attempt.cost.and_then(TextCost::total).map(|total| total.to_string()),
    })
}

/// A response with its answers.
pub(super) fn response(response: &Response) -> Value {
    let answers: Map<String, Value> =
        response.answers.iter().map(|(question, answer)| (question.to_string(), self::answer(answer))).collect();
    let origin = match &response.origin {
        Origin::Invitation { id, attempt, branch } => json!({
            "invitation": id.to_string(), "attempt": attempt, "branch": branch.as_ref().map(crate::domain::id::BranchId::as_str),
        }),
        Origin::Surface { from, branch, touchpoint } => {
            let (card, kiosk) = match from {
                SurfaceId::Card(card) => (Some(card.to_string()), None),
                SurfaceId::Kiosk(kiosk) => (None, Some(kiosk.to_string())),
                SurfaceId::Web => (None, None),
            };
            json!({
                "surface": from.surface().as_str(), "card": card, "kiosk": kiosk, "branch": branch.as_str(),
                "touchpoint": touchpoint.as_str(),
            })
        }
    };
    json!({
        "id": response.id.to_string(),
        "origin": origin,
        "survey": response.survey.as_str(),
        "survey_version": response.version.to_string(),
        "language": response.language.as_str(),
        "completeness": response.completeness.as_str(),
        "late": response.late,
        "flags": response.flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>(),
        "counts": response.counts(),
        "first_at": time(response.first_at),
        "last_at": time(response.last_at),
        "answers": answers,
    })
}

fn answer(answer: &Answer) -> Value {
    match answer {
        Answer::Rating(point) => json!(point),
        Answer::Choice(option) => json!(option.as_str()),
        Answer::Choices(options) => options.iter().map(|option| json!(option.as_str())).collect(),
        Answer::Text(text) => json!(text),
        Answer::OwnWords { chosen: _, words } => {
            let chosen: Value = answer.chosen().map(|option| json!(option.as_str())).collect();
            json!({ "chosen": chosen, "words": words })
        }
        Answer::Rows(rows) => {
            let row = |(row, answer): (&QuestionId, &RowAnswer)| {
                (row.to_string(), answer.point().map_or_else(not_applicable, |point| json!(point)))
            };
            Value::Object(rows.iter().map(row).collect())
        }
        Answer::NotApplicable => not_applicable(),
        Answer::Consent(is_given) => json!(is_given),
    }
}

fn not_applicable() -> Value {
    json!({ "not_applicable": true })
}

/// A card.
pub(super) fn card(card: &Card, public_url: &str) -> Value {
    json!({
        "id": card.id.to_string(),
        "code": card.code.to_string(),
        "url": format!("{}/Q/{}", public_url.to_uppercase(), card.code),
        "branch": card.branch.as_str(),
        "touchpoint": card.touchpoint.as_str(),
        "survey": card.survey.as_str(),
        "print_run": card.print_run,
        "serial": card.serial,
        "made_at": time(card.made_at),
        "revoked_at": card.revoked_at.map(time),
    })
}

/// A hold.
pub(super) fn hold(hold: &Hold) -> Value {
    let Scope { journey, stage, branch, channel } = &hold.scope;
    json!({
        "scope": hold.scope.to_string(),
        "journey": journey.as_ref().map(crate::domain::id::JourneyId::as_str),
        "stage": stage.as_ref().map(crate::domain::id::StageId::as_str),
        "branch": branch.as_ref().map(crate::domain::id::BranchId::as_str),
        "channel": channel.map(crate::domain::journey::Channel::as_str),
        "since": time(hold.since),
        "kind": hold.reason.as_str(),
        "reason": hold.note,
        "by": hold.by.as_str(),
    })
}
