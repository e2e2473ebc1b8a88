//! A response: the answers of one person on one occasion.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::answer::{Answers, Completeness};
use super::id::{BranchId, CardId, InvitationId, KioskId, ResponseId, SurveyId, TouchpointId};
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
    /// Why it may not be what it seems.
    pub flags: BTreeSet<Flag>,
    /// Whether somebody looked at its flags and lets it count.
    pub cleared: bool,
}

impl Response {
    /// Whether it stands in rates and scores. What is flagged is kept and shown, and counts nowhere until it is cleared.
    pub fn counts(&self) -> bool {
        self.cleared || self.flags.is_empty()
    }

    /// The response as an operator marks it.
    #[must_use]
    pub fn marked(mut self, marking: Marking) -> Self {
        match marking {
            Marking::Clear => self.cleared = !self.flags.is_empty(),
            Marking::Restore => self.cleared = false,
            Marking::Flag(flag) => {
                self.flags.insert(flag);
                self.cleared = false;
            }
        }
        self
    }
}

/// What an operator makes of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marking {
    /// It counts, whatever its flags are.
    Clear,
    /// Its flags hold again.
    Restore,
    /// It is flagged so, and does not count.
    Flag(Flag),
}

/// Why a response may not be what it seems: not one honest customer's word on one occasion. METRICS §3.4 keeps such
/// answers out of the scores, and nothing drops them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// More came from one network than guests of a place send.
    NetworkBurst,
    /// More came by one code than its place has guests.
    CodeBurst,
    /// This device had answered here a short while before.
    SameDevice,
    /// The form came back sooner than anybody reads it.
    Hasty,
    /// A field that nobody sees was filled in.
    Honeypot,
    /// The place was closed.
    Closed,
    /// Somebody tried it out.
    Test,
    /// It is by the staff of the place.
    Staff,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 8] = [
        Self::NetworkBurst,
        Self::CodeBurst,
        Self::SameDevice,
        Self::Hasty,
        Self::Honeypot,
        Self::Closed,
        Self::Test,
        Self::Staff,
    ];

    /// The word for it in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NetworkBurst => "network_burst",
            Self::CodeBurst => "code_burst",
            Self::SameDevice => "same_device",
            Self::Hasty => "hasty",
            Self::Honeypot => "honeypot",
            Self::Closed => "closed",
            Self::Test => "test",
            Self::Staff => "staff",
        }
    }
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
        /// What it was given with.
        from: SurfaceId,
        /// Where.
        branch: BranchId,
        /// At what.
        touchpoint: TouchpointId,
    },
}

/// What a customer who was not invited answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SurfaceId {
    /// A printed card.
    Card(CardId),
    /// A tablet that stands there.
    Kiosk(KioskId),
    /// A link or a frame on a page, which everybody who comes by it shares.
    Web,
}

impl SurfaceId {
    /// The kind of surface.
    pub fn surface(self) -> Surface {
        match self {
            Self::Card(_) => Surface::Card,
            Self::Kiosk(_) => Surface::Kiosk,
            Self::Web => Surface::Web,
        }
    }
}
