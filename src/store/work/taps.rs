//! Taps come in, and come to an end.

use chrono::{DateTime, Utc};

use super::super::reads;
use super::super::view::View;
use super::super::{StoreError, keys, record};
use super::answers::{self, InvitationAnswer, Recorded, Way};
use crate::domain::answer::Reading as FormReading;
use crate::domain::id::InvitationId;
use crate::domain::language::Language;
use crate::domain::seal::Seal;
use crate::domain::tap::{NotReleased, TAPS_MAX, Tap, Taps, TapsEnd};

/// An operator lets a tap count.
#[derive(Clone, Debug)]
pub struct TapRelease {
    /// The invitation.
    pub invitation: InvitationId,
    /// The rating, as it was read from the taps.
    pub point: i32,
    /// What it makes of the survey.
    pub reading: FormReading,
    /// The language that the survey would be shown in.
    pub language: Language,
    /// When.
    pub now: DateTime<Utc>,
}

/// Keeps a tap. Gives `None` where the invitation was answered already: who comes back to their answer taps nothing.
pub(in super::super) fn keep(
    view: &mut View<'_>,
    invitation: InvitationId,
    tap: Tap,
) -> Result<Option<Taps>, StoreError> {
    let asked = reads::invitation(view, &invitation)?;
    let asked = asked.ok_or(StoreError::NotFound { what: "invitation of that id" })?;
    let attempt = asked.attempt(tap.attempt).ok_or(StoreError::NotFound { what: "message of that number" })?;
    let before = reads::taps(view, &invitation)?;
    if asked.answer.is_some() || before.as_ref().is_some_and(|before| !before.waits()) {
        return Ok(None);
    }
    if before.as_ref().is_some_and(|before| before.n >= TAPS_MAX) {
        return Ok(before);
    }
    let after = Taps::with(before, tap, (invitation, attempt));
    view.put(keys::taps(&invitation), record::taps::write(&after)?);
    Ok(Some(after))
}

/// Notes that somebody answered, where taps wait for it.
pub(super) fn answered(
    view: &mut View<'_>,
    invitation: &InvitationId,
    (way, now): (Way, DateTime<Utc>),
) -> Result<(), StoreError> {
    let Some(taps) = reads::taps(view, invitation)?.filter(Taps::waits) else { return Ok(()) };
    let end = match way {
        Way::Link | Way::Reply => TapsEnd::Answered(now),
        Way::Tap => TapsEnd::Released(now),
    };
    view.put(keys::taps(invitation), record::taps::write(&Taps { end: Some(end), ..taps })?);
    Ok(())
}

/// Lets a tap count as an answer by the link that was followed, or says why not.
pub(in super::super) fn release(
    view: &mut View<'_>,
    seal: &Seal,
    release: TapRelease,
) -> Result<Result<Recorded, NotReleased>, StoreError> {
    let Some(taps) = reads::taps(view, &release.invitation)? else { return Ok(Err(NotReleased::Nothing)) };
    match taps.to_release() {
        Ok(point) if point == release.point => (),
        Ok(_) => return Ok(Err(NotReleased::NotOne)),
        Err(why) => return Ok(Err(why)),
    }
    let answer = InvitationAnswer {
        invitation: release.invitation,
        attempt: taps.attempt,
        way: Way::Tap,
        language: release.language,
        reading: release.reading,
        now: release.now,
    };
    answers::answer_invitation(view, seal, answer).map(Ok)
}
