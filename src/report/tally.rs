//! What one case adds to the counters of its cohort (METRICS §4).
//!
//! The cohort is the day of the first attempt in the branch's time zone. A case counts once in the whole; per channel it
//! counts wherever a message of it was delivered, and its answer counts where the link that was used came from. So the
//! channels' answers add up to the whole, and their bases do not.

use std::ops::{AddAssign, SubAssign};

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::answer::Completeness;
use crate::domain::attempt::{Attempt, Fate};
use crate::domain::id::{BranchId, JourneyId, StageId, TouchpointId};
use crate::domain::invitation::{End, Invitation, State};
use crate::domain::journey::Channel;
use crate::domain::place::Surface;
use crate::domain::response::Response;

/// Which counters a case belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The cohort: the day of the first attempt, or of the decision not to ask.
    pub day: NaiveDate,
    /// The journey.
    pub journey: JourneyId,
    /// The stage.
    pub stage: StageId,
    /// The branch, where the occasion had one.
    pub branch: Option<BranchId>,
}

/// The counters of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Every case once.
    pub all: Counts,
    /// Cases with mail.
    pub email: Counts,
    /// Cases with text messages.
    pub sms: Counts,
    /// When the last window of the cell closes; until then its rates are provisional.
    pub closes_at: Option<DateTime<Utc>>,
}

macro_rules! counts {
    ($($(#[$doc:meta])* $field:ident),* $(,)?) => {
        /// Cases by outcome.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$doc])* pub $field: i64,)*
        }

        impl Counts {
            /// How many counters there are.
            pub const LEN: usize = [$(stringify!($field)),*].len();

            /// The counters in their stored order.
            pub fn to_array(self) -> [i64; Self::LEN] {
                [$(self.$field),*]
            }

            /// The counters from their stored order.
            pub fn from_array(array: [i64; Self::LEN]) -> Self {
                let [$($field),*] = array;
                Self { $($field),* }
            }
        }

        impl AddAssign for Counts {
            fn add_assign(&mut self, other: Self) {
                $(self.$field += other.$field;)*
            }
        }

        impl SubAssign for Counts {
            fn sub_assign(&mut self, other: Self) {
                $(self.$field -= other.$field;)*
            }
        }
    };
}

counts! {
    /// Cases in which a message was tried here.
    attempted,
    /// Cases in which a message was delivered here.
    delivered,
    /// Cases in which no message was delivered on any channel.
    undelivered,
    /// Cases in which nobody can say whether a message arrived.
    unknown,
    /// Answered in full (AAPOR 1.1).
    complete,
    /// A key question answered (1.2).
    partial,
    /// Begun by a person, no key question answered (2.12).
    break_off,
    /// Said no more in the window (2.111).
    refusal,
    /// Answered after the window; among those without response.
    late,
    /// Not a case at all: the occasion never was (4.10).
    ineligible,
    /// Never asked (3.11).
    suppressed,
    /// Of the delivered, those whose first message went by this channel.
    first_delivered,
    /// Of these, those answered by this channel.
    first_answered,
    /// Of the delivered, those where this channel came after another.
    fallback_delivered,
    /// Of these, those answered by this channel.
    fallback_answered,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.email += other.email;
        self.sms += other.sms;
        self.closes_at = self.closes_at.max(other.closes_at);
    }
}

impl SubAssign for Tally {
    /// Takes counts away. The closing time stays: another case of the cell may still need it, and a closed window stays
    /// closed.
    fn sub_assign(&mut self, other: Self) {
        self.all -= other.all;
        self.email -= other.email;
        self.sms -= other.sms;
    }
}

impl Tally {
    /// The counters of a channel.
    pub fn of(&self, channel: Channel) -> &Counts {
        match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
        }
    }

    fn of_mut(&mut self, channel: Channel) -> &mut Counts {
        match channel {
            Channel::Email => &mut self.email,
            Channel::Sms => &mut self.sms,
        }
    }
}

/// How a case stands, and by which channel it came to stand so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disposition {
    Complete(Channel),
    Partial(Channel),
    BreakOff(Channel),
    Refusal(Channel),
    NoResponse { late: bool },
    Undelivered,
    Unknown,
    Ineligible,
}

/// What this invitation adds to its cell; `None` while it is no case yet.
///
/// It is one from the first outcome of a message on, at the latest when it closes: a message that was put off until the
/// end was not delivered.
pub fn contribution(invitation: &Invitation) -> Option<(Cell, Tally)> {
    let cell = |at: DateTime<Utc>| Cell {
        day: at.with_timezone(&invitation.zone).date_naive(),
        journey: invitation.journey.clone(),
        stage: invitation.stage.clone(),
        branch: invitation.branch.clone(),
    };
    if let State::Skipped { at, .. } = invitation.state {
        let all = Counts { suppressed: 1, ..Counts::default() };
        return Some((cell(at), Tally { all, ..Tally::default() }));
    }
    let has_outcome = invitation.attempts.iter().any(|attempt| attempt.fate.at().is_some());
    if !has_outcome && !matches!(invitation.state, State::Closed { .. }) {
        return None;
    }
    let first_at = invitation.first_at()?;
    let disposition = disposition(invitation);
    let mut tally = Tally { closes_at: invitation.closes_at(), ..Tally::default() };
    tally.all = count_case(disposition);
    for channel in Channel::ALL {
        *tally.of_mut(channel) = count_channel(invitation, channel, disposition);
    }
    Some((cell(first_at), tally))
}

fn disposition(invitation: &Invitation) -> Disposition {
    if let State::Closed { end: End::Ineligible, .. } = invitation.state {
        return Disposition::Ineligible;
    }
    let in_time = invitation.answer.filter(|mark| !mark.late);
    let by = in_time.and_then(|mark| channel_of(invitation, mark.attempt));
    match (in_time.map(|mark| mark.completeness), by) {
        (Some(Completeness::Complete), Some(by)) => return Disposition::Complete(by),
        (Some(Completeness::Partial), Some(by)) => return Disposition::Partial(by),
        (Some(Completeness::Started) | None, _) | (_, None) => (),
    }
    if let Some(by) = refused_by(invitation) {
        return Disposition::Refusal(by);
    }
    if let Some(by) = by {
        return Disposition::BreakOff(by);
    }
    if Channel::ALL.into_iter().any(|channel| arrived_by(invitation, channel)) {
        let late = invitation.answer.is_some_and(|mark| mark.late && mark.completeness != Completeness::Started);
        return Disposition::NoResponse { late };
    }
    if Channel::ALL.into_iter().any(|channel| may_have_arrived_by(invitation, channel)) {
        return Disposition::Unknown;
    }
    Disposition::Undelivered
}

/// The channel by which the contact said no more within the window: the link's, else that of the last message they had.
fn refused_by(invitation: &Invitation) -> Option<Channel> {
    let State::Closed { at, end: End::OptedOut, through } = invitation.state else { return None };
    let in_time = invitation.closes_at().is_none_or(|closes_at| at < closes_at);
    let delivered = |attempt: &&Attempt| attempt.fate.has_arrived();
    let last_delivered = || invitation.attempts.iter().rev().find(delivered).map(|attempt| attempt.channel);
    let by = through.and_then(|number| channel_of(invitation, number)).or_else(last_delivered);
    by.filter(|_| in_time)
}

fn channel_of(invitation: &Invitation, number: u8) -> Option<Channel> {
    invitation.attempt(number).map(|attempt| attempt.channel)
}

/// Whether a message arrived by this channel. A link that was used proves it, whatever the relay said.
fn arrived_by(invitation: &Invitation, channel: Channel) -> bool {
    let through = if let State::Closed { through, .. } = invitation.state { through } else { None };
    let used = [invitation.answer.map(|mark| mark.attempt), through];
    let is_proof = |number| channel_of(invitation, number) == Some(channel);
    invitation.delivered_by(channel) || used.into_iter().flatten().any(is_proof)
}

/// Whether nobody can say what became of a message by this channel. Once an invitation is closed, nobody will tell what
/// became of a message that was on its way.
fn may_have_arrived_by(invitation: &Invitation, channel: Channel) -> bool {
    let closed = matches!(invitation.state, State::Closed { .. });
    invitation.attempts.iter().filter(|attempt| attempt.channel == channel).any(|attempt| match attempt.fate {
        Fate::Unknown { .. } => true,
        Fate::Sending => closed,
        Fate::Deferred
        | Fate::Accepted { .. }
        | Fate::Refused { .. }
        | Fate::Delivered { .. }
        | Fate::Bounced { .. }
        | Fate::Complained { .. } => false,
    })
}

fn count_case(disposition: Disposition) -> Counts {
    let delivered = Counts { attempted: 1, delivered: 1, ..Counts::default() };
    match disposition {
        Disposition::Complete(_) => Counts { complete: 1, ..delivered },
        Disposition::Partial(_) => Counts { partial: 1, ..delivered },
        Disposition::BreakOff(_) => Counts { break_off: 1, ..delivered },
        Disposition::Refusal(_) => Counts { refusal: 1, ..delivered },
        Disposition::NoResponse { late } => Counts { late: i64::from(late), ..delivered },
        Disposition::Undelivered => Counts { attempted: 1, undelivered: 1, ..Counts::default() },
        Disposition::Unknown => Counts { attempted: 1, unknown: 1, ..Counts::default() },
        Disposition::Ineligible => Counts { ineligible: 1, ..Counts::default() },
    }
}

fn count_channel(invitation: &Invitation, channel: Channel, disposition: Disposition) -> Counts {
    let mut counts = Counts::default();
    if !invitation.attempts.iter().any(|attempt| attempt.channel == channel) {
        return counts;
    }
    let delivered = arrived_by(invitation, channel);
    if disposition == Disposition::Ineligible {
        counts.ineligible = i64::from(delivered);
        return counts;
    }
    counts.attempted = 1;
    if !delivered {
        counts.unknown = i64::from(may_have_arrived_by(invitation, channel));
        return counts;
    }
    counts.delivered = 1;
    match disposition {
        Disposition::Complete(by) => counts.complete = i64::from(by == channel),
        Disposition::Partial(by) => counts.partial = i64::from(by == channel),
        Disposition::BreakOff(by) => counts.break_off = i64::from(by == channel),
        Disposition::Refusal(by) => counts.refusal = i64::from(by == channel),
        Disposition::NoResponse { late } => counts.late = i64::from(late),
        Disposition::Undelivered | Disposition::Unknown | Disposition::Ineligible => (),
    }
    let answered_here = counts.complete + counts.partial;
    let came_first = invitation.attempts.first().is_some_and(|first| first.channel == channel);
    if came_first {
        (counts.first_delivered, counts.first_answered) = (1, answered_here);
    } else {
        (counts.fallback_delivered, counts.fallback_answered) = (1, answered_here);
    }
    counts
}

/// Which counters a visit to a surface belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SurfaceCell {
    /// The day of the visit in the branch's time zone.
    pub day: NaiveDate,
    /// The branch.
    pub branch: BranchId,
    /// The touchpoint.
    pub touchpoint: TouchpointId,
    /// The kind of surface.
    pub surface: Surface,
}

/// Visits to a surface, where nobody was invited and so no response rate exists (METRICS §4.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SurfaceTally {
    /// Times that a person, and no known robot, opened it.
    pub sessions: i64,
    /// Answered in full.
    pub complete: i64,
    /// A key question answered.
    pub partial: i64,
    /// Answered, fully or in part, but flagged: in neither of the two.
    pub flagged: i64,
}

impl AddAssign for SurfaceTally {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.complete += other.complete;
        self.partial += other.partial;
        self.flagged += other.flagged;
    }
}

impl SubAssign for SurfaceTally {
    fn sub_assign(&mut self, other: Self) {
        self.sessions -= other.sessions;
        self.complete -= other.complete;
        self.partial -= other.partial;
        self.flagged -= other.flagged;
    }
}

impl SurfaceTally {
    /// What a response adds.
    pub fn of_response(response: &Response) -> Self {
        let once = |is_so: bool| i64::from(is_so);
        let (completeness, counts) = (response.completeness, response.counts());
        Self {
            sessions: 0,
            complete: once(counts && completeness == Completeness::Complete),
            partial: once(counts && completeness == Completeness::Partial),
            flagged: once(!counts && completeness != Completeness::Started),
        }
    }
}
