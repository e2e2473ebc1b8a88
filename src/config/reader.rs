//! Reads the keys of a table and notices what is wrong with them.
//!
//! Every getter reports its own problem and goes on without the value, so a caller can ask for all keys before it
//! gives up with `?`. A reader knows which keys were asked for; [`Reader::finish`] reports the others, which makes the
//! code that reads a table the one list of its keys.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::node::{Content, Node, shown};
use super::problem::{Problems, Spot};

/// A value with its full name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a, 'p> {
    /// The value.
    pub(super) node: &'a Node,
    /// Its name from the root of its file.
    pub(super) path: &'p str,
    /// Where problems go.
    pub(super) problems: &'a Problems,
}

impl<'a> Field<'a, '_> {
    /// Where the value stands.
    pub(super) fn spot(&self) -> Spot {
        Spot { place: self.node.place.clone(), key: self.path.to_owned() }
    }

    /// Reports what is wrong with the value.
    pub(super) fn wrong<T>(&self, message: impl Into<String>) -> Option<T> {
        self.problems.report(self.spot().problem(message));
        None
    }

    /// What was made of the value; what went wrong is reported.
    pub(super) fn accept<T, E: Display>(&self, made: Result<T, E>) -> Option<T> {
        made.map_err(|error| self.wrong::<()>(error.to_string())).ok()
    }

    /// The value, if `parse` can read it.
    pub(super) fn read<T>(&self, parse: impl FnOnce(&Node) -> Result<T, String>) -> Option<T> {
        self.accept(parse(self.node))
    }

    /// The table.
    pub(super) fn table(&self) -> Option<Reader<'a>> {
        match &self.node.content {
            Content::Table(table) => Some(Reader::new(self.node, table, self.path.to_owned(), self.problems)),
            Content::Text(_)
            | Content::Untyped(_)
            | Content::Integer(_)
            | Content::Float(_)
            | Content::Flag(_)
            | Content::Time(_)
            | Content::List(_) => self.wrong(format!("a table belongs here, found {}", self.node.describe())),
        }
    }

    /// What `each` makes of the values of a list, without those that it could not read.
    pub(super) fn list<T>(&self, mut each: impl FnMut(Field<'a, '_>) -> Option<T>) -> Option<Vec<T>> {
        let Content::List(list) = &self.node.content else {
            return self.wrong(format!("a list in square brackets belongs here, found {}", self.node.describe()));
        };
        let values = list.iter().enumerate().filter_map(|(index, node)| {
            let path = match node.get("id").map(|id| &id.content) {
                Some(Content::Text(id)) => format!("{}.{}", self.path, shown(id)),
                Some(_) | None => format!("{}[{index}]", self.path),
            };
            each(Field { node, path: &path, problems: self.problems })
        });
        Some(values.collect())
    }

    /// What `each` makes of the keys and values of a table, without those that it could not read.
    pub(super) fn entries<T>(&self, mut each: impl FnMut(&'a str, Field<'a, '_>) -> Option<T>) -> Option<Vec<T>> {
        let reader = self.table()?;
        let entries = reader
            .table
            .iter()
            .filter_map(|(key, node)| each(key, Field { node, path: &reader.path_of(key), problems: self.problems }));
        Some(entries.collect())
    }
}

/// A table that is being read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    node: &'a Node,
    table: &'a BTreeMap<String, Node>,
    path: String,
    problems: &'a Problems,
    asked: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    fn new(node: &'a Node, table: &'a BTreeMap<String, Node>, path: String, problems: &'a Problems) -> Self {
        Self { node, table, path, problems, asked: Vec::new() }
    }

    /// The root of a file.
    pub(super) fn root(node: &'a Node, problems: &'a Problems) -> Option<Self> {
        Field { node, path: "", problems }.table()
    }

    /// The full name of a key of this table.
    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { shown(key) } else { format!("{}.{}", self.path, shown(key)) }
    }

    /// Where the value of the key stands; where the table stands, when it has no such key.
    pub(super) fn spot(&self, key: &str) -> Spot {
        let place = self.table.get(key).map_or(&self.node.place, |node| &node.place);
        Spot { place: place.clone(), key: self.path_of(key) }
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Reports what is wrong with a key.
    pub(super) fn wrong<T>(&self, key: &str, message: impl Into<String>) -> Option<T> {
        self.problems.report(self.spot(key).problem(message));
        None
    }

    /// The key's value, to be read by `read`, which reports what is wrong.
    pub(super) fn field<T>(&mut self, key: &'static str, read: impl FnOnce(Field<'a, '_>) -> Option<T>) -> Option<T> {
        self.asked.push(key);
        let node = self.table.get(key)?;
        read(Field { node, path: &self.path_of(key), problems: self.problems })
    }

    /// The value of a key that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&Node) -> Result<T, String>,
    ) -> Option<T> {
        self.field(key, |field| field.read(parse))
    }

    /// The value of a key that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&Node) -> Result<T, String>,
    ) -> Option<T> {
        self.require(key);
        self.optional(key, parse)
    }

    /// The value of a key that stands for `default` when it is left out, or when it is wrong.
    pub(super) fn or<T>(&mut self, key: &'static str, default: T, parse: impl FnOnce(&Node) -> Result<T, String>) -> T {
        self.optional(key, parse).unwrap_or(default)
    }

    /// The table of a key.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Reader<'a>> {
        self.field(key, |field| field.table())
    }

    /// The table of a key, or one without keys when it was left out.
    pub(super) fn section(&mut self, key: &'static str) -> Reader<'a> {
        static EMPTY: BTreeMap<String, Node> = BTreeMap::new();
        self.table(key).unwrap_or_else(|| Reader::new(self.node, &EMPTY, self.path_of(key), self.problems))
    }

    /// Keys that belong here although nobody reads them.
    pub(super) fn asks_for(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// Reports the key when it is not there.
    pub(super) fn require(&self, key: &'static str) {
        if !self.has(key) {
            self.wrong::<()>(key, format!("`{key}` is missing"));
        }
    }

    /// Reports every key that nobody asked for. `what` names the table: "a stage that invites".
    pub(super) fn finish(mut self, what: &str) {
        self.asked.sort_unstable();
        for (key, node) in self.table.iter().filter(|(key, _)| !self.asked.contains(&key.as_str())) {
            let meant = closest(key, self.asked.iter().copied())
                .map(|meant| format!(", did you mean `{meant}`?"))
                .unwrap_or_default();
            let known = if self.asked.is_empty() { "none".to_owned() } else { self.asked.join(", ") };
            let message = format!("`{}` is not a key of {what}{meant} (its keys: {known})", shown(key));
            self.problems.report(Spot { place: node.key_place.clone(), key: self.path_of(key) }.problem(message));
        }
    }
}

/// The known word that the given one was probably meant to be.
pub(super) fn closest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    const SIMILARITY_MIN: f64 = 0.8;
    let given = given.to_lowercase();
    let similar = |word: &'k str| {
        let lower = word.to_lowercase();
        let similarity = strsim::jaro_winkler(&given, &lower);
        // In short words one wrong letter weighs too much.
        (similarity >= SIMILARITY_MIN || strsim::osa_distance(&given, &lower) <= 1).then_some((similarity, word))
    };
    known.into_iter().filter_map(similar).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}
