//! Answers come in, and refusals.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::super::reads;
use super::super::view::{Reading, View};
use super::super::{StoreError, keys, record};
use super::{contacts, invitations, suppressions, tallies, taps};
use crate::domain::answer::{Completeness, Reading as FormReading};
use crate::domain::contact::Consent;
use crate::domain::id::{BranchId, ContactId, InvitationId, ResponseId, SurveyId, TouchpointId};
use crate::domain::invitation::{Invitation, Replied};
use crate::domain::journey::Channel;
use crate::domain::language::Language;
use crate::domain::response::{Flag, Marking, Origin, Response, SurfaceId};
use crate::domain::seal::{LinkTarget, Seal};
use crate::domain::suppression::{Suppression, SuppressionReason};
use crate::domain::survey::{Survey, SurveyVersion};
use crate::report::tally::{SurfaceCell, SurfaceTally};

/// Answers to an invitation.
#[derive(Clone, Debug)]
pub struct InvitationAnswer {
    /// The invitation.
    pub invitation: InvitationId,
    /// The attempt that was answered.
    pub attempt: u8,
    /// How.
    pub way: Way,
    /// The language that the survey was shown in.
    pub language: Language,
    /// The form.
    pub reading: FormReading,
    /// When it came.
    pub now: DateTime<Utc>,
}

/// How a message is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the link in it.
    Link,
    /// By a message in reply.
    Reply,
    /// By a link that was followed, as an operator decided.
    Tap,
}

/// Answers given at a surface, where nobody was invited.
#[derive(Clone, Debug)]
pub struct SurfaceAnswer {
    /// The response's id, drawn when the form was shown: the same form handed in again amends.
    pub id: ResponseId,
    /// What it was given with.
    pub from: SurfaceId,
    /// Where.
    pub branch: BranchId,
    /// At what.
    pub touchpoint: TouchpointId,
    /// The survey.
    pub survey: SurveyId,
    /// The content that was shown.
    pub version: SurveyVersion,
    /// The language that it was shown in.
    pub language: Language,
    /// The form.
    pub reading: FormReading,
    /// Why it may not be what it seems.
    pub flags: BTreeSet<Flag>,
    /// When it was given.
    pub now: DateTime<Utc>,
    /// The branch's time zone, in which the day that it is counted on is told.
    pub zone: Tz,
}

/// What became of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The response.
    pub response: ResponseId,
    /// Whether there was one already.
    pub amended: bool,
    /// How far the response goes now.
    pub completeness: Completeness,
}

/// A contact says no, through a message of an invitation.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The invitation whose message was answered so.
    pub invitation: InvitationId,
    /// The attempt whose message was answered so.
    pub attempt: u8,
    /// To what.
    pub extent: Extent,
    /// Who says so, for the suppression list: `survey link`, or a provider.
    pub source: String,
    /// When.
    pub now: DateTime<Utc>,
}

/// How far a refusal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The occasion never was: "I was not a customer there".
    Occasion,
    /// This survey, and everything by the channel that it came by.
    Channel,
    /// All surveys.
    Everything,
}

impl Extent {
    /// Every extent.
    pub const ALL: [Self; 3] = [Self::Occasion, Self::Channel, Self::Everything];

    /// The word for it in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Occasion => "occasion",
            Self::Channel => "channel",
            Self::Everything => "everything",
        }
    }
}

/// Keeps the content of surveys.
pub(in super::super) fn keep_surveys(view: &mut View<'_>, surveys: &[Survey]) -> Result<(), StoreError> {
    for survey in surveys {
        let key = keys::survey(survey.version());
        if view.get(&key)?.is_none() {
            view.put(key, record::survey::write(survey)?);
        }
    }
    Ok(())
}

/// Stores or amends the response of an invitation and marks the invitation.
pub(in super::super) fn answer_invitation(
    view: &mut View<'_>,
    seal: &Seal,
    answer: InvitationAnswer,
) -> Result<Recorded, StoreError> {
    let before = reads::invitation(view, &answer.invitation)?;
    let before = before.ok_or(StoreError::NotFound { what: "invitation of that id" })?;
    let id = seal.response_id(&answer.invitation);
    let completeness = answer.reading.completeness;
    let after = match answer.way {
        Way::Link | Way::Tap => before.clone().answered(answer.now, answer.attempt, completeness),
        Way::Reply => before.clone().replied(answer.now, answer.attempt, Replied::Answer { completeness }),
    };
    let known = reads::response(view, &id)?;
    let fresh = Response {
        id,
        origin: Origin::Invitation { id: before.id, attempt: answer.attempt, branch: before.branch.clone() },
        survey: before.survey.clone(),
        version: before.version,
        language: answer.language,
        answers: answer.reading.answers,
        completeness: answer.reading.completeness,
        first_at: answer.now,
        last_at: answer.now,
        late: after.answer.is_some_and(|mark| mark.late),
        flags: BTreeSet::new(),
        cleared: false,
    };
    let response = amended(known.as_ref(), fresh);
    view.put(keys::response(&id), record::response::write(&response)?);
    invitations::put(view, Some(&before), &after)?;
    taps::answered(view, &before.id, (answer.way, answer.now))?;
    Ok(Recorded { response: id, amended: known.is_some(), completeness: response.completeness })
}

/// Stores or amends a response given at a surface.
pub(in super::super) fn answer_surface(view: &mut View<'_>, answer: SurfaceAnswer) -> Result<Recorded, StoreError> {
    let known = reads::response(view, &answer.id)?;
    let origin = Origin::Surface { from: answer.from, branch: answer.branch, touchpoint: answer.touchpoint };
    if known.as_ref().is_some_and(|known| !same_surface(&known.origin, &origin)) {
        return Err(StoreError::Exists { what: "a response with that id, given elsewhere" });
    }
    let fresh = Response {
        id: answer.id,
        origin,
        survey: answer.survey,
        version: answer.version,
        language: answer.language,
        answers: answer.reading.answers,
        completeness: answer.reading.completeness,
        first_at: answer.now,
        last_at: answer.now,
        late: false,
        flags: answer.flags,
        cleared: false,
    };
    let after = amended(known.as_ref(), fresh);
    put(view, known.as_ref(), &after, answer.zone)?;
    Ok(Recorded { response: after.id, amended: known.is_some(), completeness: after.completeness })
}

/// Marks responses that were given at surfaces. Gives how many changed.
pub(in super::super) fn mark(
    view: &mut View<'_>,
    responses: &[(ResponseId, Tz)],
    marking: Marking,
) -> Result<usize, StoreError> {
    let mut n_changed = 0;
    for (id, zone) in responses {
        let Some(before) = reads::response(view, id)? else { continue };
        let after = before.clone().marked(marking);
        if matches!(before.origin, Origin::Surface { .. }) && after != before {
            put(view, Some(&before), &after, *zone)?;
            n_changed += 1;
        }
    }
    Ok(n_changed)
}

/// Stores a response and keeps the counters of its surface. It is counted where and when it began, whatever amends it, from
/// wherever and on whichever day; one that was invited is counted by the tallies of invitations.
fn put(view: &mut View<'_>, before: Option<&Response>, after: &Response, zone: Tz) -> Result<(), StoreError> {
    view.put(keys::response(&after.id), record::response::write(after)?);
    let Origin::Surface { from, branch, touchpoint } = &after.origin else { return Ok(()) };
    let cell = SurfaceCell {
        day: after.first_at.with_timezone(&zone).date_naive(),
        branch: branch.clone(),
        touchpoint: touchpoint.clone(),
        surface: from.surface(),
    };
    let mut difference = SurfaceTally::of_response(after);
    if let Some(before) = before {
        difference -= SurfaceTally::of_response(before);
    }
    if difference == SurfaceTally::default() {
        return Ok(());
    }
    tallies::add_surface(view, &cell, difference)
}

/// The id of such a response comes from the form, so it may be anything: it must not reach what was given elsewhere. A card
/// may have been moved in between.
fn same_surface(known: &Origin, given: &Origin) -> bool {
    match (known, given) {
        (Origin::Surface { from: SurfaceId::Web, .. }, _) => known == given,
        (Origin::Surface { from, .. }, Origin::Surface { from: given, .. }) => from == given,
        (Origin::Invitation { .. }, _) | (_, Origin::Invitation { .. }) => false,
    }
}

/// What was handed in last stands, unless it says less than what was there: a form that failed its check must not take
/// the place of a complete one.
fn amended(known: Option<&Response>, fresh: Response) -> Response {
    let Some(known) = known else { return fresh };
    let flags = known.flags.union(&fresh.flags).copied().collect();
    if fresh.completeness < known.completeness {
        return Response { last_at: fresh.last_at, flags, ..known.clone() };
    }
    let (origin, first_at, late, cleared) = (known.origin.clone(), known.first_at, known.late, known.cleared);
    Response { origin, first_at, late, flags, cleared, ..fresh }
}

/// Records a refusal, for messages already queued too: nothing that it goes against passes the gate from then on.
pub(in super::super) fn refuse(view: &mut View<'_>, seal: &Seal, refusal: &Refusal) -> Result<(), StoreError> {
    let asked = reads::invitation(view, &refusal.invitation)?;
    let asked = asked.ok_or(StoreError::NotFound { what: "invitation of that id" })?;
    match refusal.extent {
        Extent::Occasion => {
            let after = asked.clone().ineligible(refusal.now, Some(refusal.attempt));
            invitations::put(view, Some(&asked), &after)
        }
        Extent::Channel => refuse_channel(view, seal, &asked, refusal),
        Extent::Everything => {
            let link = LinkTarget { invitation: asked.id, attempt: refusal.attempt };
            refuse_all(
                view,
                seal,
                (&asked.contact, Some(link)),
                (SuppressionReason::OptedOut, &refusal.source),
                refusal.now,
            )
        }
    }
}

/// A contact wants nothing more by the channel of this message. They said no to this survey, so it is over; what else waits
/// for them goes by the other channels of its line-up.
fn refuse_channel(view: &mut View<'_>, seal: &Seal, asked: &Invitation, refusal: &Refusal) -> Result<(), StoreError> {
    let attempt = asked.attempt(refusal.attempt).ok_or(StoreError::NotFound { what: "message of that number" })?;
    let (channel, now) = (attempt.channel, refusal.now);
    let (reason, source) = (SuppressionReason::OptedOut, refusal.source.clone());
    if let Some(mark) = attempt.to {
        suppressions::put(view, mark, &Suppression { channel, reason, source, since: now })?;
    }
    let after = asked.clone().opted_out(now, Some(refusal.attempt));
    if after != *asked {
        invitations::put(view, Some(asked), &after)?;
    }
    let Some(mut contact) = reads::contact(view, &asked.contact)? else { return Ok(()) };
    suppressions::put_contact(view, seal, (&contact, channel), (reason, &refusal.source), now)?;
    *contact.consent_mut(channel) = Consent::Refused;
    contact.revision += 1;
    contacts::store(view, &contact)
}

/// A contact wants no more surveys on any channel, as they said, perhaps through one of our messages.
pub(super) fn refuse_all(
    view: &mut View<'_>,
    seal: &Seal,
    (contact, through): (&ContactId, Option<LinkTarget>),
    why: (SuppressionReason, &str),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for before in reads::invitations_of(view, seal, contact)? {
        let through = through.filter(|through| through.invitation == before.id).map(|through| through.attempt);
        let after = before.clone().opted_out(now, through);
        if after != before {
            invitations::put(view, Some(&before), &after)?;
        }
    }
    let Some(mut contact) = reads::contact(view, contact)? else { return Ok(()) };
    for channel in Channel::ALL {
        *contact.consent_mut(channel) = Consent::Refused;
        suppressions::put_contact(view, seal, (&contact, channel), why, now)?;
    }
    contact.revision += 1;
    contacts::store(view, &contact)
}
