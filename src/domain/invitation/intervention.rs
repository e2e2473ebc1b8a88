//! What an operator does to an invitation by hand.
//!
//! Nothing here goes round the gate: what is sent or asked again waits for its turn like everything else, and the gate is
//! asked once more before it leaves. The window of an invitation never moves, and a message that may have arrived is
//! sent again only under the number that it had.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::super::attempt::{Attempt, Fate};
use super::super::journey::Channel;
use super::super::operator::Operator;
use super::super::reason::SkipReason;
use super::{End, Happening, Invitation, State};

/// Most messages of one invitation that an operator can bring about.
pub const ATTEMPTS_MAX: usize = 40;

/// What an operator found out about a message of unknown outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The channel took it.
    Accepted,
    /// The channel never took it.
    Refused,
}

impl Found {
    /// Every finding.
    pub const ALL: [Self; 2] = [Self::Accepted, Self::Refused];

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// How an invitation came to a stop that an operator can get it out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stalled {
    /// It ended, and no message was delivered.
    Undelivered,
    /// A message was refused and none was delivered so far, whether it ended or waits for a later step.
    Refused,
    /// It is held.
    Held,
    /// The channel asked us to come again, and the next try is still to come.
    Deferred,
    /// It was decided not to ask.
    Skipped,
}

impl Stalled {
    /// Every way to come to a stop.
    pub const ALL: [Self; 5] = [Self::Undelivered, Self::Refused, Self::Held, Self::Deferred, Self::Skipped];

    /// The word for it on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undelivered => "undelivered",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Deferred => "deferred",
            Self::Skipped => "skipped",
        }
    }
}

/// Where a stalled invitation would go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Since when it stands there.
    pub since: DateTime<Utc>,
    /// The steps that it could go on with, the earliest first; at least one.
    pub steps: Vec<u8>,
}

/// Why an invitation is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum LeftOut {
    /// There is no invitation of that id.
    #[error("there is no such invitation")]
    NotThere,
    /// No outcome is missing.
    #[error("no message of it is of unknown outcome")]
    NothingUnknown,
    /// It is not clear which is meant.
    #[error("several messages of it are of unknown outcome; say which attempt is meant")]
    SeveralUnknown,
    /// A worker holds it.
    #[error("a message of it is on its way right now")]
    Sending,
    /// Answers no longer count.
    #[error("the time to answer is over")]
    WindowOver,
    /// It no longer stands where it was found.
    #[error("it no longer stands so")]
    MovedOn,
    /// The contact had a link, or they could not have answered.
    #[error("it was answered")]
    Answered,
    /// A message of it may have arrived, so a new one could double it.
    #[error("a message of it may have arrived; `canvass unknown` is about those")]
    MayHaveArrived,
    /// It has had its share of messages.
    #[error("it was tried {ATTEMPTS_MAX} times already")]
    TriedTooOften,
    /// The reason for which it was skipped stays what it is.
    #[error("the reason for which it was skipped does not change")]
    SkippedForGood,
    /// The gate would not let it through.
    #[error("{}", .0.because())]
    Gate(SkipReason),
}

impl LeftOut {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotThere => "not_there",
            Self::NothingUnknown => "nothing_unknown",
            Self::SeveralUnknown => "several_unknown",
            Self::Sending => "sending",
            Self::WindowOver => "window_over",
            Self::MovedOn => "moved_on",
            Self::Answered => "answered",
            Self::MayHaveArrived => "may_have_arrived",
            Self::TriedTooOften => "tried_too_often",
            Self::SkippedForGood => "skipped_for_good",
            Self::Gate(reason) => reason.as_str(),
        }
    }
}

impl Invitation {
    /// Sends a message of unknown outcome once more, under the same number and so the same Message-ID; one that waits for
    /// its own retry goes at once.
    pub fn send_again(mut self, now: DateTime<Utc>, zone: Tz, by: Operator) -> Result<Self, LeftOut> {
        let step = match self.state {
            State::Held { step, .. } | State::Waiting { step, .. } => step,
            State::Sending { .. } => return Err(LeftOut::Sending),
            State::Asked | State::Closed { .. } | State::Skipped { .. } if self.n_unknown() == 0 => {
                return Err(LeftOut::NothingUnknown);
            }
            State::Asked | State::Closed { .. } | State::Skipped { .. } => return Err(LeftOut::MovedOn),
        };
        let last = self.attempts.last().filter(|last| last.step == step && last.fate.lost_at().is_some());
        let attempt = last.ok_or(LeftOut::NothingUnknown)?.number;
        let due_at = self.in_window(now, zone)?;
        self.note(now, Happening::SentAgain { attempt, by });
        self.state = State::Waiting { step, due_at };
        Ok(self)
    }

    /// Puts down what came of a message of unknown outcome. It may be an earlier one, and the invitation may be over: what
    /// is known now corrects the figures.
    pub fn settle_unknown(
        mut self,
        (attempt, found): (Option<u8>, Found),
        now: DateTime<Utc>,
        (zone, by): (Tz, Operator),
    ) -> Result<Self, LeftOut> {
        if attempt.is_none() && self.n_unknown() > 1 {
            return Err(LeftOut::SeveralUnknown);
        }
        let wanted = |known: &&mut Attempt| attempt.is_none_or(|number| known.number == number);
        let mut unknown = self.attempts.iter_mut().filter(wanted);
        let unknown = unknown.find_map(|known| known.fate.lost_at().map(|at| (known, at)));
        let (settled, lost_at) = unknown.ok_or(LeftOut::NothingUnknown)?;
        settled.fate = match found {
            // It was taken when it left, not when somebody found out.
            Found::Accepted => Fate::Accepted { at: lost_at },
            Found::Refused => Fate::Refused { at: now },
        };
        let (number, step) = (settled.number, settled.step);
        let is_last = self.attempts.last().is_some_and(|last| last.number == number);
        self.note(now, Happening::Settled { attempt: number, found, by });
        Ok(self.knowing_more(now, (step, is_last), zone))
    }

    /// As it stands when more is known of the message of a step, which may be the last.
    pub(super) fn knowing_more(self, now: DateTime<Utc>, (step, is_last): (u8, bool), zone: Tz) -> Self {
        match self.state {
            // What follows depends on whether it arrived, also where something else was about to follow.
            State::Waiting { .. } | State::Held { .. } if is_last => self.advance(now, step, zone, None),
            State::Asked => self.rest(now, None),
            State::Closed { at, end: End::WindowClosed, through } if !self.may_have_arrived() => {
                Self { state: State::Closed { at, end: End::Undelivered, through }, ..self }
            }
            State::Waiting { .. }
            | State::Held { .. }
            | State::Sending { .. }
            | State::Closed { .. }
            | State::Skipped { .. } => self,
        }
    }

    /// Since when it is stalled in this way, and where it could go on by this channel, if any is named; `None` when it is
    /// not stalled so.
    pub fn stalled(&self, how: Stalled, channel: Option<Channel>) -> Option<Stop> {
        let (since, mut steps) = match how {
            Stalled::Undelivered => {
                let State::Closed { at, end: End::Undelivered, .. } = self.state else { return None };
                (at, self.refusals()?.1)
            }
            Stalled::Refused => {
                let is_over = matches!(self.state, State::Closed { end: End::Undelivered, .. });
                if !is_over && !self.waits_after_refusal() {
                    return None;
                }
                self.refusals()?
            }
            Stalled::Held => {
                let State::Held { step, since, .. } = self.state else { return None };
                (since, vec![step])
            }
            Stalled::Deferred => {
                let State::Waiting { step, .. } = self.state else { return None };
                let last = self.attempts.last().filter(|last| last.step == step && last.fate == Fate::Deferred)?;
                (self.last_deferral().unwrap_or(last.first_tried_at), vec![step])
            }
            Stalled::Skipped => {
                let State::Skipped { at, .. } = self.state else { return None };
                (at, self.first_steps())
            }
        };
        let channel_of = |step: u8| self.line_up.get(usize::from(step)).map(|step| step.channel);
        steps.retain(|step| channel.is_none() || channel_of(*step) == channel);
        (!steps.is_empty()).then_some(Stop { since, steps })
    }

    /// Asks again with this step of the line-up, one of those that [`stalled`](Self::stalled) gave.
    pub fn ask_again(mut self, step: u8, now: DateTime<Utc>, (zone, by): (Tz, Operator)) -> Result<Self, LeftOut> {
        let channel = self.line_up.get(usize::from(step)).ok_or(LeftOut::MovedOn)?.channel;
        let goes_on = match self.state {
            State::Sending { .. } => return Err(LeftOut::Sending),
            State::Held { .. } => return self.send_again(now, zone, by),
            State::Skipped { reason, .. } if !may_change(reason) => return Err(LeftOut::SkippedForGood),
            // A try that was put off only goes earlier, under the number that it has.
            State::Waiting { step: waiting, .. } => waiting == step,
            State::Closed { .. } | State::Skipped { .. } | State::Asked => false,
        };
        if self.answer.is_some() {
            return Err(LeftOut::Answered);
        }
        if !goes_on && self.may_have_arrived() {
            return Err(LeftOut::MayHaveArrived);
        }
        if !goes_on && self.attempts.len() >= ATTEMPTS_MAX {
            return Err(LeftOut::TriedTooOften);
        }
        let due_at = self.in_window(now, zone)?;
        self.note(now, Happening::AskedAgain { channel, due_at, by });
        self.state = State::Waiting { step, due_at };
        Ok(self)
    }

    /// Whether it is known that this message never arrived: an operator found out, or it came back.
    pub(super) fn is_ruled_out(&self, attempt: u8) -> bool {
        if self.attempt(attempt).is_some_and(|attempt| matches!(attempt.fate, Fate::Bounced { .. })) {
            return true;
        }
        let rules_out = |what: &Happening| matches!(what, Happening::Settled { attempt: settled, found: Found::Refused, .. } if *settled == attempt);
        self.history.iter().any(|note| rules_out(&note.what))
    }

    /// Whether it waits for a later step than the one that was refused, and nothing was delivered.
    fn waits_after_refusal(&self) -> bool {
        let State::Waiting { step, .. } = self.state else { return false };
        !self.delivered() && self.attempts.last().is_some_and(|last| last.step < step)
    }

    /// The first time from `now` on at which a message may leave, if that is before the window closes.
    fn in_window(&self, now: DateTime<Utc>, zone: Tz) -> Result<DateTime<Utc>, LeftOut> {
        let last = self.closes_at().unwrap_or(self.ask_before);
        self.send.next_open(zone, now).filter(|at| *at < last).ok_or(LeftOut::WindowOver)
    }

    fn n_unknown(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.fate.lost_at().is_some()).count()
    }

    /// The steps that its line-up may begin with.
    pub fn first_steps(&self) -> Vec<u8> {
        let steps = (0_u8..).zip(&self.line_up);
        steps.filter(|(index, step)| *index == 0 || step.may_begin()).map(|(index, _)| index).collect()
    }

    /// When a message was refused last, and the steps that were.
    fn refusals(&self) -> Option<(DateTime<Utc>, Vec<u8>)> {
        let refused = self.attempts.iter().filter_map(|attempt| match attempt.fate {
            Fate::Refused { at } | Fate::Bounced { at, .. } => Some((at, attempt.step)),
            Fate::Sending
            | Fate::Deferred
            | Fate::Accepted { .. }
            | Fate::Unknown { .. }
            | Fate::Delivered { .. }
            | Fate::Complained { .. } => None,
        });
        let (times, mut steps): (Vec<_>, Vec<_>) = refused.unzip();
        steps.sort_unstable();
        steps.dedup();
        Some((times.into_iter().max()?, steps))
    }

    fn last_deferral(&self) -> Option<DateTime<Utc>> {
        let deferrals = self.history.iter().filter(|note| matches!(note.what, Happening::Deferred { .. }));
        deferrals.map(|note| note.at).max()
    }
}

/// Whether the gate looks at this reason again, so that it may be gone by now.
fn may_change(reason: SkipReason) -> bool {
    match reason {
        SkipReason::NoConsent
        | SkipReason::NoAddress
        | SkipReason::Suppressed
        | SkipReason::FrequencyCap
        | SkipReason::StageCap
        | SkipReason::TooLate
        | SkipReason::ContactGone
        | SkipReason::NoChannel
        | SkipReason::NeverOpen
        | SkipReason::Overdue
        | SkipReason::KeptRoom
        | SkipReason::BranchCap => true,
        SkipReason::ConditionNotMet | SkipReason::NotSampled | SkipReason::AlreadyAsked => false,
    }
}
