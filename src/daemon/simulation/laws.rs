//! What must hold of every life.

use std::collections::BTreeMap;

use super::Simulation;
use crate::clock::Clock;
use crate::domain::invitation::{Happening, Invitation, Lane, State};
use crate::store::contract::books;

impl Simulation {
    /// Checks every law at the end of a life.
    pub(super) async fn check(&self) {
        let store = &self.machine.core.store;
        books::check(&**store).await;
        let all = books::every_invitation(&**store).await;
        let by_name: BTreeMap<_, _> = all.iter().map(|invitation| (invitation.id.to_string(), invitation)).collect();
        self.nothing_is_doubled_that_is_not_called_unknown(&by_name);
        for invitation in &all {
            self.nothing_leaves_at_a_wrong_hour(invitation).await;
            self.nothing_is_left_lying(invitation);
        }
        self.no_window_is_passed_over().await;
        self.nobody_is_asked_over_the_cap(&all).await;
        self.nobody_who_said_no_gets_another(&all);
        self.every_event_is_decided().await;
    }

    fn seed(&self) -> u64 {
        self.scene.seed
    }

    fn nothing_is_doubled_that_is_not_called_unknown(&self, by_name: &BTreeMap<String, &Invitation>) {
        for (name, n_accepted) in self.ledger.accepted() {
            let (invitation, number) = name.split_once(['.', '-']).unwrap();
            let number: u8 = number.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
            let known = by_name.get(invitation).unwrap_or_else(|| panic!("seed {}: {name} is nobody's", self.seed()));
            let attempt = known.attempt(number).unwrap_or_else(|| panic!("seed {}: {name} is lost", self.seed()));
            let is_sms = name.contains('-');
            assert!(
                n_accepted == 1 || (attempt.was_unknown && !is_sms),
                "seed {}: {name} {n_accepted} times",
                self.seed()
            );
            let is_known = attempt.fate.has_arrived();
            assert!(is_known || attempt.was_unknown, "seed {}: {name} arrived and is {:?}", self.seed(), attempt.fate);
        }
    }

    async fn nothing_leaves_at_a_wrong_hour(&self, invitation: &Invitation) {
        let contact = self.machine.core.store.contact(&invitation.contact).await.unwrap().unwrap();
        let zone = contact.time_zone.unwrap_or(invitation.zone);
        for note in &invitation.history {
            if matches!(note.what, Happening::Accepted { .. } | Happening::Refused { gave_up: false, .. }) {
                assert!(
                    invitation.send.contains(zone, note.at),
                    "seed {}: {} at {}",
                    self.seed(),
                    invitation.id,
                    note.at
                );
            }
        }
    }

    /// What is not over has its next step ahead of it.
    fn nothing_is_left_lying(&self, invitation: &Invitation) {
        let is_over = matches!(invitation.state, State::Closed { .. } | State::Skipped { .. });
        let is_ahead = invitation.due().is_some_and(|due| due.at > self.clock.now());
        assert!(is_over || is_ahead, "seed {}: {} is {}", self.seed(), invitation.id, invitation.state.as_str());
    }

    /// What is on the index of windows is still to come; that everybody is on it who must be, the books have shown.
    async fn no_window_is_passed_over(&self) {
        let next = self.machine.core.store.next_due(Lane::Close).await.unwrap();
        assert!(next.is_none_or(|at| at > self.clock.now()), "seed {}: {next:?}", self.seed());
    }

    /// With those who share an address, in any stretch of the length.
    async fn nobody_is_asked_over_the_cap(&self, all: &[Invitation]) {
        let cap = self.machine.core.live.load().rules.gate.fatigue.expect("the shipped configuration has one").cap;
        for invitation in all {
            let facts = self.machine.core.store.facts(&invitation.contact).await.unwrap();
            let asked: Vec<_> = facts.history.iter().chain(&facts.kin).filter_map(Invitation::first_at).collect();
            for from in &asked {
                let n = asked.iter().filter(|at| *from <= **at && **at < *from + cap.per).count();
                assert!(n <= cap.at_most as usize, "seed {}: {} was asked {n} times", self.seed(), invitation.contact);
            }
        }
    }

    fn nobody_who_said_no_gets_another(&self, all: &[Invitation]) {
        for (contact, refused_at) in &self.refused {
            let theirs = all.iter().filter(|invitation| invitation.contact == *contact);
            for attempt in theirs.flat_map(|invitation| &invitation.attempts) {
                assert!(attempt.first_tried_at <= *refused_at, "seed {}: {contact} said no before", self.seed());
            }
        }
    }

    async fn every_event_is_decided(&self) {
        assert!(self.to_come.is_empty());
        for n in 0..self.scene.n_events {
            let id = crate::domain::id::EventId::parse(&format!("event-{n}")).unwrap();
            assert!(self.machine.core.store.event(&id).await.unwrap().is_some(), "seed {}: {id}", self.seed());
        }
    }
}
