//! A hold: messages that are due and may not leave until somebody lets them go.

use chrono::{DateTime, Utc};

use super::operator::Operator;
use super::reason::HoldReason;
use super::route::Room;
use super::scope::Scope;

/// Most holds at once.
pub const HOLDS_MAX: usize = 100;
/// Longest note on a hold, in characters.
pub const NOTE_CHARS_MAX: usize = 200;

/// Messages that are held. What is on its way already is not called back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which messages.
    pub scope: Scope,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What kind of hold it is.
    pub reason: HoldReason,
    /// Why, in the words of whoever holds; it may be empty.
    pub note: String,
    /// Who.
    pub by: Operator,
}

impl Hold {
    /// Where what is held waits. There is one hold for each scope.
    pub fn room(&self) -> Room {
        self.scope.room()
    }
}

/// A note that is too long or no single line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reason has {n_chars} characters or a line break; use at most {NOTE_CHARS_MAX}, all on one line")]
pub struct NoteError {
    n_chars: usize,
}

/// Reads a note. White space around it is dropped.
pub fn parse_note(given: &str) -> Result<String, NoteError> {
    let note = given.trim();
    let n_chars = note.chars().count();
    if n_chars > NOTE_CHARS_MAX || note.chars().any(char::is_control) {
        return Err(NoteError { n_chars });
    }
    Ok(note.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_one_line_of_some_length() {
        assert_eq!(parse_note(" the relay moves ").as_deref(), Ok("the relay moves"));
        assert!(parse_note("a\nb").is_err() && parse_note(&"x".repeat(NOTE_CHARS_MAX + 1)).is_err());
    }
}
