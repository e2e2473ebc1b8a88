//! Texts with placeholders: `{to}`, `{text}`, `{from?}`.
//!
//! A placeholder is replaced by its value and never read again, so a value with braces in it stays as it is. `{from?}`
//! says that the whole field is left out where `from` has no value; without the question mark a missing value is a
//! problem of the declaration. Braces of their own are written twice.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The values of one message, by placeholder.
pub(super) type Values<'a> = BTreeMap<&'a str, &'a str>;

/// Which placeholders there are, which of them have a value, and which were used.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: BTreeMap<String, HowToSet>,
    used: RefCell<BTreeSet<String>>,
}

/// Where the value of a placeholder comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HowToSet {
    /// It has one.
    Given,
    /// It has none; this key would set it.
    Key(String),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    /// A brace without its other half.
    #[error("`{text}` has a brace without its other half: write `{{{{` and `}}}}` for braces of your own")]
    Brace {
        /// The whole text.
        text: String,
    },
    /// No such placeholder.
    #[error("`{{{name}}}` is no placeholder; {hint}")]
    Unknown {
        /// What stands in the braces.
        name: String,
        /// What would be right.
        hint: String,
    },
    /// The placeholder has no value.
    #[error("`{{{name}}}` has no value: set `{key}`, or write `{{{name}?}}` to leave this out without it")]
    Unset {
        /// The placeholder.
        name: String,
        /// The key that sets it.
        key: String,
    },
}

/// A text with placeholders that are all known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Slot { name: String, is_optional: bool },
}

impl Names {
    /// Makes a placeholder known.
    pub(super) fn add(&mut self, name: &str, how_to_set: HowToSet) {
        self.known.insert(name.to_owned(), how_to_set);
    }

    /// Whether a template used the placeholder.
    pub(super) fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }

    /// Notes that it is used elsewhere than in a template. Gives the key that would set it where it has no value.
    pub(super) fn take(&self, name: &str) -> Result<(), String> {
        match self.known.get(name) {
            Some(HowToSet::Key(key)) => Err(key.clone()),
            Some(HowToSet::Given) | None => {
                self.used.borrow_mut().insert(name.to_owned());
                Ok(())
            }
        }
    }

    fn unknown(&self, name: &str) -> TemplateError {
        let known = || self.known.keys().map(String::as_str);
        let hint = match nearest(name, known()) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => format!("there are {}", known().map(|name| format!("`{{{name}}}`")).collect::<Vec<_>>().join(", ")),
        };
        TemplateError::Unknown { name: name.to_owned(), hint }
    }
}

impl Template {
    /// Reads a template.
    pub(super) fn parse(text: &str, names: &Names) -> Result<Self, TemplateError> {
        let brace = || TemplateError::Brace { text: text.to_owned() };
        let (mut pieces, mut literal) = (Vec::new(), String::new());
        let mut rest = text.chars().peekable();
        while let Some(letter) = rest.next() {
            match letter {
                '{' | '}' if rest.peek() == Some(&letter) => literal.extend(rest.next()),
                '{' => {
                    let mut inside = String::new();
                    loop {
                        match rest.next().ok_or_else(brace)? {
                            '}' => break,
                            '{' => return Err(brace()),
                            letter => inside.push(letter),
                        }
                    }
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    pieces.push(slot(&inside, names)?);
                }
                '}' => return Err(brace()),
                letter => literal.push(letter),
            }
        }
        pieces.push(Piece::Literal(literal));
        pieces.retain(|piece| *piece != Piece::Literal(String::new()));
        Ok(Self { pieces })
    }

    /// The text with its values, not escaped for any place. `None` where an optional value is missing.
    pub(super) fn render(&self, values: &Values<'_>) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            text.push_str(match piece {
                Piece::Literal(literal) => literal,
                Piece::Slot { name, .. } => values.get(name.as_str())?,
            });
        }
        Some(text)
    }

    /// The text with each value, and nothing but the values, escaped. Optional values that are missing are empty.
    pub(super) fn render_escaped(&self, values: &Values<'_>, escape: impl Fn(&str) -> String) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(literal) => literal.clone(),
            Piece::Slot { name, .. } => values.get(name.as_str()).map(|value| escape(value)).unwrap_or_default(),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// The text as far as it is the same for every message: its placeholders left out.
    pub(super) fn literals(&self) -> String {
        self.pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Literal(literal) => Some(literal.as_str()),
                Piece::Slot { .. } => None,
            })
            .collect()
    }

    /// Its placeholders.
    pub(super) fn slots(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Slot { name, .. } => Some(name.as_str()),
        })
    }

    /// A placeholder that may have no value.
    pub(super) fn optional(&self) -> Option<&str> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Slot { name, is_optional: true } => Some(name.as_str()),
            Piece::Slot { .. } | Piece::Literal(_) => None,
        })
    }
}

/// The known word that a slip of the pen was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const LIKENESS_MIN: f64 = 0.75;
    known
        .map(|known| (strsim::jaro_winkler(word, known), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

fn slot(inside: &str, names: &Names) -> Result<Piece, TemplateError> {
    let (name, is_optional) = inside.strip_suffix('?').map_or((inside, false), |name| (name, true));
    let how_to_set = names.known.get(name).ok_or_else(|| names.unknown(name))?;
    names.used.borrow_mut().insert(name.to_owned());
    match how_to_set {
        HowToSet::Key(key) if !is_optional => Err(TemplateError::Unset { name: name.to_owned(), key: key.clone() }),
        HowToSet::Given | HowToSet::Key(_) => Ok(Piece::Slot { name: name.to_owned(), is_optional }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        names.add("to", HowToSet::Given);
        names.add("text", HowToSet::Given);
        names.add("from", HowToSet::Key("from".to_owned()));
        names
    }

    #[track_caller]
    fn check(template: &str, expected: Result<Option<&str>, &str>) {
        let values = Values::from([("to", "+49"), ("text", "{to}&}")]);
        let rendered = Template::parse(template, &names()).map(|template| template.render(&values));
        let expected = expected.map(|text| text.map(str::to_owned)).map_err(str::to_owned);
        assert_eq!(rendered.map_err(|error| error.to_string()), expected);
    }

    #[test]
    fn values_are_put_in_once_and_never_read_again() {
        check("to {to}: {text}!", Ok(Some("to +49: {to}&}!")));
        check("{{to}} is {to}", Ok(Some("{to} is +49")));
        check("", Ok(Some("")));
        check("a %d b", Ok(Some("a %d b")));
    }

    #[test]
    fn a_missing_value_leaves_the_field_out_where_that_is_asked_for() {
        check("from {from?}", Ok(None));
        check("from {from}", Err("`{from}` has no value: set `from`, or write `{from?}` to leave this out without it"));
    }

    #[test]
    fn a_bad_template_is_told_what_would_be_right() {
        check("{txt}", Err("`{txt}` is no placeholder; did you mean `{text}`?"));
        check("{zzz}", Err("`{zzz}` is no placeholder; there are `{from}`, `{text}`, `{to}`"));
        for text in ["{to", "to}", "{to{text}}", "{"] {
            let expected =
                format!("`{text}` has a brace without its other half: write `{{{{` and `}}}}` for braces of your own");
            check(text, Err(&expected));
        }
    }

    #[test]
    fn what_was_used_is_known() {
        let names = names();
        assert!(!names.is_used("to"));
        Template::parse("{to}", &names).unwrap();
        assert!(names.is_used("to") && !names.is_used("text"));
    }
}
