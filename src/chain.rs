//! Prints an error with everything that caused it.

use std::error::Error;
use std::fmt;

/// An error and its causes, separated by colons. No error of canvass repeats its cause, so nothing is said twice.
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = Some(self.0);
        while let Some(err) = next {
            write!(f, "{err}")?;
            next = err.source();
            if next.is_some() {
                f.write_str(": ")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
