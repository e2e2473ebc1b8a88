//! A response: the answers of one person on one occasion.

use chrono::{DateTime, Utc};

use super::answer::{Answers, Completeness};
use super::id::{BranchId, CardId, InvitationId, ResponseId, SurveyId, TouchpointId};
use super::language::Language;
use super::place::Surface;
use super::survey::SurveyVersion;

/// What somebody answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Its id.
    pub id: ResponseId,
    /// How it came to be.
    pub origin: Origin,
    /// The survey.
    pub survey: SurveyId,
    /// The content that was shown.
    pub version: SurveyVersion,
    /// The language it was shown in.
    pub language: Language,
    /// What was said.
    pub answers: Answers,
    /// How far it goes.
    pub completeness: Completeness,
    /// When the first of it came.
    pub first_at: DateTime<Utc>,
    /// When the last of it came.
    pub last_at: DateTime<Utc>,
    /// Whether it came after the window had closed: out of the rates, kept in the scores.
    pub late: bool,
}

/// How a response came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Through the link of an attempt.
    Invitation {
        /// The invitation.
        id: InvitationId,
        /// The attempt whose link was used.
        attempt: u8,
        /// The branch that the invitation is about.
        branch: Option<BranchId>,
    },
    /// Unasked, at a touchpoint.
    Surface {
        /// What kind.
        surface: Surface,
        /// The card, for a card.
        card: CardId,
        /// Where.
        branch: BranchId,
        /// At what.
        touchpoint: TouchpointId,
    },
}
