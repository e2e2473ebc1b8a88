//! Taps: ratings in a mail whose links were followed, and what tells who followed them.
//!
//! Following a link is no answer, because mail scanners follow every one. Where a stage keeps taps, they lie in a bucket
//! outside every rate and score until a person is seen: by a form that is handed in, or by a page that stays visible while
//! somebody touches it. What looks like a scanner stays there with its reasons, and an operator may let it out.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::attempt::Attempt;
use super::id::InvitationId;

/// A link that is followed so soon after its message was taken was followed by a machine.
const SOON: TimeDelta = TimeDelta::seconds(10);
/// Nobody changes their mind so fast.
const MIND: TimeDelta = TimeDelta::seconds(10);
/// Taps that are counted; whoever goes on says nothing new.
pub const TAPS_MAX: u32 = 1_000;

/// What a stage makes of a tap on a rating in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneTap {
    /// The page opens with the rating marked, and it is an answer when it is handed in.
    Confirm,
    /// It is kept too, and is an answer when a person is seen.
    Provisional,
}

/// What tells a scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// The link was followed within seconds of the message being taken.
    Soon,
    /// Several ratings were tapped within seconds.
    SeveralRatings,
    /// A link was followed that nobody sees.
    HiddenLink,
    /// Only the head of the page was asked for.
    HeadOnly,
    /// The page was fetched before anybody asked for it.
    LooksAhead,
    /// The program calls itself a robot, or nothing.
    Robot,
}

impl Sign {
    /// Every sign.
    pub const ALL: [Self; 6] =
        [Self::Soon, Self::SeveralRatings, Self::HiddenLink, Self::HeadOnly, Self::LooksAhead, Self::Robot];

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::SeveralRatings => "several_ratings",
            Self::HiddenLink => "hidden_link",
            Self::HeadOnly => "head_only",
            Self::LooksAhead => "looks_ahead",
            Self::Robot => "robot",
        }
    }

    /// The reason as the end of "it looks like a scanner: …".
    pub fn reason(self) -> &'static str {
        match self {
            Self::Soon => "a link was followed within 10 seconds of the message being taken",
            Self::SeveralRatings => "several ratings were tapped within 10 seconds",
            Self::HiddenLink => "a link was followed that nobody sees",
            Self::HeadOnly => "only the head of the page was asked for",
            Self::LooksAhead => "the page was fetched before anybody asked for it",
            Self::Robot => "the program calls itself a robot, or nothing",
        }
    }
}

/// One link that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// The message that it stood in.
    pub attempt: u8,
    /// The rating of the key question that it stands for; none for a link that nobody sees.
    pub point: Option<i32>,
    /// What tells a scanner from the request alone.
    pub signs: BTreeSet<Sign>,
    /// When.
    pub at: DateTime<Utc>,
}

/// All taps on the messages of one invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taps {
    /// The invitation.
    pub invitation: InvitationId,
    /// The message of the last tap.
    pub attempt: u8,
    /// How many there were, at most [`TAPS_MAX`].
    pub n: u32,
    /// The ratings that were tapped.
    pub points: BTreeSet<i32>,
    /// What tells a scanner.
    pub signs: BTreeSet<Sign>,
    /// When the first was.
    pub first_at: DateTime<Utc>,
    /// When the last was.
    pub last_at: DateTime<Utc>,
    /// What came of them.
    pub end: Option<TapsEnd>,
}

/// What came of taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapsEnd {
    /// A person answered, and the answer counts in their place.
    Answered(DateTime<Utc>),
    /// An operator let them count.
    Released(DateTime<Utc>),
}

/// Why taps cannot be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReleased {
    /// There are none.
    #[error("nothing was tapped in its mails, or the stage does not keep taps")]
    Nothing,
    /// They came to an end.
    #[error("a person answered already, or they were released before")]
    Ended,
    /// Nobody knows which was meant.
    #[error("several ratings were tapped, or none, so nobody knows which was meant")]
    NotOne,
}

impl Taps {
    /// These taps with one more on a message of the invitation.
    #[must_use]
    pub fn with(before: Option<Self>, tap: Tap, (invitation, attempt): (InvitationId, &Attempt)) -> Self {
        let mut signs = tap.signs;
        if attempt.fate.at().is_some_and(|taken_at| tap.at - taken_at < SOON) {
            signs.insert(Sign::Soon);
        }
        let Some(before) = before else {
            let (points, at) = (tap.point.into_iter().collect(), tap.at);
            return Self {
                invitation,
                attempt: tap.attempt,
                n: 1,
                points,
                signs,
                first_at: at,
                last_at: at,
                end: None,
            };
        };
        let is_other = tap.point.is_some_and(|point| before.points.iter().any(|known| *known != point));
        if is_other && tap.at - before.last_at < MIND {
            signs.insert(Sign::SeveralRatings);
        }
        Self {
            attempt: tap.attempt,
            n: before.n.saturating_add(1).min(TAPS_MAX),
            points: before.points.into_iter().chain(tap.point).collect(),
            signs: before.signs.into_iter().chain(signs).collect(),
            last_at: tap.at.max(before.last_at),
            ..before
        }
    }

    /// Whether they wait for a person.
    pub fn waits(&self) -> bool {
        self.end.is_none()
    }

    /// Whether they look like a scanner's.
    pub fn is_suspect(&self) -> bool {
        !self.signs.is_empty()
    }

    /// The rating to let count.
    pub fn to_release(&self) -> Result<i32, NotReleased> {
        if !self.waits() {
            return Err(NotReleased::Ended);
        }
        let mut points = self.points.iter();
        points.next().filter(|_| points.next().is_none()).copied().ok_or(NotReleased::NotOne)
    }

    /// The word for how they stand.
    pub fn standing(&self) -> &'static str {
        match self.end {
            None if self.is_suspect() => "suspect",
            None => "waiting",
            Some(TapsEnd::Answered(_)) => "answered",
            Some(TapsEnd::Released(_)) => "released",
        }
    }
}
