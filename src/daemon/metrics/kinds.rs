//! What gateways tell, in the words of the figures.

/// What an SMS gateway reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// That a message arrived or did not.
    Receipt,
    /// Something that changes nothing: that a message is under way.
    Nothing,
    /// What its declaration does not make sense of.
    Unreadable,
    /// Something that the gateway did not sign, though it signs what it says.
    Unsigned,
}

impl ReportKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Nothing => "nothing",
            Self::Unreadable => "unreadable",
            Self::Unsigned => "unsigned",
        }
    }
}

/// What a gateway brought of a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundKind {
    /// An answer.
    Answer,
    /// Something to an invitation that is no answer.
    Unclear,
    /// No more surveys.
    Stop,
    /// Surveys again.
    Start,
    /// A question who that is.
    Help,
    /// Something to no invitation.
    Unmatched,
    /// The same as before.
    Repeat,
    /// What its declaration does not make sense of.
    Unreadable,
    /// Something that the gateway did not sign, though it signs what it says.
    Unsigned,
}

impl InboundKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Unclear => "unclear",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Help => "help",
            Self::Unmatched => "unmatched",
            Self::Repeat => "repeat",
            Self::Unreadable => "unreadable",
            Self::Unsigned => "unsigned",
        }
    }
}
