//! The task that fetches mails that came back out of a mailbox, now and then.
//!
//! While the store takes no changes nothing is fetched: the mails are safe where they are. A mailbox that cannot be
//! visited is visited again later and later, for somebody has to mend it; `canvass status` says so all the while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::returns;
use crate::chain::Chain;
use crate::channel::email::{MailboxError, Taker, Visit};
use crate::receipt::mail::Incoming;
use crate::store::{Health, StoreError};

/// The longest pause after visits that failed, unless the configuration wants a longer one anyway.
const PAUSE_MAX: TimeDelta = TimeDelta::minutes(15);

/// How the visits to the mailbox go.
#[derive(Debug, Default)]
pub struct Collecting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last_at: Option<DateTime<Utc>>,
    trouble: Option<MailboxTrouble>,
}

/// Visits that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxTrouble {
    /// Since when.
    pub since: DateTime<Utc>,
    /// How many in a row.
    pub n: u32,
    /// Why, the last time.
    pub why: String,
}

impl Collecting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is wrong with the mailbox.
    pub fn trouble(&self) -> Option<MailboxTrouble> {
        self.state().trouble.clone()
    }

    /// Whether a visit is due, one `every` so often.
    fn is_due(&self, every: TimeDelta, now: DateTime<Utc>) -> bool {
        let state = self.state();
        let n_failed = state.trouble.as_ref().map_or(0, |trouble| trouble.n);
        state.last_at.is_none_or(|last| now.signed_duration_since(last) >= pause(every, n_failed))
    }

    /// Notes how a visit went. Gives whether that is news.
    fn note(&self, went: Result<(), String>, now: DateTime<Utc>) -> bool {
        let mut state = self.state();
        state.last_at = Some(now);
        match (went, state.trouble.take()) {
            (Ok(()), before) => before.is_some(),
            (Err(why), None) => {
                state.trouble = Some(MailboxTrouble { since: now, n: 1, why });
                true
            }
            (Err(why), Some(before)) => {
                let is_news = before.why != why;
                state.trouble = Some(MailboxTrouble { n: before.n.saturating_add(1), why, ..before });
                is_news
            }
        }
    }

    /// There is no mailbox any more.
    fn forget(&self) {
        *self.state() = State::default();
    }
}

/// From one visit to the next, twice as long with each that failed.
fn pause(every: TimeDelta, n_failed: u32) -> TimeDelta {
    let doubled = 2_i32.checked_pow(n_failed).and_then(|factor| every.checked_mul(factor));
    doubled.map_or(PAUSE_MAX.max(every), |pause| pause.min(PAUSE_MAX.max(every)))
}

/// The task.
#[derive(Debug)]
pub struct Collector {
    core: Arc<Core>,
    stop: CancellationToken,
}

impl Collector {
    /// For this core, until this says stop.
    pub fn new(core: Arc<Core>, stop: CancellationToken) -> Self {
        Self { core, stop }
    }

    /// Visits the mailbox, if there is one and a visit is due.
    pub async fn step(&self) -> Result<(), StoreError> {
        let (core, live) = (&self.core, self.core.live.load_full());
        let Some(mailbox) = live.mailbox() else {
            core.collecting.forget();
            return Ok(());
        };
        let every = TimeDelta::from_std(mailbox.settings().every).unwrap_or(PAUSE_MAX);
        let takes_changes = *core.store.health().borrow() == Health::Writable;
        if !takes_changes || !core.collecting.is_due(every, core.clock.now()) {
            return Ok(());
        }
        let went = mailbox.visit(self, &self.stop).await;
        self.tell(went);
        Ok(())
    }

    fn tell(&self, went: Result<Visit, MailboxError>) {
        let core = &self.core;
        let note = |went| core.collecting.note(went, core.clock.now());
        match went {
            Ok(Visit { n_taken, n_failed }) => {
                core.metrics.collected(true);
                if note(Ok(())) {
                    tracing::info!("the bounce mailbox can be read again");
                }
                if n_taken > 0 {
                    tracing::info!(n = n_taken, "mails taken from the bounce mailbox: {n_taken}");
                }
                if n_failed > 0 {
                    tracing::warn!(
                        n = n_failed,
                        "mails that the server of the bounce mailbox does not give or does not let go: {n_failed}"
                    );
                }
            }
            Err(MailboxError::Stopped) => (),
            Err(err) => {
                core.metrics.collected(false);
                if note(Err(Chain(&err).to_string())) {
                    tracing::warn!("the bounce mailbox cannot be read: {}", Chain(&err));
                }
            }
        }
    }
}

#[async_trait]
impl Taker for Collector {
    async fn take(&self, mail: Vec<u8>) -> bool {
        // Whoever put it there has left its envelope in its header.
        let incoming = Incoming { bytes: &mail, recipient: None, sender: None };
        returns::take(&self.core, incoming).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        "2026-03-04T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
    }

    #[test]
    fn the_pause_doubles_up_to_a_quarter_of_an_hour() {
        let minutes = |every, n| pause(TimeDelta::minutes(every), n).num_minutes();
        assert_eq!([0, 1, 2, 3, 4, 5, 31, 32, 1_000].map(|n| minutes(1, n)), [1, 2, 4, 8, 15, 15, 15, 15, 15]);
        assert_eq!([0, 1, 9].map(|n| minutes(60, n)), [60, 60, 60]);
    }

    #[test]
    fn what_is_wrong_is_told_once_and_until_it_is_not() {
        let collecting = Collecting::default();
        let every = TimeDelta::minutes(1);
        assert!(collecting.is_due(every, at(0)));
        assert!(!collecting.note(Ok(()), at(0)));
        assert!(!collecting.is_due(every, at(0)) && collecting.is_due(every, at(1)));
        assert!(collecting.note(Err("login".to_owned()), at(1)));
        assert!(!collecting.note(Err("login".to_owned()), at(3)));
        assert!(!collecting.is_due(every, at(6)) && collecting.is_due(every, at(7)));
        assert!(collecting.note(Err("gone".to_owned()), at(7)));
        let trouble = MailboxTrouble { since: at(1), n: 3, why: "gone".to_owned() };
        assert_eq!(collecting.trouble(), Some(trouble));
        assert!(collecting.note(Ok(()), at(15)));
        assert_eq!(collecting.trouble(), None);
    }
}
