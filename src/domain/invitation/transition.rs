//! How an invitation moves from state to state.
//!
//! Every transition consumes the invitation and gives the next one, or refuses. Nothing here knows a channel, a store or
//! the time: what happened and when are arguments.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::super::answer::Completeness;
use super::super::attempt::{Attempt, Fate, Outcome};
use super::super::journey::{Step, StepKind};
use super::super::reason::{DeferReason, HoldReason, SkipReason};
use super::{AnswerMark, End, Happening, Invitation, Replied, State};

/// The invitation is not waiting for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the invitation is not waiting to be sent")]
pub struct NotWaiting;

/// The lease ended before its holder came back; somebody else may hold it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease on the invitation has ended")]
pub struct LeaseLost;

/// What to do when the outcome of an attempt is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterUnknown {
    /// Send it once more under the same id: the receiver can drop the duplicate.
    RetryOnce,
    /// Wait for a receipt or an operator.
    Hold,
}

/// When to come again, and when to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPlan {
    /// When the next try would be due.
    pub retry_at: DateTime<Utc>,
    /// Tries stop this long after the first.
    pub give_up_after: TimeDelta,
    /// What to do when the outcome is unknown.
    pub after_unknown: AfterUnknown,
}

impl Invitation {
    /// Hands it to a worker: from now on the message may have left, whatever happens to us.
    pub fn lease(mut self, now: DateTime<Utc>, lease: u64, until: DateTime<Utc>) -> Result<Self, NotWaiting> {
        let State::Waiting { step, .. } = self.state else { return Err(NotWaiting) };
        let planned = *self.line_up.get(usize::from(step)).ok_or(NotWaiting)?;
        let n_before = u8::try_from(self.attempts.len()).map_err(|_| NotWaiting)?;
        match self.attempts.last_mut() {
            // A try that was put off goes on under the same number, and so under the same Message-ID and link.
            Some(last) if last.step == step && matches!(last.fate, Fate::Deferred | Fate::Unknown { .. }) => {
                last.n_tries = last.n_tries.saturating_add(1);
                last.fate = Fate::Sending;
            }
            _ => self.attempts.push(Attempt {
                number: n_before.checked_add(1).ok_or(NotWaiting)?,
                step,
                channel: planned.channel,
                kind: if n_before == 0 { StepKind::Initial } else { planned.kind },
                first_tried_at: now,
                n_tries: 1,
                fate: Fate::Sending,
                was_unknown: false,
                provider_ref: None,
                to: None,
                cost: None,
            }),
        }
        self.state = State::Sending { step, lease, until };
        Ok(self)
    }

    /// Puts a due message off.
    pub fn put_off(
        mut self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        reason: DeferReason,
    ) -> Result<Self, NotWaiting> {
        let State::Waiting { step, .. } = self.state else { return Err(NotWaiting) };
        self.note(now, Happening::PutOff { until, reason });
        self.state = State::Waiting { step, due_at: until };
        Ok(self)
    }

    /// Goes past a step that cannot be taken for this contact, to the next that can, else to the end of the line-up.
    pub fn pass_over(mut self, now: DateTime<Utc>, reason: SkipReason, zone: Tz) -> Result<Self, NotWaiting> {
        let State::Waiting { step, .. } = self.state else { return Err(NotWaiting) };
        let channel = self.line_up.get(usize::from(step)).ok_or(NotWaiting)?.channel;
        self.note(now, Happening::StepPassedOver { channel, reason });
        self.abandon(now);
        Ok(self.advance(now, step, zone, Some(reason)))
    }

    /// Decides not to ask, or not to go on asking.
    pub fn skip(mut self, now: DateTime<Utc>, reason: SkipReason) -> Result<Self, NotWaiting> {
        let State::Waiting { .. } = self.state else { return Err(NotWaiting) };
        if !self.attempts.is_empty() {
            self.note(now, Happening::Skipped { reason });
        }
        Ok(self.rest(now, Some(reason)))
    }

    /// Says what came of a leased attempt. Only the holder of the lease may.
    pub fn settle(
        mut self,
        lease: u64,
        outcome: &Outcome,
        now: DateTime<Utc>,
        (retry, zone): (RetryPlan, Tz),
    ) -> Result<Self, LeaseLost> {
        let State::Sending { step, lease: holder, .. } = self.state else { return Err(LeaseLost) };
        if holder != lease {
            return Err(LeaseLost);
        }
        let closes_at = self.closes_at();
        let attempt = self.attempts.last_mut().ok_or(LeaseLost)?;
        let (number, reply) = (attempt.number, outcome.reply());
        let given_up_at = attempt.first_tried_at + retry.give_up_after;
        let too_late = retry.retry_at >= given_up_at || closes_at.is_some_and(|closes_at| retry.retry_at >= closes_at);
        if attempt.fate.news().is_some() {
            // A receipt was faster than the channel's answer, and knows more.
            return Ok(self.settle_known(now, (step, number), outcome, zone));
        }
        match outcome {
            Outcome::Accepted { provider_ref, .. } => {
                attempt.fate = Fate::Accepted { at: now };
                attempt.provider_ref.clone_from(provider_ref);
                self.note(now, Happening::Accepted { attempt: number, reply });
                Ok(self.advance(now, step, zone, None))
            }
            Outcome::Deferred { obstacle, .. } if !too_late => {
                attempt.fate = Fate::Deferred;
                if !obstacle.counts() {
                    attempt.n_tries = attempt.n_tries.saturating_sub(1);
                }
                self.note(now, Happening::Deferred { attempt: number, until: retry.retry_at, reply });
                self.state = State::Waiting { step, due_at: retry.retry_at };
                Ok(self.unless_over(now))
            }
            Outcome::Deferred { .. } => {
                attempt.fate = Fate::Deferred;
                self.note(now, Happening::Refused { attempt: number, reply, gave_up: true });
                self.abandon(now);
                Ok(self.advance(now, step, zone, None))
            }
            Outcome::Refused { .. } => {
                attempt.fate = Fate::Refused { at: now };
                self.note(now, Happening::Refused { attempt: number, reply, gave_up: false });
                Ok(self.advance(now, step, zone, None))
            }
            Outcome::Unknown { .. } => Ok(self.lose_sight(now, step, reply, (retry, too_late))),
        }
    }

    /// The lease of a worker that never came back ends: what it did is unknown.
    pub fn expire_lease(self, now: DateTime<Utc>, retry: RetryPlan) -> Result<Self, LeaseLost> {
        let State::Sending { lease, .. } = self.state else { return Err(LeaseLost) };
        let zone = self.zone;
        let reply = "the daemon stopped or the worker never came back".to_owned();
        self.settle(lease, &Outcome::Unknown { reply }, now, (retry, zone))
    }

    fn lose_sight(mut self, now: DateTime<Utc>, step: u8, reply: String, (retry, too_late): (RetryPlan, bool)) -> Self {
        let Some(attempt) = self.attempts.last_mut() else { return self };
        let number = attempt.number;
        let again = !attempt.was_unknown && !too_late && retry.after_unknown == AfterUnknown::RetryOnce;
        attempt.fate = Fate::Unknown { at: now };
        attempt.was_unknown = true;
        self.note(now, Happening::Unknown { attempt: number, reply });
        if self.is_answered() {
            return self.rest(now, None);
        }
        if again {
            self.state = State::Waiting { step, due_at: retry.retry_at };
        } else {
            let reason = HoldReason::UnknownOutcome;
            self.note(now, Happening::Held { reason });
            self.state = State::Held { step, reason, since: now };
        }
        self
    }

    /// Marks an answer. A full one ends the invitation; one with a key question stops the asking.
    #[must_use]
    pub fn answered(mut self, now: DateTime<Utc>, attempt: u8, completeness: Completeness) -> Self {
        self.note(now, Happening::Answered { attempt, completeness });
        self.marked(now, attempt, completeness)
    }

    /// The contact replied to a text message. An answer counts as one through the link in it.
    #[must_use]
    pub fn replied(mut self, now: DateTime<Utc>, attempt: u8, said: Replied) -> Self {
        self.note(now, Happening::Replied { attempt, said });
        match said {
            Replied::Answer { completeness } => self.marked(now, attempt, completeness),
            Replied::Unclear | Replied::Stop | Replied::Start | Replied::Help => self,
        }
    }

    fn marked(mut self, now: DateTime<Utc>, attempt: u8, completeness: Completeness) -> Self {
        let late = self.closes_at().is_some_and(|closes_at| now >= closes_at);
        self.answer = Some(match self.answer {
            // The outcome of a case is what it was when the window closed, whatever is added afterwards.
            Some(mark) if late && !mark.late => mark,
            // Having opened a form is no answer: the link that carries the first one is credited.
            Some(mark) if mark.completeness == Completeness::Started => AnswerMark { attempt, completeness, ..mark },
            Some(mark) => AnswerMark { completeness: mark.completeness.max(completeness), ..mark },
            None => AnswerMark { attempt, completeness, first_at: now, late },
        });
        self.unless_over(now)
    }

    /// The contact wants no more messages. A message that is on its way cannot be called back; nothing follows it.
    #[must_use]
    pub fn opted_out(self, now: DateTime<Utc>, through: Option<u8>) -> Self {
        if self.closes_at().is_some_and(|closes_at| now >= closes_at) {
            return self.window_closed(now);
        }
        match self.state {
            State::Closed { .. } | State::Skipped { .. } => self,
            State::Waiting { .. } if self.attempts.is_empty() => self.skipped(now, SkipReason::Suppressed),
            State::Waiting { .. } | State::Held { .. } | State::Asked | State::Sending { .. } => {
                self.close(now, End::OptedOut, through)
            }
        }
    }

    /// The contact says that the occasion never was.
    #[must_use]
    pub fn ineligible(self, now: DateTime<Utc>, through: Option<u8>) -> Self {
        match self.state {
            State::Closed { end: End::Answered | End::Ineligible, .. } | State::Skipped { .. } => self,
            State::Waiting { .. }
            | State::Sending { .. }
            | State::Held { .. }
            | State::Asked
            | State::Closed { .. } => self.close(now, End::Ineligible, through),
        }
    }

    /// The window closes.
    #[must_use]
    pub fn window_closed(self, now: DateTime<Utc>) -> Self {
        match self.state {
            State::Waiting { .. } if self.attempts.is_empty() => self.skipped(now, SkipReason::TooLate),
            State::Asked | State::Held { .. } | State::Waiting { .. } => {
                let end = if self.may_have_arrived() { End::WindowClosed } else { End::Undelivered };
                self.close(now, end, None)
            }
            State::Sending { .. } | State::Closed { .. } | State::Skipped { .. } => self,
        }
    }

    /// Gives up what has no outcome yet, for it will not be tried again. What is on its way may have left.
    pub(super) fn abandon(&mut self, now: DateTime<Utc>) {
        let Some(last) = self.attempts.last_mut() else { return };
        match last.fate {
            Fate::Deferred if !last.was_unknown => last.fate = Fate::Refused { at: now },
            Fate::Deferred | Fate::Sending => {
                last.fate = Fate::Unknown { at: now };
                last.was_unknown = true;
            }
            Fate::Accepted { .. }
            | Fate::Refused { .. }
            | Fate::Unknown { .. }
            | Fate::Delivered { .. }
            | Fate::Bounced { .. }
            | Fate::Complained { .. } => (),
        }
    }

    fn close(mut self, now: DateTime<Utc>, end: End, through: Option<u8>) -> Self {
        self.abandon(now);
        self.note(now, Happening::Closed { end });
        self.state = State::Closed { at: now, end, through };
        self
    }

    fn skipped(mut self, now: DateTime<Utc>, reason: SkipReason) -> Self {
        self.note(now, Happening::Skipped { reason });
        self.state = State::Skipped { at: now, reason };
        self
    }

    /// An answer that came while a message was on its way ends what would follow it.
    fn unless_over(mut self, now: DateTime<Utc>) -> Self {
        let sending = matches!(self.state, State::Sending { .. });
        let over = matches!(self.state, State::Closed { .. } | State::Skipped { .. });
        if sending || over {
            return self;
        }
        match self.answer.map(|mark| (mark.completeness, mark.late)) {
            Some((Completeness::Complete, false)) => self.close(now, End::Answered, None),
            // It depends on the time of the answer, not on who came first: the answer or whoever closes windows.
            Some((Completeness::Complete, true)) => self.close(now, End::WindowClosed, None),
            Some((Completeness::Partial, _)) => {
                self.abandon(now);
                Self { state: State::Asked, ..self }
            }
            Some((Completeness::Started, _)) | None => self,
        }
    }

    /// Sets the next step that may be taken after `step`, else awaits answers, else gives up.
    pub(super) fn advance(mut self, now: DateTime<Utc>, step: u8, zone: Tz, reason: Option<SkipReason>) -> Self {
        if self.is_answered() {
            return self.rest(now, reason);
        }
        let Some((next, due_at)) = self.next_step(now, step, zone) else { return self.rest(now, reason) };
        let Some(planned) = self.line_up.get(usize::from(next)) else { return self.rest(now, reason) };
        self.note(now, Happening::NextStep { channel: planned.channel, due_at });
        self.state = State::Waiting { step: next, due_at };
        self
    }

    /// Whether an answer came that leaves nothing to ask for.
    fn is_answered(&self) -> bool {
        self.answer.is_some_and(|mark| mark.completeness >= Completeness::Partial)
    }

    /// Whether the contact may have a message of it: an answer proves that they do, whatever the channel said.
    pub(super) fn may_have_arrived(&self) -> bool {
        let unclear = |attempt: &Attempt| attempt.was_unknown && !self.is_ruled_out(attempt.number);
        self.answer.is_some() || self.delivered() || self.attempts.iter().any(unclear)
    }

    fn next_step(&self, now: DateTime<Utc>, step: u8, zone: Tz) -> Option<(u8, DateTime<Utc>)> {
        let delivered = self.delivered();
        let last = self.closes_at().unwrap_or(self.ask_before);
        let after_taken = self.line_up.get(usize::from(step)).map_or(TimeDelta::zero(), |taken| taken.after);
        let candidates = self.line_up.iter().enumerate().skip(usize::from(step) + 1);
        candidates.filter(|(_, step)| self.may_take(step, delivered)).find_map(|(index, step)| {
            let wanted = match self.first_at() {
                // A reminder that is overdue already must not come on the heels of what it reminds of.
                Some(first_at) if delivered && first_at + step.after <= now => {
                    now + (step.after - after_taken).max(TimeDelta::zero())
                }
                Some(first_at) if delivered => first_at + step.after,
                _ => now,
            };
            let due_at = self.send.next_open(zone, wanted)?;
            (due_at < last).then_some((u8::try_from(index).ok()?, due_at))
        })
    }

    fn may_take(&self, step: &Step, delivered: bool) -> bool {
        let reminds_of_something = step.kind != StepKind::Reminder || self.delivered_by(step.channel);
        step.when.allows(delivered) && reminds_of_something
    }

    /// Nothing more is to be sent.
    pub(super) fn rest(mut self, now: DateTime<Utc>, reason: Option<SkipReason>) -> Self {
        if self.attempts.is_empty() {
            return self.skipped(now, reason.unwrap_or(SkipReason::NoChannel));
        }
        self.abandon(now);
        if self.may_have_arrived() {
            Self { state: State::Asked, ..self }.unless_over(now)
        } else {
            self.close(now, End::Undelivered, None)
        }
    }
}
