//! Messages whose outcome is or was unknown, and what each of them waits for.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::story::when;
use crate::domain::attempt::{Attempt, Fate};
use crate::domain::invitation::{Found, Happening, Invitation, State};

/// What a message whose outcome is or was unknown waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// Somebody who says what came of it, or sends it again.
    Operator,
    /// Its next try.
    Retry {
        /// When that is due.
        at: DateTime<Utc>,
    },
    /// What comes of the try that is on its way.
    Outcome,
    /// Nothing: what came of it was known later.
    Known {
        /// Who found out, and what, unless another try told.
        by_hand: Option<(String, Found)>,
    },
    /// Nothing: no more is sent. Whoever finds out can still put it down.
    Nothing,
}

impl WaitsFor {
    /// The word for it in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Retry { .. } => "retry",
            Self::Outcome => "outcome",
            Self::Known { .. } => "known",
            Self::Nothing => "nothing",
        }
    }

    /// The sentence for it.
    pub fn sentence(&self, zone: Tz) -> String {
        match self {
            Self::Operator => "waits for you: send it again or say what came of it".to_owned(),
            Self::Retry { at } => format!("goes again on {}", when(*at, zone)),
            Self::Outcome => "is on its way again".to_owned(),
            Self::Known { by_hand: None } => "another try or a receipt told".to_owned(),
            Self::Known { by_hand: Some((by, found)) } => format!("{by} found that it was {}", found.as_str()),
            Self::Nothing => "nothing more is sent; you can still say what came of it".to_owned(),
        }
    }
}

/// The messages of an invitation whose outcome is or was unknown.
pub fn unknown(invitation: &Invitation) -> impl Iterator<Item = (&Attempt, WaitsFor)> {
    let doubtful = invitation.attempts.iter().filter(|attempt| attempt.was_unknown);
    doubtful.map(|attempt| (attempt, waits_for(invitation, attempt)))
}

fn waits_for(invitation: &Invitation, attempt: &Attempt) -> WaitsFor {
    let is_last = invitation.attempts.last().is_some_and(|last| last.number == attempt.number);
    match (attempt.fate, invitation.state) {
        (
            Fate::Accepted { .. }
            | Fate::Refused { .. }
            | Fate::Delivered { .. }
            | Fate::Bounced { .. }
            | Fate::Complained { .. },
            _,
        ) => WaitsFor::Known { by_hand: finding(invitation, attempt) },
        (Fate::Sending, _) => WaitsFor::Outcome,
        (Fate::Unknown { .. }, State::Held { .. }) if is_last => WaitsFor::Operator,
        (Fate::Unknown { .. } | Fate::Deferred, State::Waiting { step, due_at }) if step == attempt.step => {
            WaitsFor::Retry { at: due_at }
        }
        (
            Fate::Unknown { .. } | Fate::Deferred,
            State::Waiting { .. }
            | State::Sending { .. }
            | State::Held { .. }
            | State::Asked
            | State::Closed { .. }
            | State::Skipped { .. },
        ) => WaitsFor::Nothing,
    }
}

fn finding(invitation: &Invitation, attempt: &Attempt) -> Option<(String, Found)> {
    invitation.history.iter().find_map(|note| match &note.what {
        Happening::Settled { attempt: settled, found, by } if *settled == attempt.number => {
            Some((by.to_string(), *found))
        }
        Happening::Inquired { attempt: asked, gateway, is_there: true } if *asked == attempt.number => {
            Some((gateway.clone(), Found::Accepted))
        }
        Happening::Settled { .. }
        | Happening::Planned { .. }
        | Happening::PutOff { .. }
        | Happening::StepPassedOver { .. }
        | Happening::Accepted { .. }
        | Happening::Deferred { .. }
        | Happening::Refused { .. }
        | Happening::Unknown { .. }
        | Happening::Held { .. }
        | Happening::NextStep { .. }
        | Happening::Answered { .. }
        | Happening::Skipped { .. }
        | Happening::Closed { .. }
        | Happening::SentAgain { .. }
        | Happening::AskedAgain { .. }
        | Happening::CameBack { .. }
        | Happening::Replied { .. }
        | Happening::Inquired { .. }
        | Happening::Replanned { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::invitation::tests::{BERLIN, accepted, day, invitation, minute, operator, unknown as lost};

    #[track_caller]
    fn check(invitation: &Invitation, word: &str, sentence: &str) {
        let told: Vec<_> = unknown(invitation).map(|(_, waits)| (waits.as_str(), waits.sentence(BERLIN))).collect();
        assert_eq!(told, [(word, sentence.to_owned())]);
    }

    #[test]
    fn each_says_what_it_waits_for() {
        assert_eq!(unknown(&invitation().sent(day(0), &accepted())).count(), 0);
        let once = invitation().sent(day(0), &lost());
        check(&once, "retry", "goes again on Mon 2 Mar 2026, 11:10 CET");
        check(&once.clone().sending(minute(10)), "outcome", "is on its way again");
        check(&once.clone().sent(minute(10), &accepted()), "known", "another try or a receipt told");
        let held = once.sent(minute(10), &lost());
        check(&held, "operator", "waits for you: send it again or say what came of it");
        let over = held.clone().window_closed(day(14));
        check(&over, "nothing", "nothing more is sent; you can still say what came of it");
        let found = held.settle_unknown((None, Found::Refused), day(1), (BERLIN, operator())).unwrap();
        check(&found, "known", "maria found that it was refused");
    }
}
