//! A TOML document as a tree in which every value knows where it stands.
//!
//! The rest of the configuration is read from this tree alone, so that whatever is found wrong later, however far from
//! the syntax it is, can still name its file, line and column.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// Where the value begins; for a table with a header, the header.
    pub(super) place: Place,
    /// Where the key begins that it is the value of; the value itself where it has none.
    pub(super) key_place: Place,
    /// The value.
    pub(super) content: Content,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// Text in quotes.
    Text(String),
    /// Text from the environment, where everything is text: read as whatever the key wants.
    Untyped(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// `true` or `false`.
    Flag(bool),
    /// A date or time without quotes, as written.
    Time(String),
    /// Values in square brackets.
    List(Vec<Node>),
    /// Values by key.
    Table(BTreeMap<String, Node>),
}

impl Node {
    /// The node of this key, when this is a table that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Table(table) => table.get(key),
            Content::List(list) => list.get(key.parse::<usize>().ok()?),
            Content::Text(_)
            | Content::Untyped(_)
            | Content::Integer(_)
            | Content::Float(_)
            | Content::Flag(_)
            | Content::Time(_) => None,
        }
    }

    /// What it is, in words and with its value, to follow "found".
    pub(super) fn describe(&self) -> String {
        match &self.content {
            Content::Text(text) | Content::Untyped(text) => format!("the text `{}`", shown(text)),
            Content::Integer(number) => format!("the number {number}"),
            Content::Float(number) => format!("the number {number:?}"),
            Content::Flag(flag) => flag.to_string(),
            Content::Time(time) => format!("the time {time}"),
            Content::List(_) => "a list".to_owned(),
            Content::Table(_) => "a table".to_owned(),
        }
    }

    /// The same value without its places.
    pub(super) fn to_toml(&self) -> toml::Value {
        match &self.content {
            Content::Text(text) | Content::Untyped(text) | Content::Time(text) => toml::Value::String(text.clone()),
            Content::Integer(number) => toml::Value::Integer(*number),
            Content::Float(number) => toml::Value::Float(*number),
            Content::Flag(flag) => toml::Value::Boolean(*flag),
            Content::List(list) => toml::Value::Array(list.iter().map(Self::to_toml).collect()),
            Content::Table(table) => {
                toml::Value::Table(table.iter().map(|(key, node)| (key.clone(), node.to_toml())).collect())
            }
        }
    }
}

/// A value as it may stand in a message: short and without control characters.
pub(super) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut shown: String = text.chars().take(CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Reads a document, or says everything that is wrong with its syntax.
pub(super) fn parse(file: &Arc<str>, text: &str) -> Result<Node, Vec<Problem>> {
    let places = Places::of(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut problems: Vec<_> = errors.iter().map(|error| places.syntax_problem(error)).collect();
    let start = places.at(&(0..0));
    let root =
        Node { place: start.clone(), key_place: start, content: places.table(document.get_ref(), &mut problems) };
    if problems.is_empty() {
        return Ok(root);
    }
    // What follows an error in its own line is an echo of it.
    problems.sort_by(|a, b| a.place.cmp(&b.place));
    problems.dedup_by_key(|problem| problem.place.line);
    Err(problems)
}

/// Turns byte offsets of one text into lines and columns.
struct Places<'a> {
    file: Arc<str>,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    fn of(file: &Arc<str>, text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file: Arc::clone(file), text, lines }
    }

    fn at(&self, span: &Range<usize>) -> Place {
        let line = self.lines.partition_point(|&start| start <= span.start);
        let start = line.checked_sub(1).and_then(|line| self.lines.get(line)).copied().unwrap_or(0);
        let column = self.text.get(start..span.start).map_or(0, |before| before.chars().count()) + 1;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place { file: Arc::clone(&self.file), line: number(line), column: number(column) }
    }

    fn syntax_problem(&self, error: &toml::de::Error) -> Problem {
        let place = self.at(&error.span().unwrap_or_default());
        Problem { place, key: String::new(), message: format!("this is not TOML: {}", error.message()) }
    }

    fn table(&self, table: &DeTable<'_>, problems: &mut Vec<Problem>) -> Content {
        let entries = table.iter().map(|(key, value)| {
            let key_place = self.at(&key.span());
            (key.get_ref().clone().into_owned(), self.node(key_place, value, problems))
        });
        Content::Table(entries.collect())
    }

    fn node(&self, key_place: Place, value: &toml::Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Node {
        let place = self.at(&value.span());
        let content = match value.get_ref() {
            DeValue::String(text) => Content::Text(text.clone().into_owned()),
            DeValue::Boolean(flag) => Content::Flag(*flag),
            DeValue::Datetime(time) => Content::Time(time.to_string()),
            DeValue::Table(table) => self.table(table, problems),
            DeValue::Array(list) => {
                let node = |value| self.node(self.at(&toml::Spanned::<DeValue<'_>>::span(value)), value, problems);
                Content::List(list.iter().map(node).collect())
            }
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Content::Integer(number),
                Err(_) => out_of_range(&place, number, problems),
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Content::Float(number),
                Ok(_) | Err(_) => out_of_range(&place, number, problems),
            },
        };
        Node { place, key_place, content }
    }
}

fn out_of_range(place: &Place, number: &impl std::fmt::Display, problems: &mut Vec<Problem>) -> Content {
    let message = format!("{} is not a number that fits anywhere", shown(&number.to_string()));
    problems.push(Problem { place: place.clone(), key: String::new(), message });
    Content::Integer(0)
}
