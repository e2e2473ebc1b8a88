//! Answers: what came in a form, read against the survey that was shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::id::QuestionId;
use super::survey::{AskIf, Kind, Question, Survey};

/// The answer to one question. `Debug` hides what was said.
#[derive(Clone, PartialEq)]
pub enum Answer {
    /// A point of the question's scale.
    Rating(i32),
    /// The option chosen.
    Choice(QuestionId),
    /// The options chosen; at least one.
    Choices(BTreeSet<QuestionId>),
    /// Own words; not blank.
    Text(String),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// Answers by question. A question without one was not shown or was left blank.
pub type Answers = BTreeMap<QuestionId, Answer>;

/// Why an answer to one question cannot be taken. Shown to the customer in their language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The question needs an answer.
    Missing,
    /// Not an answer that this question has.
    NotAnOption,
    /// More characters than there is room for.
    TooLong {
        /// Characters allowed.
        chars_max: usize,
    },
}

/// How much of a survey was answered (METRICS §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Completeness {
    /// A person began and answered no key question: a break-off.
    Started,
    /// At least one key question answered, but the form was not finished.
    Partial,
    /// Handed in with every required question answered.
    Complete,
}

impl Completeness {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Partial => "partial",
            Self::Complete => "complete",
        }
    }
}

/// A form as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What could be understood.
    pub answers: Answers,
    /// What could not, by question, in the survey's order.
    pub troubles: Vec<(QuestionId, Trouble)>,
    /// How far it goes.
    pub completeness: Completeness,
}

/// Reads a form: field name → values, where a field's name is the question's id. Unknown fields are ignored, answers to
/// questions that were not to be asked are dropped, and what is good is kept even where something else is wrong.
pub fn read(survey: &Survey, form: &BTreeMap<String, Vec<String>>) -> Reading {
    let mut answers = Answers::new();
    let mut troubles = Vec::new();
    for question in &survey.questions {
        if !is_asked(question, &answers) {
            continue;
        }
        let given = form.get(question.id.as_str()).map_or(&[] as &[String], Vec::as_slice);
        match read_one(question, given) {
            Ok(Some(answer)) => {
                answers.insert(question.id.clone(), answer);
            }
            Ok(None) if question.required => troubles.push((question.id.clone(), Trouble::Missing)),
            Ok(None) => (),
            Err(trouble) => troubles.push((question.id.clone(), trouble)),
        }
    }
    let completeness = completeness(survey, &answers, troubles.is_empty());
    Reading { answers, troubles, completeness }
}

/// Whether a question is to be asked after these answers.
pub fn is_asked(question: &Question, answers: &Answers) -> bool {
    question.ask_if.as_ref().is_none_or(|ask_if| holds(ask_if, answers))
}

fn holds(ask_if: &AskIf, answers: &Answers) -> bool {
    let Some(answer) = answers.get(&ask_if.question) else { return false };
    match answer {
        Answer::Rating(point) => {
            ask_if.at_least.is_none_or(|least| *point >= least) && ask_if.at_most.is_none_or(|most| *point <= most)
        }
        Answer::Choice(option) => ask_if.any_of.is_empty() || ask_if.any_of.contains(option),
        Answer::Choices(options) => ask_if.any_of.is_empty() || ask_if.any_of.iter().any(|o| options.contains(o)),
        Answer::Text(_) => true,
    }
}

fn read_one(question: &Question, given: &[String]) -> Result<Option<Answer>, Trouble> {
    let first = given.iter().map(|value| value.trim()).find(|value| !value.is_empty());
    match &question.kind {
        Kind::Nps | Kind::Csat(_) | Kind::Ces(_) | Kind::Smiley(_) | Kind::Stars(_) | Kind::Thumbs => {
            let Some(first) = first else { return Ok(None) };
            let point = first.parse().map_err(|_| Trouble::NotAnOption)?;
            let on_scale = question.kind.scale().is_some_and(|scale| scale.contains(point));
            if on_scale { Ok(Some(Answer::Rating(point))) } else { Err(Trouble::NotAnOption) }
        }
        Kind::Choice(options) => {
            let Some(first) = first else { return Ok(None) };
            let option = options.iter().find(|option| option.id.as_str() == first).ok_or(Trouble::NotAnOption)?;
            Ok(Some(Answer::Choice(option.id.clone())))
        }
        Kind::Multi(options) => {
            let mut chosen = BTreeSet::new();
            for value in given.iter().map(|value| value.trim()).filter(|value| !value.is_empty()) {
                let option = options.iter().find(|option| option.id.as_str() == value).ok_or(Trouble::NotAnOption)?;
                chosen.insert(option.id.clone());
            }
            Ok((!chosen.is_empty()).then_some(Answer::Choices(chosen)))
        }
        Kind::Text { chars_max, lines } => {
            let Some(first) = first else { return Ok(None) };
            // Line breaks stay, and count once as they do in the browser; other control characters have no business here.
            let text: String = first.replace("\r\n", "\n").chars().filter(|&c| c == '\n' || !c.is_control()).collect();
            let text = if *lines == 1 { text.replace('\n', " ") } else { text };
            if text.chars().count() > *chars_max {
                return Err(Trouble::TooLong { chars_max: *chars_max });
            }
            Ok(Some(Answer::Text(text)))
        }
    }
}

fn completeness(survey: &Survey, answers: &Answers, handed_in: bool) -> Completeness {
    let has_key = survey.questions.iter().any(|question| question.key && answers.contains_key(&question.id));
    match (has_key, handed_in) {
        (true, true) => Completeness::Complete,
        (true, false) => Completeness::Partial,
        (false, _) => Completeness::Started,
    }
}

#[cfg(test)]
mod tests {
    use super::super::survey::tests::visit;
    use super::*;

    fn form(fields: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
        let mut form = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in fields {
            form.entry((*name).to_owned()).or_default().push((*value).to_owned());
        }
        form
    }

    #[track_caller]
    fn check(fields: &[(&str, &str)], n_answers: usize, troubles: &[Trouble], completeness: Completeness) {
        let reading = read(&visit(), &form(fields));
        assert_eq!(reading.answers.len(), n_answers);
        assert_eq!(reading.troubles.iter().map(|(_, trouble)| *trouble).collect::<Vec<_>>(), troubles);
        assert_eq!(reading.completeness, completeness);
    }

    #[test]
    fn a_form_is_read_against_its_survey() {
        check(&[("overall", "5")], 1, &[], Completeness::Complete);
        check(&[("overall", "2"), ("why", " cold ")], 2, &[], Completeness::Complete);
        check(&[("overall", "5"), ("why", "not asked after a 5")], 1, &[], Completeness::Complete);
        check(&[("overall", "5"), ("other", "x")], 1, &[], Completeness::Complete);
        check(&[], 0, &[Trouble::Missing], Completeness::Started);
        check(&[("overall", "6")], 0, &[Trouble::NotAnOption], Completeness::Started);
        check(&[("overall", "five")], 0, &[Trouble::NotAnOption], Completeness::Started);
        let long = "x".repeat(501);
        check(&[("overall", "1"), ("why", &long)], 1, &[Trouble::TooLong { chars_max: 500 }], Completeness::Partial);
    }

    #[test]
    fn one_line_has_no_line_breaks() {
        let mut survey = visit();
        survey.questions[1].kind = Kind::Text { chars_max: 500, lines: 1 };
        let reading = read(&survey, &form(&[("overall", "1"), ("why", "a\r\nb")]));
        assert_eq!(reading.answers[&QuestionId::parse("why").unwrap()], Answer::Text("a b".to_owned()));
    }

    #[test]
    fn control_characters_do_not_enter_a_comment() {
        let reading = read(&visit(), &form(&[("overall", "1"), ("why", "a\r\nb\u{0}c")]));
        assert_eq!(reading.answers[&QuestionId::parse("why").unwrap()], Answer::Text("a\nbc".to_owned()));
    }
}
