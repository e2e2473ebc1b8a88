//! What a survey makes of the occasion that it asks about: questions that are for some only, and words of the occasion in
//! its texts.
//!
//! A text may hold `{branch}`, `{name}`, `{contact.KEY}` and `{event.KEY}`, each with what stands there when nothing is known,
//! as in `{name|guest}`. A brace that is meant is written twice. The version of a survey is that of its texts as they are
//! written; an answer never says whom it was tailored for.

use std::collections::BTreeMap;

use super::{Question, Survey, Thanks};
use crate::domain::event::{Condition, Value};
use crate::domain::id::BranchId;
use crate::domain::language::{Language, Text};

/// Longest words of an occasion in a text, in characters.
const WORDS_CHARS_MAX: usize = 100;

/// What is known of an occasion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Occasion {
    /// Where it was.
    pub branch: Option<BranchId>,
    /// What customers call that; `None` leaves `{branch}` as it stands.
    pub branch_title: Option<String>,
    /// The contact's name; empty when not known.
    pub name: String,
    /// The contact's attributes.
    pub contact: BTreeMap<String, String>,
    /// The data of the event.
    pub event: BTreeMap<String, Value>,
}

/// For whom a question is: one condition on the occasion.
#[derive(Clone, Debug, PartialEq)]
pub enum OnlyFor {
    /// It was at one of these branches.
    Branch(Vec<BranchId>),
    /// An attribute of the contact.
    Contact(Condition),
    /// A field of the event's data.
    Event(Condition),
}

impl OnlyFor {
    /// Whether the occasion meets it.
    pub fn holds(&self, occasion: &Occasion) -> bool {
        match self {
            Self::Branch(branches) => occasion.branch.as_ref().is_some_and(|branch| branches.contains(branch)),
            Self::Contact(condition) => holds_for(condition, &occasion.contact),
            Self::Event(condition) => condition.holds(&occasion.event),
        }
    }
}

/// Whether an attribute meets it. Attributes are texts wherever they come from, so one that is compared with a number, or with
/// yes and no, is read as such.
fn holds_for(condition: &Condition, attributes: &BTreeMap<String, String>) -> bool {
    let is_text = |value: &Value| matches!(value, Value::Text(_));
    let of_texts = condition.min.is_none()
        && condition.max.is_none()
        && condition.any_of.iter().chain(&condition.none_of).all(is_text);
    let value = |text: &String| match (text.as_str(), text.parse::<f64>()) {
        ("true", _) if !of_texts => Value::Flag(true),
        ("false", _) if !of_texts => Value::Flag(false),
        (_, Ok(number)) if !of_texts && number.is_finite() => Value::Number(number),
        _ => Value::Text(text.clone()),
    };
    let data = attributes.get(&condition.field).map(|text| (condition.field.clone(), value(text)));
    condition.holds(&data.into_iter().collect())
}

/// Why a text with words of the occasion cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A brace that nothing closes, or that nothing opened.
    #[error("a brace stands alone; write `{{branch}}`, or `{{{{` and `}}}}` for braces that are meant")]
    Brace,
    /// Nothing of that name.
    #[error(
        "`{{{name}}}` is no word of the occasion; there are {{branch}}, {{name}}, {{contact.KEY}} and {{event.KEY}}"
    )]
    Unknown {
        /// What was found.
        name: String,
    },
}

/// A part of a text.
enum Part<'a> {
    Plain(&'a str),
    Brace(char),
    Word { name: &'a str, otherwise: &'a str, whole: &'a str },
}

/// Whether a text is sound.
pub fn check_words(text: &str) -> Result<(), WordsError> {
    parts(text)?.into_iter().try_for_each(|part| match part {
        Part::Plain(_) | Part::Brace(_) => Ok(()),
        Part::Word { name, .. } => {
            let key = name.strip_prefix("contact.").or_else(|| name.strip_prefix("event."));
            let is_known = name == "branch" || name == "name" || key.is_some_and(|key| !key.is_empty());
            if is_known { Ok(()) } else { Err(WordsError::Unknown { name: name.to_owned() }) }
        }
    })
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, WordsError> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        parts.push(Part::Plain(before));
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            parts.push(Part::Brace(if from.starts_with('{') { '{' } else { '}' }));
            rest = after;
            continue;
        }
        let inner = from.strip_prefix('{').ok_or(WordsError::Brace)?;
        let (word, after) = inner.split_once('}').ok_or(WordsError::Brace)?;
        if word.contains('{') {
            return Err(WordsError::Brace);
        }
        let (name, otherwise) = word.split_once('|').unwrap_or((word, ""));
        let (whole, _) = from.split_at(word.len() + 2);
        parts.push(Part::Word { name: name.trim(), otherwise: otherwise.trim(), whole });
        rest = after;
    }
    parts.push(Part::Plain(rest));
    Ok(parts)
}

impl Survey {
    /// Whether it is not the same for everybody.
    pub fn depends_on_occasion(&self) -> bool {
        let texts = self.questions.iter().map(|question| &question.text).chain([&self.title]);
        let texts = texts.chain(&self.intro).chain(self.thanks.iter().map(|thanks| &thanks.text));
        self.questions.iter().any(|question| !question.only_for.is_empty())
            || texts.flat_map(Text::translations).any(|(_, text)| text.contains(['{', '}']))
    }

    /// The survey as it is for this occasion: without the questions that are for others, and with its words in the texts. The
    /// first question of a page that is left out leaves the page to the next.
    #[must_use]
    pub fn on(&self, occasion: &Occasion) -> Self {
        let mut questions = Vec::new();
        let mut begins_page = false;
        for question in &self.questions {
            begins_page |= question.new_page;
            if question.only_for.iter().all(|only_for| only_for.holds(occasion)) {
                let new_page = begins_page && !questions.is_empty();
                questions.push(Question { text: filled(&question.text, occasion), new_page, ..question.clone() });
                begins_page = false;
            }
        }
        let thanks = |thanks: &Thanks| Thanks { text: filled(&thanks.text, occasion), ..thanks.clone() };
        Self {
            title: filled(&self.title, occasion),
            intro: self.intro.as_ref().map(|intro| filled(intro, occasion)),
            thanks: self.thanks.iter().map(thanks).collect(),
            questions,
            ..self.clone()
        }
    }

    /// The survey that was made for an occasion whose branch had no name yet, with the name.
    #[must_use]
    pub fn at_branch(&self, title: &str) -> Self {
        let named = Occasion { branch_title: Some(title.to_owned()), ..Occasion::default() };
        let question = |question: &Question| Question { text: filled(&question.text, &named), ..question.clone() };
        let questions = self.questions.iter().map(question).collect();
        let thanks = |thanks: &Thanks| Thanks { text: filled(&thanks.text, &named), ..thanks.clone() };
        Self { questions, thanks: self.thanks.iter().map(thanks).collect(), ..self.clone() }
    }
}

fn filled(text: &Text, occasion: &Occasion) -> Text {
    if !text.translations().any(|(_, text)| text.contains(['{', '}'])) {
        return text.clone();
    }
    let filled = text.translations().map(|(language, text)| (language.clone(), filled_in(text, occasion)));
    Text::of(filled.collect::<BTreeMap<Language, String>>()).unwrap_or_else(|| text.clone())
}

fn filled_in(text: &str, occasion: &Occasion) -> String {
    let Ok(parts) = parts(text) else { return text.to_owned() };
    let mut filled = String::new();
    for part in parts {
        match part {
            Part::Plain(plain) => filled.push_str(plain),
            // Kept double while a second look is to come.
            Part::Brace(brace) if occasion.branch_title.is_none() => filled.extend([brace, brace]),
            Part::Brace(brace) => filled.push(brace),
            Part::Word { name: "branch", whole, .. } if occasion.branch_title.is_none() => filled.push_str(whole),
            Part::Word { name, otherwise, .. } => match words(name, occasion) {
                words if words.is_empty() => filled.push_str(otherwise),
                words => filled.push_str(&words),
            },
        }
    }
    filled
}

fn words(name: &str, occasion: &Occasion) -> String {
    let of = |data: &BTreeMap<String, Value>, key: &str| match data.get(key) {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Flag(flag)) => flag.to_string(),
        None => String::new(),
    };
    let words = match name.split_once('.') {
        Some(("contact", key)) => occasion.contact.get(key).cloned().unwrap_or_default(),
        Some(("event", key)) => of(&occasion.event, key),
        _ if name == "branch" => occasion.branch_title.clone().unwrap_or_default(),
        _ if name == "name" => occasion.name.clone(),
        _ => String::new(),
    };
    // It is somebody else's text: in one line, without what could be read as words of the occasion again.
    let visible = words.chars().map(|c| if c.is_control() || c == '{' || c == '}' { ' ' } else { c });
    visible.take(WORDS_CHARS_MAX).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::tests::visit;
    use super::*;
    use crate::domain::id::QuestionId;

    fn occasion() -> Occasion {
        Occasion {
            branch: Some(BranchId::parse("mitte").unwrap()),
            branch_title: Some("Sole Mitte".to_owned()),
            name: "Ada".to_owned(),
            contact: [("tier", "gold"), ("visits", "12"), ("plan", "007")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            event: [
                ("covers".to_owned(), Value::Number(4.0)),
                ("waiter".to_owned(), Value::Text("{name}\nX".to_owned())),
            ]
            .into(),
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(filled_in(text, &occasion()), expected);
    }

    #[test]
    fn words_of_the_occasion_stand_in_the_text() {
        check("{name|guest}, how was {branch}?", "Ada, how was Sole Mitte?");
        check("{event.covers} of you, {contact.tier}", "4 of you, gold");
        check("Dear {contact.title|guest}{event.no}.", "Dear guest.");
        check("{{name}} is meant", "{name} is meant");
        check("served by {event.waiter}", "served by name  X");
        check("100 %", "100 %");
    }

    #[test]
    fn what_cannot_be_filled_in_is_told_when_it_is_written() {
        let wrong = |text: &str| check_words(text).unwrap_err().to_string();
        assert_eq!(check_words("{name|guest}, {branch} {event.a} {contact.b} {{ }}"), Ok(()));
        assert!(wrong("{nmae}").starts_with("`{nmae}` is no word of the occasion; there are {branch}, {name}"));
        assert!(wrong("{event.}").starts_with("`{event.}`"));
        for alone in ["a { b", "a } b", "{a{name}}"] {
            assert_eq!(check_words(alone), Err(WordsError::Brace), "{alone}");
        }
    }

    #[test]
    fn attributes_are_compared_as_what_they_are_compared_with() {
        let of = |field: &str, condition: Condition| {
            OnlyFor::Contact(Condition { field: field.to_owned(), ..condition }).holds(&occasion())
        };
        let is = |value: Value| Condition { any_of: vec![value], ..Condition::default() };
        assert!(of("tier", is(Value::Text("gold".to_owned()))) && !of("tier", is(Value::Text("red".to_owned()))));
        assert!(of("plan", is(Value::Text("007".to_owned()))) && of("plan", is(Value::Number(7.0))));
        assert!(of("visits", Condition { min: Some(3.0), ..Condition::default() }));
        assert!(!of("visits", Condition { max: Some(3.0), ..Condition::default() }));
        assert!(!of("missing", is(Value::Flag(true))));
    }

    #[test]
    fn questions_for_others_are_left_out_and_their_page_begins_with_the_next() {
        let mut survey = visit();
        assert!(!survey.depends_on_occasion());
        let question = |id: &str, only_for: Vec<OnlyFor>, new_page| Question {
            id: QuestionId::parse(id).unwrap(),
            only_for,
            new_page,
            key: false,
            ..survey.questions[0].clone()
        };
        let gold = |min| Condition { field: "covers".to_owned(), min: Some(min), ..Condition::default() };
        let added = [
            question("groups", vec![OnlyFor::Event(gold(5.0))], true),
            question("pairs", vec![OnlyFor::Event(gold(2.0))], false),
            question("north", vec![OnlyFor::Branch(vec![BranchId::parse("nord").unwrap()])], false),
        ];
        survey.questions.extend(added);
        assert!(survey.depends_on_occasion());
        let n_before = visit().questions.len();
        let tailored = survey.on(&occasion());
        let added: Vec<_> = tailored.questions[n_before..].iter().map(|q| (q.id.to_string(), q.new_page)).collect();
        assert_eq!(added, [("pairs".to_owned(), true)]);
        let nobody = survey.on(&Occasion::default());
        assert_eq!(nobody.questions.len(), n_before);
    }
}
