//! What is wrong with a configuration, and where.
//!
//! Reading never stops at the first mistake: whoever finds one [reports](Problems::report) it and goes on with what is
//! left, so that an operator mends a file in one go and not in one run of `canvass check` per mistake.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, Serializer};

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file as the operator would name it, such as `config/journeys/dine-in.toml`, or `environment CANVASS__A__B`.
    pub file: Arc<str>,
    /// The line, counted from 1; 0 where there are no lines: in the environment, or for a file that cannot be read.
    pub line: u32,
    /// The character in the line, counted from 1; 0 where there are no lines.
    pub column: u32,
}

impl Place {
    /// A whole file, or something that has no lines.
    pub fn whole(file: impl Into<Arc<str>>) -> Self {
        Self { file: file.into(), line: 0, column: 0 }
    }
}

/// `file:line:column`, which editors and terminals turn into a link.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        Ok(())
    }
}

/// A value of the configuration: where it stands, and its full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Where it stands.
    pub place: Place,
    /// Its name from the root of its file, such as `stage.visit.line_up[0].channel`.
    pub key: String,
}

impl Spot {
    /// Something wrong right here.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { place: self.place.clone(), key: self.key.clone(), message: message.into() }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// Which key it is about; empty when it is about a whole file.
    pub key: String,
    /// What is wrong, with the offending value, and what would be right. Holds no secret.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// `{"file", "line", "column", "key", "message"}`; part of the interface of `canvass check --format json`.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Problem", 5)?;
        fields.serialize_field("file", &*self.place.file)?;
        fields.serialize_field("line", &self.place.line)?;
        fields.serialize_field("column", &self.place.column)?;
        fields.serialize_field("key", &self.key)?;
        fields.serialize_field("message", &self.message)?;
        fields.end()
    }
}

/// All mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Keeps a mistake.
    pub(super) fn report(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// How many there are.
    pub(super) fn n(&self) -> usize {
        self.0.borrow().len()
    }

    /// Every mistake once, by file and line.
    pub(super) fn into_sorted(self) -> Vec<Problem> {
        let mut problems = self.0.into_inner();
        problems.sort();
        problems.dedup();
        problems
    }
}
