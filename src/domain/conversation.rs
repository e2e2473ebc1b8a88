//! What is remembered of a telephone that writes to us, so that a message is heard once and answered within bounds.

use chrono::{DateTime, TimeDelta, Utc};

use super::id::{InvitationId, QuestionId};

/// Messages that are remembered, so that the same one again is known.
pub const HEARD_MAX: usize = 20;
/// How long a message with an id is known again: longer than any gateway tries.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(7);
/// Within which time the same words without an id are the same message.
pub const SAME_WITHIN: TimeDelta = TimeDelta::minutes(1);
/// Most messages that a telephone is answered by itself in 24 hours. Two machines that answer each other never end.
pub const REPLIES_A_DAY_MAX: u8 = 10;

/// What is remembered of a telephone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The messages that were heard last, oldest first.
    pub heard: Vec<HeardText>,
    /// How many answers there were, and since when they are counted.
    pub replies: Option<(DateTime<Utc>, u8)>,
    /// What was said last.
    pub last: Option<Line>,
    /// The invitation that is spoken of.
    pub talk: Option<Talk>,
}

/// A message that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardText {
    /// The mark of its id, or of its words where it has none.
    pub mark: [u8; 8],
    /// When.
    pub at: DateTime<Utc>,
}

/// A survey that is answered by text messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// The invitation.
    pub invitation: InvitationId,
    /// The question that was asked last, if an answer is awaited.
    pub asked: Option<QuestionId>,
    /// Whether it was said how this question is answered.
    pub told: bool,
    /// Whether thanks were said.
    pub thanked: bool,
}

/// What a telephone is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// That nothing more will come.
    Stopped,
    /// That surveys may come again.
    Started,
    /// Who we are.
    Help,
    /// Thanks.
    Thanks,
    /// The next question.
    Ask(QuestionId),
    /// How this question is answered.
    Again(QuestionId),
}

impl Talk {
    /// At its beginning.
    pub fn of(invitation: InvitationId) -> Self {
        Self { invitation, asked: None, told: false, thanked: false }
    }
}

impl Conversation {
    /// Whether this message was heard before, and what was said to it, where it was the last one.
    pub fn repeats(&self, mark: [u8; 8], has_id: bool, now: DateTime<Utc>) -> Option<Option<Line>> {
        let within = if has_id { KNOWN_FOR } else { SAME_WITHIN };
        let known = self.heard.iter().rposition(|heard| heard.mark == mark && now - heard.at < within)?;
        let is_last = known + 1 == self.heard.len();
        // Words that come twice may be two messages of somebody who is impatient; an id means that nobody got our answer.
        Some(self.last.clone().filter(|_| is_last && has_id))
    }

    /// Remembers a message.
    pub fn hear(&mut self, mark: [u8; 8], now: DateTime<Utc>) {
        self.heard.retain(|heard| now - heard.at < KNOWN_FOR);
        if self.heard.len() >= HEARD_MAX {
            self.heard.drain(..=self.heard.len() - HEARD_MAX);
        }
        self.heard.push(HeardText { mark, at: now });
        self.last = None;
    }

    /// Takes one of the answers that are left for the day, if there is one.
    pub fn may_say(&mut self, line: &Line, now: DateTime<Utc>) -> bool {
        let (since, n) = self.replies.filter(|(since, _)| now - *since < TimeDelta::days(1)).unwrap_or((now, 0));
        if n >= REPLIES_A_DAY_MAX {
            return false;
        }
        self.replies = Some((since, n + 1));
        self.last = Some(line.clone());
        true
    }

    /// What is spoken of with this invitation. Another one than before begins anew.
    pub fn about(&mut self, invitation: InvitationId) -> &mut Talk {
        let same = self.talk.take().filter(|talk| talk.invitation == invitation);
        self.talk.insert(same.unwrap_or_else(|| Talk::of(invitation)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_message_with_an_id_is_known_for_days_and_one_without_for_a_minute() {
        let mut talk = Conversation::default();
        assert_eq!(talk.repeats([1; 8], true, at(0)), None);
        talk.hear([1; 8], at(0));
        assert!(talk.may_say(&Line::Thanks, at(0)));
        assert_eq!(talk.repeats([1; 8], true, at(60)), Some(Some(Line::Thanks)), "nobody got the answer");
        assert_eq!(talk.repeats([1; 8], false, at(0)), Some(None));
        assert_eq!(talk.repeats([1; 8], false, at(1)), None);
        assert_eq!(talk.repeats([1; 8], true, at(7 * 24 * 60)), None);
        talk.hear([2; 8], at(2));
        assert_eq!(talk.repeats([1; 8], true, at(60)), Some(None), "it was answered, and more was said since");
        assert_eq!(talk.repeats([2; 8], true, at(60)), Some(None), "there was no answer");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut talk = Conversation::default();
        for n in 0..100 {
            talk.hear([n; 8], at(n.into()));
        }
        assert_eq!(talk.heard.len(), HEARD_MAX);
        assert_eq!(talk.heard.first().map(|heard| heard.mark), Some([80; 8]));
        talk.hear([0; 8], at(30 * 24 * 60));
        assert_eq!(talk.heard.len(), 1);
    }

    #[test]
    fn a_telephone_is_answered_so_often_a_day() {
        let mut talk = Conversation::default();
        let said = (0..100).filter(|minute| talk.may_say(&Line::Help, at(*minute))).count();
        assert_eq!(said, usize::from(REPLIES_A_DAY_MAX));
        assert!(!talk.may_say(&Line::Help, at(24 * 60 - 1)));
        assert!(talk.may_say(&Line::Help, at(24 * 60)));
    }

    #[test]
    fn another_invitation_begins_anew() {
        let mut talk = Conversation::default();
        let ids = [1, 2].map(|n| InvitationId::from_bytes([n; 16]));
        talk.about(ids[0]).thanked = true;
        assert!(talk.about(ids[0]).thanked);
        assert!(!talk.about(ids[1]).thanked);
        assert!(!talk.about(ids[0]).thanked);
    }
}
