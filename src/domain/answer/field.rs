//! The fields of one question: what they say, and what they would have to say for an answer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Form, RowAnswer, Trouble};
use crate::domain::id::QuestionId;
use crate::domain::survey::{Choice, Kind, OWN_WORDS_CHARS_MAX, Question, Row, Scale};

/// The value that says that a question does not apply. No option is called so.
pub const NOT_APPLICABLE: &str = "n/a";

/// The values of consent. The page says no for whoever was asked, unless they say yes.
pub const YES: &str = "yes";
/// See [`YES`].
pub const NO: &str = "no";

/// The field for the own words beside an option.
pub fn words_field(question: &QuestionId) -> String {
    format!("{question}.words")
}

/// The field for a row of a matrix.
pub fn row_field(question: &QuestionId, row: &QuestionId) -> String {
    format!("{question}.{row}")
}

/// What a form says to a question. What is good is kept even where something else is wrong.
pub(super) fn read(question: &Question, form: &Form) -> (Option<Answer>, Option<Trouble>) {
    let given = form.get(question.id.as_str()).map_or(&[] as &[String], Vec::as_slice);
    let values: Vec<_> = given.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).collect();
    let first = values.first().copied();
    let is_matrix = matches!(question.kind, Kind::Matrix { .. });
    if question.not_applicable.is_some() && first == Some(NOT_APPLICABLE) && !is_matrix {
        return (Some(Answer::NotApplicable), None);
    }
    match &question.kind {
        Kind::Nps | Kind::Csat(_) | Kind::Ces(_) | Kind::Smiley(_) | Kind::Stars(_) | Kind::Thumbs => {
            let Some(first) = first else { return (None, None) };
            let point = first.parse().ok().filter(|point| question.kind.scale().is_some_and(|s| s.contains(*point)));
            (point.map(Answer::Rating), point.is_none().then_some(Trouble::NotAnOption))
        }
        Kind::Choice(options) => {
            let one = |chosen: BTreeSet<QuestionId>| chosen.into_iter().next().map(Answer::Choice);
            choice(question, (options, first.as_slice()), form, one)
        }
        Kind::Multi(options) => {
            choice(question, (options, &values), form, |chosen| (!chosen.is_empty()).then_some(Answer::Choices(chosen)))
        }
        Kind::Matrix { scale, rows } => matrix(question, (*scale, rows), form),
        Kind::Consent => match (values.contains(&YES), first) {
            (true, _) => (Some(Answer::Consent(true)), None),
            (false, Some(NO)) => (Some(Answer::Consent(false)), None),
            (false, Some(_)) => (None, Some(Trouble::NotAnOption)),
            (false, None) => (None, None),
        },
        Kind::Text { chars_max, lines } => match text(first.unwrap_or_default(), *chars_max, *lines == 1) {
            Ok(text) => (text.map(Answer::Text), None),
            Err(trouble) => (None, Some(trouble)),
        },
    }
}

/// The rows that are answered. Each of them must be where the question must.
fn matrix(question: &Question, (scale, rows): (Scale, &[Row]), form: &Form) -> (Option<Answer>, Option<Trouble>) {
    let (mut answers, mut trouble) = (BTreeMap::new(), None);
    for row in rows {
        let given = form.get(&row_field(&question.id, &row.id)).and_then(|values| values.first());
        let answer = match given.map_or("", |value| value.trim()) {
            "" => {
                trouble = trouble.or(question.required.then_some(Trouble::Missing));
                continue;
            }
            NOT_APPLICABLE if question.not_applicable.is_some() => Some(RowAnswer::NotApplicable),
            point => point.parse().ok().filter(|point| scale.contains(*point)).map(RowAnswer::Rating),
        };
        match answer {
            Some(answer) => drop(answers.insert(row.id.clone(), answer)),
            None => trouble = Some(Trouble::NotAnOption),
        }
    }
    ((!answers.is_empty()).then_some(Answer::Rows(answers)), trouble)
}

/// The options that are named, as `answer` has them, and the words beside one of them. Words alone choose their option.
fn choice(
    question: &Question,
    (options, values): (&[Choice], &[&str]),
    form: &Form,
    answer: impl FnOnce(BTreeSet<QuestionId>) -> Option<Answer>,
) -> (Option<Answer>, Option<Trouble>) {
    let find =
        |value: &&str| options.iter().find(|option| option.id.as_str() == *value).map(|option| option.id.clone());
    let Some(mut chosen) = values.iter().map(find).collect::<Option<BTreeSet<_>>>() else {
        return (None, Some(Trouble::NotAnOption));
    };
    let Some(own) = question.kind.own_words_option() else { return (answer(chosen), None) };
    let given = form.get(&words_field(&question.id)).and_then(|values| values.first()).map_or("", |words| words.trim());
    if given.is_empty() || !(chosen.is_empty() || chosen.contains(&own.id)) {
        return (answer(chosen), None);
    }
    chosen.insert(own.id.clone());
    match text(given, OWN_WORDS_CHARS_MAX, true) {
        Ok(Some(words)) => (Some(Answer::OwnWords { chosen, words }), None),
        Ok(None) => (answer(chosen), None),
        Err(trouble) => (answer(chosen), Some(trouble)),
    }
}

/// Own words without what has no business in them; nothing where nothing else was there.
fn text(given: &str, chars_max: usize, one_line: bool) -> Result<Option<String>, Trouble> {
    // Line breaks stay, and count once as they do in the browser; other control characters have no business here.
    let text: String = given.replace("\r\n", "\n").chars().filter(|&c| c == '\n' || !c.is_control()).collect();
    let text = if one_line { text.replace('\n', " ") } else { text };
    if text.chars().count() > chars_max {
        return Err(Trouble::TooLong { chars_max });
    }
    Ok((!text.trim().is_empty()).then_some(text))
}

/// Writes the fields that read as this answer.
pub(super) fn write(question: &QuestionId, answer: &Answer, form: &mut Form) {
    let values = match answer {
        Answer::Rows(rows) => {
            for (row, answer) in rows {
                let value = answer.point().map_or_else(|| NOT_APPLICABLE.to_owned(), |point| point.to_string());
                form.insert(row_field(question, row), vec![value]);
            }
            return;
        }
        Answer::Rating(point) => vec![point.to_string()],
        Answer::Text(text) => vec![text.clone()],
        Answer::NotApplicable => vec![NOT_APPLICABLE.to_owned()],
        Answer::Consent(is_given) => vec![if *is_given { YES } else { NO }.to_owned()],
        Answer::Choice(_) | Answer::Choices(_) | Answer::OwnWords { .. } => {
            answer.chosen().map(ToString::to_string).collect()
        }
    };
    if let Answer::OwnWords { chosen: _, words } = answer {
        form.insert(words_field(question), vec![words.clone()]);
    }
    form.insert(question.to_string(), values);
}
