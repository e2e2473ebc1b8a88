//! What is said after an answer.
//!
//! Words may go by the score: who was disappointed is not told "see you soon". A link may not. To ask only those for a public
//! review who were content is against the rules of review sites and of regulators, so the one link is shown to everybody.

use super::Survey;
use crate::domain::answer::Answers;
use crate::domain::language::Text;

/// Most thanks of one survey.
pub const THANKS_MAX: usize = 12;

/// Words of thanks.
#[derive(Clone, Debug, PartialEq)]
pub struct Thanks {
    /// The rating of the key question up to which they are meant; `None` for everybody.
    pub at_most: Option<i32>,
    /// The words.
    pub text: Text,
}

/// A page elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Where it is.
    pub url: String,
    /// The words.
    pub text: Text,
}

impl Survey {
    /// What is said after these answers.
    pub fn thanks_for(&self, answers: &Answers) -> Option<&Text> {
        let score = self.key_question().and_then(|key| answers.get(&key.id)?.ratings().next());
        let is_meant = |thanks: &&Thanks| thanks.at_most.is_none_or(|most| score.is_some_and(|score| score <= most));
        self.thanks.iter().find(is_meant).map(|thanks| &thanks.text)
    }

    /// Whether what is said depends on what was answered.
    pub fn has_scored_thanks(&self) -> bool {
        self.thanks.iter().any(|thanks| thanks.at_most.is_some())
    }

    pub(super) fn thanks_texts(&self) -> impl Iterator<Item = (String, &Text)> {
        let has_scores = self.has_scored_thanks();
        self.thanks.iter().enumerate().map(move |(place, thanks)| {
            let place = if has_scores { format!("thanks[{place}]") } else { "thanks".to_owned() };
            (place, &thanks.text)
        })
    }
}
