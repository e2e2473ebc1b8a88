//! Answers: what came in a form, read against the survey that was shown.

mod field;
pub mod paging;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::id::QuestionId;
use super::survey::{AskIf, Question, Survey};
pub use field::{NO, NOT_APPLICABLE, YES, row_field, words_field};

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
    /// The options chosen; at least one, and one of them takes own words.
    OwnWords {
        /// The options.
        chosen: BTreeSet<QuestionId>,
        /// The words; not blank.
        words: String,
    },
    /// The rows of a matrix that were answered; at least one.
    Rows(BTreeMap<QuestionId, RowAnswer>),
    /// That the question does not apply. It counts as given, and in no figure.
    NotApplicable,
    /// Whether they may be contacted.
    Consent(bool),
}

/// The answer to one row of a matrix.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RowAnswer {
    /// A point of the matrix's scale.
    Rating(i32),
    /// That the row does not apply.
    NotApplicable,
}

impl RowAnswer {
    /// The point, where it is one.
    pub fn point(self) -> Option<i32> {
        match self {
            Self::Rating(point) => Some(point),
            Self::NotApplicable => None,
        }
    }
}

impl Answer {
    /// The options chosen; none where the question has no options.
    pub fn chosen(&self) -> impl Iterator<Item = &QuestionId> {
        let (one, several) = match self {
            Self::Choice(option) => (Some(option), None),
            Self::Choices(options) | Self::OwnWords { chosen: options, .. } => (None, Some(options)),
            Self::Rating(_) | Self::Text(_) | Self::Rows(_) | Self::NotApplicable | Self::Consent(_) => (None, None),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    /// The answer to this row of a matrix.
    pub fn row(&self, row: &QuestionId) -> Option<RowAnswer> {
        if let Self::Rows(rows) = self { rows.get(row).copied() } else { None }
    }

    /// Whether consent was given; `None` where it was not asked for.
    pub fn consent(&self) -> Option<bool> {
        if let Self::Consent(is_given) = self { Some(*is_given) } else { None }
    }

    /// The ratings in it: one, or those of the rows of a matrix.
    pub fn ratings(&self) -> impl Iterator<Item = i32> {
        let one = if let Self::Rating(point) = self { Some(*point) } else { None };
        let rows = if let Self::Rows(rows) = self { Some(rows) } else { None };
        one.into_iter().chain(rows.into_iter().flat_map(BTreeMap::values).filter_map(|row| row.point()))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// A form: the values of each field by its name.
pub type Form = BTreeMap<String, Vec<String>>;

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

/// Reads a form, where a field's name is the question's id, or begins with it and a dot. Unknown fields are ignored, answers to
/// questions that were not to be asked are dropped, and what is good is kept even where something else is wrong.
pub fn read(survey: &Survey, form: &Form) -> Reading {
    let mut answers = Answers::new();
    let mut troubles = Vec::new();
    for question in &survey.questions {
        if !is_asked(question, &answers) {
            continue;
        }
        let (answer, trouble) = field::read(question, form);
        let trouble = trouble.or_else(|| (question.required && answer.is_none()).then_some(Trouble::Missing));
        troubles.extend(trouble.map(|trouble| (question.id.clone(), trouble)));
        answers.extend(answer.map(|answer| (question.id.clone(), answer)));
    }
    let completeness = completeness(survey, &answers, troubles.is_empty());
    Reading { answers, troubles, completeness }
}

/// Answers as a form would hand them in.
pub fn to_form(answers: &Answers) -> Form {
    let mut form = Form::new();
    for (question, answer) in answers {
        field::write(question, answer, &mut form);
    }
    form
}

/// Whether a question is to be asked after these answers.
pub fn is_asked(question: &Question, answers: &Answers) -> bool {
    question.ask_if.iter().all(|ask_if| holds(ask_if, answers))
}

/// Whether one condition holds.
pub fn holds(ask_if: &AskIf, answers: &Answers) -> bool {
    let Some(answer) = answers.get(&ask_if.question) else { return false };
    match answer {
        Answer::Rating(point) => {
            ask_if.at_least.is_none_or(|least| *point >= least) && ask_if.at_most.is_none_or(|most| *point <= most)
        }
        Answer::Choice(_) | Answer::Choices(_) | Answer::OwnWords { .. } => {
            ask_if.any_of.is_empty() || answer.chosen().any(|option| ask_if.any_of.contains(option))
        }
        Answer::Text(_) | Answer::Rows(_) => true,
        // There is nothing to ask about.
        Answer::NotApplicable => false,
        Answer::Consent(is_given) => *is_given,
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
    use super::super::survey::tests::{english, question, visit, words};
    use super::super::survey::{Choice, Kind, NotApplicable, Row, Scale};
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Form {
        let mut form = Form::new();
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
    fn what_does_not_apply_counts_as_given_and_asks_nothing_further() {
        let mut survey = visit();
        survey.questions[0].key = false;
        survey.questions.push(Question {
            key: true,
            id: QuestionId::parse("more").unwrap(),
            ..visit().questions.remove(0)
        });
        let given = form(&[("overall", "n/a"), ("why", "cold"), ("more", "4")]);
        let reading = read(&survey, &given);
        assert_eq!(reading.troubles.len(), 1, "nothing that this question has said so");
        survey.questions[0].not_applicable = Some(NotApplicable::UsualWords);
        let reading = read(&survey, &given);
        let overall = QuestionId::parse("overall").unwrap();
        assert_eq!((reading.answers.len(), &reading.answers[&overall]), (2, &Answer::NotApplicable));
        assert_eq!((reading.troubles.len(), reading.completeness), (0, Completeness::Complete));
        assert_eq!(read(&survey, &to_form(&reading.answers)), reading);
    }

    #[track_caller]
    fn check_own_words(kind: fn(Vec<Choice>) -> Kind, fields: &[(&str, &str)], expected: &str) {
        let option =
            |id: &str| Choice { id: QuestionId::parse(id).unwrap(), text: english(id), own_words: id == "other" };
        let mut survey = visit();
        survey.questions = vec![question("q", kind(vec![option("food"), option("other")]))];
        let reading = read(&survey, &form(fields));
        let shown = reading.answers.values().map(|answer| {
            let chosen: Vec<_> = answer.chosen().map(QuestionId::as_str).collect();
            let Answer::OwnWords { words, .. } = answer else { return chosen.join("+") };
            format!("{}: {words}", chosen.join("+"))
        });
        let troubles = reading.troubles.iter().map(|(_, trouble)| format!("{trouble:?}"));
        assert_eq!(shown.chain(troubles).collect::<Vec<_>>().join(" "), expected, "{fields:?}");
        assert_eq!(read(&survey, &to_form(&reading.answers)).answers, reading.answers);
    }

    #[test]
    fn own_words_stand_beside_the_option_that_takes_them() {
        check_own_words(Kind::Choice, &[("q", "other"), ("q.words", " the\nbill\u{0} ")], "other: the bill");
        check_own_words(Kind::Choice, &[("q", "other"), ("q.words", " ")], "other");
        check_own_words(Kind::Choice, &[("q.words", "the bill")], "other: the bill");
        check_own_words(Kind::Choice, &[("q", "food"), ("q.words", "the bill")], "food");
        check_own_words(Kind::Choice, &[("q", "fod"), ("q.words", "the bill")], "NotAnOption");
        check_own_words(Kind::Multi, &[("q", "food"), ("q", "other"), ("q.words", "the bill")], "food+other: the bill");
        check_own_words(Kind::Multi, &[("q", "food"), ("q.words", "the bill")], "food");
        let long = "x".repeat(201);
        check_own_words(Kind::Choice, &[("q", "other"), ("q.words", &long)], "other TooLong { chars_max: 200 }");
    }

    #[test]
    fn each_row_of_a_matrix_is_answered_where_the_question_must_be() {
        let row = |id: &str| Row { id: QuestionId::parse(id).unwrap(), text: english(id) };
        let kind = Kind::Matrix { scale: Scale { worst: 5, best: 1 }, rows: vec![row("food"), row("wait")] };
        let mut survey = visit();
        let matrix =
            Question { required: true, not_applicable: Some(NotApplicable::UsualWords), ..question("q", kind) };
        survey.questions = vec![matrix];
        let check =
            |survey: &Survey, fields: &[(&str, &str)], expected: &[(&str, Option<i32>)], troubles: &[Trouble]| {
                let reading = read(survey, &form(fields));
                let answer = reading.answers.values().next();
                let rows = ["food", "wait"]
                    .into_iter()
                    .filter_map(|row| Some((row, answer?.row(&QuestionId::parse(row).unwrap())?.point())));
                assert_eq!(rows.collect::<Vec<_>>(), expected, "{fields:?}");
                assert_eq!(
                    reading.troubles.iter().map(|(_, trouble)| *trouble).collect::<Vec<_>>(),
                    troubles,
                    "{fields:?}"
                );
                assert_eq!(read(survey, &to_form(&reading.answers)).answers, reading.answers);
            };
        check(&survey, &[("q.food", "1"), ("q.wait", "n/a")], &[("food", Some(1)), ("wait", None)], &[]);
        check(&survey, &[("q.food", "1")], &[("food", Some(1))], &[Trouble::Missing]);
        check(&survey, &[("q", "n/a")], &[], &[Trouble::Missing]);
        check(&survey, &[("q.food", "6"), ("q.wait", "2")], &[("wait", Some(2))], &[Trouble::NotAnOption]);
        survey.questions[0].required = false;
        check(&survey, &[("q.food", "1")], &[("food", Some(1))], &[]);
        check(&survey, &[], &[], &[]);
    }

    #[test]
    fn a_question_is_asked_when_all_of_its_conditions_hold() {
        let mut survey = visit();
        survey.questions.insert(1, question("staff", Kind::Stars(Scale { worst: 1, best: 5 })));
        let of_staff = AskIf { question: QuestionId::parse("staff").unwrap(), ..survey.questions[2].ask_if[0].clone() };
        survey.questions[2].ask_if.push(of_staff);
        for (overall, staff, n_answers) in [("2", "2", 3), ("2", "5", 2), ("5", "2", 2), ("2", "", 1)] {
            let reading = read(&survey, &form(&[("overall", overall), ("staff", staff), ("why", "cold")]));
            assert_eq!(reading.answers.len(), n_answers, "{overall} {staff}");
        }
    }

    #[test]
    fn consent_is_given_or_not_where_it_was_asked_for() {
        let mut survey = visit();
        survey.questions.push(question("call", Kind::Consent));
        let asked =
            AskIf { question: QuestionId::parse("call").unwrap(), at_least: None, at_most: None, any_of: Vec::new() };
        survey.questions.push(Question { ask_if: vec![asked], ..question("when", words(80)) });
        let check = |fields: &[(&str, &str)], expected, n_answers| {
            let reading = read(&survey, &form(&[&[("overall", "5"), ("when", "noon")], fields].concat()));
            let call = reading.answers.get(&QuestionId::parse("call").unwrap());
            assert_eq!((call.and_then(Answer::consent), reading.answers.len()), (expected, n_answers), "{fields:?}");
            assert_eq!(read(&survey, &to_form(&reading.answers)).answers, reading.answers);
        };
        check(&[("call", "no"), ("call", "yes")], Some(true), 3);
        check(&[("call", "no")], Some(false), 2);
        check(&[], None, 1);
        check(&[("call", "maybe")], None, 1);
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
