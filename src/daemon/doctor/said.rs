//! What a check says.

use super::names::NamesError;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Mail and texts leave, but something will be better for being changed.
    Warning,
    /// Something does not work, or receivers will hold it against the sender.
    Problem,
    /// There is nothing to ask, or nobody who could be asked from here.
    NotAsked,
}

impl Verdict {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::NotAsked => "not asked",
        }
    }
}

/// What a check found, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) verdict: Verdict,
    pub(super) found: String,
    pub(super) advice: String,
}

impl Said {
    pub(super) fn ok(found: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, found: found.into(), advice: String::new() }
    }

    pub(super) fn warning(found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, found: found.into(), advice: advice.into() }
    }

    pub(super) fn problem(found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Problem, found: found.into(), advice: advice.into() }
    }

    pub(super) fn not_asked(found: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotAsked, found: found.into(), advice: String::new() }
    }

    /// The resolver gave no answer about a name, not even that there is nothing.
    pub(super) fn unanswered(name: &str, error: &NamesError) -> Self {
        let advice = "see whether this machine's resolver works (/etc/resolv.conf), or name another with --resolver";
        Self::problem(format!("`{name}` cannot be looked up: {error}"), advice)
    }
}
