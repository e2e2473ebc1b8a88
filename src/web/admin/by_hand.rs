//! What requests for work by hand have in common: who asks, and about which messages.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::daemon::core::Live;
use crate::domain::duration::parse_duration;
use crate::domain::id::{BranchId, IdError, InvitationId, JourneyId, StageId};
use crate::domain::invitation::{Invitation, LeftOut};
use crate::domain::journey::Channel;
use crate::domain::operator::Operator;
use crate::domain::scope::Scope;
use crate::web::problem::ApiProblem;

/// Most invitations in one request.
pub(super) const BY_HAND_MAX: usize = 1_000;

/// Which messages are meant, as callers write it.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScopeForm {
    pub(super) journey: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) channel: Option<String>,
}

impl ScopeForm {
    /// The scope, of names that the configuration knows.
    pub(super) fn read(&self, live: &Live) -> Result<Scope, ApiProblem> {
        let journeys = &live.config.journeys;
        let journey = self.journey.as_deref().map(|given| {
            let known = journeys.keys().map(JourneyId::as_str);
            named("journey", given, known, JourneyId::parse)
        });
        let journey = journey.transpose()?;
        let stage = self.stage.as_deref().map(|given| {
            let meant = journeys.values().filter(|known| journey.as_ref().is_none_or(|journey| known.id == *journey));
            let known = meant.flat_map(|journey| &journey.stages).map(|stage| stage.id.as_str());
            named("stage", given, known, StageId::parse)
        });
        let branch = self.branch.as_deref().map(|given| {
            let known = live.config.branches.keys().map(BranchId::as_str);
            named("branch", given, known, BranchId::parse)
        });
        let channel = self.channel.as_deref().map(channel);
        Ok(Scope { journey, stage: stage.transpose()?, branch: branch.transpose()?, channel: channel.transpose()? })
    }
}

impl ScopeForm {
    /// The scope as it is written, also of names that the configuration no longer knows.
    pub(super) fn parse(&self) -> Result<Scope, ApiProblem> {
        let invalid = |err: IdError| ApiProblem::invalid(err.to_string());
        Ok(Scope {
            journey: self.journey.as_deref().map(JourneyId::parse).transpose().map_err(invalid)?,
            stage: self.stage.as_deref().map(StageId::parse).transpose().map_err(invalid)?,
            branch: self.branch.as_deref().map(BranchId::parse).transpose().map_err(invalid)?,
            channel: self.channel.as_deref().map(channel).transpose()?,
        })
    }
}

fn named<'a, T>(
    what: &str,
    given: &str,
    known: impl Iterator<Item = &'a str>,
    parse: impl FnOnce(&str) -> Result<T, IdError>,
) -> Result<T, ApiProblem> {
    let known: Vec<_> = known.collect();
    if !known.contains(&given) {
        let detail = format!("there is no {what} `{}`; there are: {}", given.escape_debug(), known.join(", "));
        return Err(ApiProblem::invalid(detail));
    }
    parse(given).map_err(|err| ApiProblem::invalid(err.to_string()))
}

/// The channel of that name.
pub(super) fn channel(given: &str) -> Result<Channel, ApiProblem> {
    one_of("channel", given, Channel::ALL.map(|channel| (channel.as_str(), channel)))
}

/// The thing with that word, or which words there are.
pub(super) fn one_of<T, const N: usize>(what: &str, given: &str, known: [(&str, T); N]) -> Result<T, ApiProblem> {
    let words = known.each_ref().map(|(word, _)| *word).join(", ");
    let found = known.into_iter().find(|(word, _)| *word == given).map(|(_, thing)| thing);
    found.ok_or_else(|| ApiProblem::invalid(format!("`{}` is not a {what}; there are: {words}", given.escape_debug())))
}

/// An instant as operators write it: as such, or how long before `now`.
pub(super) fn instant(given: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, ApiProblem> {
    if let Ok(at) = DateTime::parse_from_rfc3339(given) {
        return Ok(at.to_utc());
    }
    let ago = parse_duration(given).ok().and_then(|ago| now.checked_sub_signed(ago));
    ago.ok_or_else(|| {
        let given = given.escape_debug();
        ApiProblem::invalid(format!("`{given}` is no time; write one like 2026-03-01T12:00:00Z, or how long ago: 2h"))
    })
}

/// Who asks.
pub(super) fn operator(given: Option<&str>) -> Result<Operator, ApiProblem> {
    Operator::parse(given.unwrap_or_default()).map_err(|err| ApiProblem::invalid(err.to_string()))
}

/// The invitation of that id.
pub(super) fn invitation_id(given: &str) -> Result<InvitationId, ApiProblem> {
    InvitationId::parse(given).map_err(|err| ApiProblem::invalid(err.to_string()))
}

/// The invitations that a form names, at most so many.
pub(super) fn invitations(invitations: &[String], n_max: usize) -> Result<Vec<InvitationId>, ApiProblem> {
    if invitations.len() > n_max {
        return Err(ApiProblem::invalid(format!("at most {n_max} invitations at once")));
    }
    invitations.iter().map(|id| invitation_id(id)).collect()
}

/// The channel of an invitation's next message.
pub(super) fn next_channel(invitation: &Invitation) -> Option<Channel> {
    match invitation.due().map(|due| due.lane) {
        Some(crate::domain::invitation::Lane::Send(channel)) => Some(channel),
        Some(_) | None => None,
    }
}

/// Why the one invitation that was asked for was left as it was.
pub(super) fn refusal(id: InvitationId, why: LeftOut) -> ApiProblem {
    if why == LeftOut::NotThere {
        return ApiProblem::not_found(format!("there is no invitation {id}"));
    }
    ApiProblem::new(axum::http::StatusCode::CONFLICT, "conflict", format!("{id}: {why}"))
}
