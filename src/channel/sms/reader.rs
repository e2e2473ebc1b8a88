//! Reads a TOML table and remembers every problem on the way, so that one run shows them all.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use toml::{Table, Value};

use super::gateway::GatewayProblem;
use super::template::{Names, Template, nearest};

/// A table, where it stands, and what is known while it is read.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    table: &'a Table,
    path: Vec<String>,
    names: &'a Names,
    problems: &'a RefCell<Vec<GatewayProblem>>,
}

impl<'a> Reader<'a> {
    /// Reads the outermost table.
    pub(super) fn of(table: &'a Table, names: &'a Names, problems: &'a RefCell<Vec<GatewayProblem>>) -> Self {
        Self { table, path: Vec::new(), names, problems }
    }

    /// Every key that is not among these is a problem.
    pub(super) fn allow_keys(&self, known: &[&str]) {
        for key in self.table.keys().filter(|key| !known.contains(&key.as_str())) {
            let hint = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys here are {}", quoted(known)),
            };
            self.problem(key, format!("there is no key `{key}`; {hint}"));
        }
    }

    /// Remembers a problem with a key of this table.
    pub(super) fn problem(&self, key: &str, message: impl Into<String>) {
        let path = self.path.iter().cloned().chain([key.to_owned()]).collect();
        self.problems.borrow_mut().push(GatewayProblem { path, message: message.into() });
    }

    /// Remembers a problem with this table itself.
    pub(super) fn problem_here(&self, message: impl Into<String>) {
        self.problems.borrow_mut().push(GatewayProblem { path: self.path.clone(), message: message.into() });
    }

    /// The keys and values, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.table.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Whatever stands there.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.table.get(key)
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        let value = self.value(key)?;
        if !value.is_str() {
            self.wrong_type(key, value, "a text in quotes");
        }
        value.as_str()
    }

    /// A text with placeholders.
    pub(super) fn template(&self, key: &str) -> Option<Template> {
        self.text(key).and_then(|text| self.parse_template(key, text))
    }

    /// Reads a text that stands at `key` or within it.
    pub(super) fn parse_template(&self, key: &str, text: &str) -> Option<Template> {
        Template::parse(text, self.names).map_err(|error| self.problem(key, error.to_string())).ok()
    }

    /// Reads a text in a place that cannot be left out, so that all its values must be there.
    pub(super) fn parse_whole_template(&self, key: &str, text: &str) -> Option<Template> {
        let template = self.parse_template(key, text)?;
        if let Some(name) = template.optional() {
            self.problem(key, format!("`{{{name}?}}` stands where nothing can be left out: write `{{{name}}}`"));
        }
        Some(template)
    }

    /// Notes that the value of a placeholder is used, though no template says so. Gives the key that would set it where it
    /// has none.
    pub(super) fn uses(&self, name: &str) -> Result<(), String> {
        self.names.take(name)
    }

    /// A whole number within bounds.
    pub(super) fn integer(&self, key: &str, allowed: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(key)?;
        let within = value.as_integer().filter(|number| allowed.contains(number));
        if within.is_none() {
            let bounds = format!("a whole number from {} to {}", allowed.start(), allowed.end());
            self.wrong_type(key, value, &bounds);
        }
        within
    }

    /// Yes or no.
    pub(super) fn truth(&self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        if !value.is_bool() {
            self.wrong_type(key, value, "`true` or `false`");
        }
        value.as_bool()
    }

    /// A table in this one.
    pub(super) fn table(&self, key: &str) -> Option<Self> {
        let value = self.value(key)?;
        if !value.is_table() {
            self.wrong_type(key, value, "a table, `{ … }`");
        }
        self.within(key, value)
    }

    /// A list in this table.
    pub(super) fn list(&self, key: &str) -> Option<&'a [Value]> {
        let value = self.value(key)?;
        if !value.is_array() {
            self.wrong_type(key, value, "a list, `[ … ]`");
        }
        value.as_array().map(Vec::as_slice)
    }

    /// One table or a list of them.
    pub(super) fn tables(&self, key: &str) -> Vec<Self> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let tables = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        tables
            .iter()
            .filter_map(|table| {
                if !table.is_table() {
                    self.wrong_type(key, table, "a table, `{ … }`, or a list of tables");
                }
                self.within(key, table)
            })
            .collect()
    }

    /// Remembers that a value is of the wrong type or out of bounds.
    pub(super) fn wrong_type(&self, key: &str, value: &Value, right: &str) {
        let shown: String = value.to_string().chars().take(60).collect();
        self.problem(key, format!("`{shown}` is not what can stand here: write {right}"));
    }

    fn within(&self, key: &str, value: &'a Value) -> Option<Self> {
        let path = self.path.iter().cloned().chain([key.to_owned()]).collect();
        Some(Self { table: value.as_table()?, path, names: self.names, problems: self.problems })
    }
}

/// Words in quotes, with commas.
pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
