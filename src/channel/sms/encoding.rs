//! Parameters that depend on how a text travels: Kannel's `coding`, say.

use std::collections::BTreeMap;

use toml::Value;

use super::reader::Reader;
use super::segments::{Encoding, segments};

/// Values of further placeholders, for each encoding. Both have the same names.
#[derive(Clone, Debug, Default)]
pub(super) struct EncodingParameters {
    gsm7: BTreeMap<String, String>,
    ucs2: BTreeMap<String, String>,
}

impl EncodingParameters {
    /// Reads the key `encoding`: `"auto"`, or a table with the parameters of `gsm7` and `ucs2`.
    pub(super) fn read(table: &Reader<'_>, taken: &[&str]) -> Self {
        match table.value("encoding") {
            None => return Self::default(),
            Some(Value::String(word)) if word == "auto" => return Self::default(),
            Some(value) if !value.is_table() => {
                table.wrong_type("encoding", value, "\"auto\", or `{ gsm7 = { … }, ucs2 = { … } }`");
                return Self::default();
            }
            Some(_) => {}
        }
        let Some(inner) = table.table("encoding") else { return Self::default() };
        inner.allow_keys(&["gsm7", "ucs2"]);
        let of = |encoding: Encoding| {
            inner.table(encoding.as_str()).map(|table| read_parameters(&table, taken)).unwrap_or_default()
        };
        let read = Self { gsm7: of(Encoding::Gsm7), ucs2: of(Encoding::Ucs2) };
        for (has, lacks, named) in [(&read.gsm7, &read.ucs2, "ucs2"), (&read.ucs2, &read.gsm7, "gsm7")] {
            for name in has.keys().filter(|name| !lacks.contains_key(*name)) {
                inner.problem_here(format!(
                    "`{name}` is missing for `{named}`: both encodings need the same parameters"
                ));
            }
        }
        read
    }

    /// The names of the placeholders.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.gsm7.keys().map(String::as_str)
    }

    /// The placeholders and their values for a text.
    pub(super) fn of_text(&self, text: &str) -> &BTreeMap<String, String> {
        if self.gsm7.is_empty() {
            return &self.gsm7;
        }
        match segments(text).encoding {
            Encoding::Gsm7 => &self.gsm7,
            Encoding::Ucs2 => &self.ucs2,
        }
    }
}

fn read_parameters(table: &Reader<'_>, taken: &[&str]) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for (name, value) in table.entries() {
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_word || taken.contains(&name) {
            table.problem(
                name,
                format!("`{name}` cannot name a parameter: write letters and digits that mean nothing else"),
            );
        }
        match value {
            Value::String(text) => drop(parameters.insert(name.to_owned(), text.clone())),
            Value::Integer(number) => drop(parameters.insert(name.to_owned(), number.to_string())),
            Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                table.wrong_type(name, value, "a text or a whole number");
            }
        }
    }
    parameters
}
