//! The closed lists of why not.
//!
//! Every decision against a message has a reason from here, and each reason has a word for machines and a sentence for
//! people. A new reason must visit every match.

/// Why somebody is not asked, or not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// The event's data did not meet the stage's conditions.
    ConditionNotMet,
    /// The lot fell outside the stage's sample.
    NotSampled,
    /// The person said no, or nothing is known and the configuration asks only those who agreed.
    NoConsent,
    /// There is no address for any channel of the line-up.
    NoAddress,
    /// The address stands on the suppression list.
    Suppressed,
    /// The person's budget over all journeys is used up for longer than the invitation would last.
    FrequencyCap,
    /// The stage's own cap is used up.
    StageCap,
    /// It would come too long after what it asks about.
    TooLate,
    /// The person was asked about this occasion already.
    AlreadyAsked,
    /// The contact is gone.
    ContactGone,
    /// No channel of the line-up is configured.
    NoChannel,
    /// The hours in which it may be sent never open before the invitation ends.
    NeverOpen,
    /// Its turn came too long after it was due.
    Overdue,
    /// What the person's budget leaves beside the room kept for rarer surveys is used up.
    KeptRoom,
    /// The branch asks as many people a day as it may.
    BranchCap,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 15] = [
        Self::ConditionNotMet,
        Self::NotSampled,
        Self::NoConsent,
        Self::NoAddress,
        Self::Suppressed,
        Self::FrequencyCap,
        Self::StageCap,
        Self::TooLate,
        Self::AlreadyAsked,
        Self::ContactGone,
        Self::NoChannel,
        Self::NeverOpen,
        Self::Overdue,
        Self::KeptRoom,
        Self::BranchCap,
    ];

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConditionNotMet => "condition_not_met",
            Self::NotSampled => "not_sampled",
            Self::NoConsent => "no_consent",
            Self::NoAddress => "no_address",
            Self::Suppressed => "suppressed",
            Self::FrequencyCap => "frequency_cap",
            Self::StageCap => "stage_cap",
            Self::TooLate => "too_late",
            Self::AlreadyAsked => "already_asked",
            Self::ContactGone => "contact_gone",
            Self::NoChannel => "no_channel",
            Self::NeverOpen => "never_open",
            Self::Overdue => "overdue",
            Self::KeptRoom => "kept_room",
            Self::BranchCap => "branch_cap",
        }
    }

    /// The sentence for it, to follow "because".
    pub fn because(self) -> &'static str {
        match self {
            Self::ConditionNotMet => "the event does not meet the stage's conditions",
            Self::NotSampled => "the lot fell outside the stage's sample",
            Self::NoConsent => "the contact has not agreed to be asked on that channel",
            Self::NoAddress => "there is no address for a channel of the line-up",
            Self::Suppressed => "the address is on the suppression list",
            Self::FrequencyCap => "the contact was or will be asked as often as [fatigue] allows",
            Self::StageCap => "the contact was or will be asked at this stage as often as its cap allows",
            Self::TooLate => "it would come too long after what it asks about",
            Self::AlreadyAsked => "the contact was asked about this occasion already",
            Self::ContactGone => "the contact no longer exists",
            Self::NoChannel => "no channel of the line-up is configured",
            Self::NeverOpen => "the hours in which it may be sent do not open before the invitation ends",
            Self::Overdue => "its turn came longer after it was due than the stage's late_max allows",
            Self::KeptRoom => {
                "the contact was or will be asked as often as [fatigue] allows beside the room that it keeps for rarer \
                 surveys"
            }
            Self::BranchCap => "the branch had asked as many people that day as its per_day allows",
        }
    }
}

/// Why a message waits although it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldReason {
    /// It may or may not have been sent, and sending again could double it.
    UnknownOutcome,
    /// An operator holds it.
    Operator,
    /// The store was restored or copied, and nobody has looked yet at what would go out.
    Restored,
    /// Too much went wrong lately with such messages.
    Breaker,
}

impl HoldReason {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownOutcome => "unknown_outcome",
            Self::Operator => "operator",
            Self::Restored => "restored",
            Self::Breaker => "breaker",
        }
    }

    /// The sentence for it, to follow "because".
    pub fn because(self) -> &'static str {
        match self {
            Self::UnknownOutcome => "it may or may not have been sent, and sending again could double it",
            Self::Operator => "an operator holds it back",
            Self::Restored => "the store was restored, and nothing leaves before somebody has seen what would go out",
            Self::Breaker => "too much went wrong lately",
        }
    }
}

/// Why a due message is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeferReason {
    /// Outside the send window where the contact is.
    QuietHours,
    /// The person's budget is used up for now.
    FrequencyCap,
    /// The stage's own cap is used up for now.
    StageCap,
    /// What the person's budget leaves beside the room kept for rarer surveys is used up for now.
    KeptRoom,
    /// The branch asked as many people on that day as it may.
    BranchCap,
    /// A holiday of the branch.
    Holiday,
    /// Outside the hours of the contact's country.
    NationalHours,
}

impl DeferReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::QuietHours,
        Self::FrequencyCap,
        Self::StageCap,
        Self::KeptRoom,
        Self::BranchCap,
        Self::Holiday,
        Self::NationalHours,
    ];

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QuietHours => "quiet_hours",
            Self::FrequencyCap => "frequency_cap",
            Self::StageCap => "stage_cap",
            Self::KeptRoom => "kept_room",
            Self::BranchCap => "branch_cap",
            Self::Holiday => "holiday",
            Self::NationalHours => "national_hours",
        }
    }

    /// The sentence for it, to follow "because".
    pub fn because(self) -> &'static str {
        match self {
            Self::QuietHours => "it was outside the hours in which this stage may write",
            Self::FrequencyCap => SkipReason::FrequencyCap.because(),
            Self::StageCap => SkipReason::StageCap.because(),
            Self::KeptRoom => SkipReason::KeptRoom.because(),
            Self::BranchCap => SkipReason::BranchCap.because(),
            Self::Holiday => "it was a holiday at the branch",
            Self::NationalHours => "it was outside the hours for such messages in the contact's country",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = SkipReason::ALL.map(SkipReason::as_str).into();
        assert_eq!(words.len(), SkipReason::ALL.len());
        let words: std::collections::BTreeSet<_> = DeferReason::ALL.map(DeferReason::as_str).into();
        assert_eq!(words.len(), DeferReason::ALL.len());
    }
}
