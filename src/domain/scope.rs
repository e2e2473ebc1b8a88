//! Which messages are meant: by journey, stage, branch and channel.

use std::fmt;

use super::id::{BranchId, JourneyId, StageId};
use super::invitation::Invitation;
use super::journey::Channel;
use super::route::Room;

/// The messages that fit every part which is given. Without any, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Of this journey.
    pub journey: Option<JourneyId>,
    /// Of stages with this id.
    pub stage: Option<StageId>,
    /// Of this branch.
    pub branch: Option<BranchId>,
    /// By this channel.
    pub channel: Option<Channel>,
}

impl Scope {
    /// Whether a message of this invitation by this channel is meant.
    pub fn covers(&self, invitation: &Invitation, channel: Channel) -> bool {
        self.covers_case(invitation) && self.channel.is_none_or(|meant| meant == channel)
    }

    /// Whether messages of this invitation are meant, by some channel.
    pub fn covers_case(&self, invitation: &Invitation) -> bool {
        self.journey.as_ref().is_none_or(|meant| *meant == invitation.journey)
            && self.stage.as_ref().is_none_or(|meant| *meant == invitation.stage)
            && self.branch.as_ref().is_none_or(|meant| invitation.branch.as_ref() == Some(meant))
    }

    /// Whether every message of this channel is meant.
    pub fn covers_channel(&self, channel: Channel) -> bool {
        let any_case = self.journey.is_none() && self.stage.is_none() && self.branch.is_none();
        any_case && self.channel.is_none_or(|meant| meant == channel)
    }

    /// Its room on the due index, where it is held.
    pub fn room(&self) -> Room {
        Room::of("hold", &self.to_string())
    }

    /// Whether every message is meant.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// As the object of a sentence: `everything`, `text messages of journey dine-in, stage visit, at branch mitte`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.channel {
            None if self.is_everything() => "everything",
            None => "all messages",
            Some(Channel::Email) => "emails",
            Some(Channel::Sms) => "text messages",
        })?;
        match (&self.journey, &self.stage) {
            (Some(journey), Some(stage)) => write!(f, " of {journey}/{stage}")?,
            (Some(journey), None) => write!(f, " of journey {journey}")?,
            (None, Some(stage)) => write!(f, " of stage {stage}")?,
            (None, None) => (),
        }
        match &self.branch {
            Some(branch) => write!(f, " at {branch}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::invitation::tests::invitation;

    fn scope(journey: &str, stage: &str, branch: &str, channel: Option<Channel>) -> Scope {
        Scope {
            journey: JourneyId::parse(journey).ok(),
            stage: StageId::parse(stage).ok(),
            branch: BranchId::parse(branch).ok(),
            channel,
        }
    }

    #[track_caller]
    fn check(scope: &Scope, covers: bool, words: &str) {
        assert_eq!((scope.covers(&invitation(), Channel::Email), scope.to_string().as_str()), (covers, words));
    }

    #[test]
    fn a_scope_covers_what_fits_every_part_of_it() {
        check(&Scope::default(), true, "everything");
        check(&scope("dine-in", "", "", None), true, "all messages of journey dine-in");
        check(&scope("dine-in", "visit", "", Some(Channel::Email)), true, "emails of dine-in/visit");
        check(
            &scope("dine-in", "visit", "mitte", Some(Channel::Sms)),
            false,
            "text messages of dine-in/visit at mitte",
        );
        check(&scope("", "visit", "altona", None), false, "all messages of stage visit at altona");
        check(&scope("delivery", "", "", None), false, "all messages of journey delivery");
    }

    #[test]
    fn a_scope_of_a_channel_or_of_nothing_in_particular_covers_a_whole_channel() {
        assert!(Scope::default().covers_channel(Channel::Email));
        assert!(scope("", "", "", Some(Channel::Sms)).covers_channel(Channel::Sms));
        assert!(!scope("", "", "", Some(Channel::Sms)).covers_channel(Channel::Email));
        assert!(!scope("", "", "mitte", None).covers_channel(Channel::Email));
    }

    #[test]
    fn an_invitation_without_a_branch_is_in_no_scope_of_a_branch() {
        let nowhere = Invitation { branch: None, ..invitation() };
        assert!(!scope("", "", "mitte", None).covers_case(&nowhere) && Scope::default().covers_case(&nowhere));
    }
}
