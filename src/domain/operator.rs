//! Who decided something by hand.

use std::fmt;

/// Longest name of an operator, in characters.
pub const OPERATOR_CHARS_MAX: usize = 64;

/// The name under which somebody decided, as they gave it; it may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operator(Box<str>);

/// A name that no operator can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a name of an operator; use at most {OPERATOR_CHARS_MAX} characters, all on one line")]
pub struct OperatorError {
    given: String,
}

impl Operator {
    /// Reads a name. White space around it is dropped.
    pub fn parse(given: &str) -> Result<Self, OperatorError> {
        let name = given.trim();
        if name.chars().count() > OPERATOR_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(OperatorError { given: name.escape_debug().take(2 * OPERATOR_CHARS_MAX).collect() });
        }
        Ok(Self(name.into()))
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As the subject of a sentence.
impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "an operator" } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line_and_may_be_left_out() {
        assert_eq!(Operator::parse(" maria ").unwrap().to_string(), "maria");
        assert_eq!(Operator::parse("").unwrap().to_string(), "an operator");
        assert!(Operator::parse("maria\nroot").is_err());
        assert!(Operator::parse(&"m".repeat(OPERATOR_CHARS_MAX + 1)).is_err());
    }
}
