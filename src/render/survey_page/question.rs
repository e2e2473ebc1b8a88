//! One question as the page shows it.

use serde::Serialize;

use super::SurveyPage;
use crate::domain::answer::{Answer, NOT_APPLICABLE, RowAnswer, Trouble, row_field};
use crate::domain::language::Language;
use crate::domain::survey::{AskIf, Choice, Kind, NotApplicable, OWN_WORDS_CHARS_MAX, Question, Row, Survey};
use crate::render::RenderError;
use crate::render::fill::fill;
use crate::render::scale;
use crate::render::words::Words;

/// What `page/question.html` needs.
#[derive(Serialize)]
pub(super) struct QuestionView<'a> {
    pub(super) id: &'a str,
    shape: &'static str,
    pub(super) text: &'a str,
    required: bool,
    optional: bool,
    /// Whether consent was given before.
    is_given: bool,
    /// The conditions in words, for browsers that cannot hide the question until they hold.
    only_if: Vec<String>,
    ends: Option<[String; 2]>,
    points: Vec<PointView>,
    not_applicable: Option<PointView>,
    rows: Vec<RowView<'a>>,
    value: &'a str,
    chars_max: usize,
    lines: u8,
    pub(super) trouble: Option<String>,
    /// The ids of what explains the question, for screen readers.
    described_by: String,
}

/// One thing that can be chosen.
#[derive(Serialize)]
struct PointView {
    value: String,
    label: String,
    face: Option<&'static str>,
    checked: bool,
    /// Whether own words can be added.
    own_words: bool,
}

/// One line of a matrix.
#[derive(Serialize)]
struct RowView<'a> {
    /// The name of its field.
    name: String,
    text: &'a str,
    points: Vec<PointView>,
    not_applicable: Option<PointView>,
    /// Whether it is the one to look at again, or the first.
    is_first: bool,
    is_missing: bool,
}

impl<'a> QuestionView<'a> {
    pub(super) fn all(
        page: &'a SurveyPage<'_>,
        language: &Language,
        words: &Words,
    ) -> Result<Vec<QuestionView<'a>>, RenderError> {
        page.shown().into_iter().map(|question| Self::of(question, page, language, words)).collect()
    }

    fn of(
        question: &'a Question,
        page: &'a SurveyPage<'_>,
        language: &Language,
        words: &Words,
    ) -> Result<Self, RenderError> {
        let trouble = page.troubles.iter().find(|(id, _)| *id == question.id);
        let trouble = trouble.map(|(_, trouble)| trouble_words(*trouble, words)).transpose()?;
        let ends = scale::ends(question, language, words)?;
        let only_if = question
            .ask_if
            .iter()
            .map(|ask_if| only_if(ask_if, &page.survey, language, words))
            .collect::<Result<Vec<_>, _>>()?;
        let room = if let Kind::Text { chars_max, lines } = question.kind { Some((chars_max, lines)) } else { None };
        let (chars_max, lines) = room.unwrap_or((OWN_WORDS_CHARS_MAX, 1));
        let is_not_applicable = page.answers.get(&question.id) == Some(&Answer::NotApplicable);
        let parts = [(trouble.is_some(), 't'), (ends.is_some(), 'e'), (room.is_some(), 'h')];
        let described_by = parts.iter().filter(|(there, _)| *there).map(|(_, part)| format!("{part}-{}", question.id));
        Ok(Self {
            id: question.id.as_str(),
            shape: shape(&question.kind),
            text: question.text.in_language(language),
            required: question.required,
            optional: !question.required,
            is_given: page.answers.get(&question.id) == Some(&Answer::Consent(true)),
            only_if: only_if.into_iter().flatten().collect(),
            described_by: described_by.collect::<Vec<_>>().join(" "),
            ends,
            points: points(question, page, language, words),
            not_applicable: not_applicable(question, is_not_applicable, language, words),
            rows: rows(question, page, language, words),
            value: written(question, page),
            chars_max,
            lines,
            trouble,
        })
    }
}

fn shape(kind: &Kind) -> &'static str {
    match kind {
        Kind::Nps | Kind::Csat(_) | Kind::Ces(_) => "scale",
        Kind::Smiley(_) | Kind::Thumbs => "faces",
        Kind::Stars(_) => "stars",
        Kind::Choice(_) => "one",
        Kind::Multi(_) => "many",
        Kind::Matrix { .. } => "matrix",
        Kind::Consent => "consent",
        Kind::Text { .. } => "text",
    }
}

fn trouble_words(trouble: Trouble, words: &Words) -> Result<String, RenderError> {
    match trouble {
        Trouble::Missing => Ok(words.survey.missing.clone()),
        Trouble::NotAnOption => Ok(words.survey.not_an_option.clone()),
        Trouble::TooLong { chars_max } => fill(&words.survey.too_long, &[("count", &chars_max.to_string())]),
    }
}

fn points(question: &Question, page: &SurveyPage<'_>, language: &Language, words: &Words) -> Vec<PointView> {
    let answer = page.answers.get(&question.id);
    if let Some(options) = question.kind.options() {
        let option = |option: &Choice| PointView {
            value: option.id.to_string(),
            label: option.text.in_language(language).to_owned(),
            face: None,
            checked: answer.is_some_and(|answer| answer.chosen().any(|chosen| *chosen == option.id)),
            own_words: option.own_words,
        };
        return options.iter().map(option).collect();
    }
    let point = |point: scale::Point| PointView {
        value: point.value.to_string(),
        checked: answer == Some(&Answer::Rating(point.value)),
        label: point.label,
        face: point.face,
        own_words: false,
    };
    scale::points(question, language, words).into_iter().map(point).collect()
}

/// The way to say that a question, or a row of it, does not apply.
fn not_applicable(question: &Question, is_said: bool, language: &Language, words: &Words) -> Option<PointView> {
    let label = match question.not_applicable.as_ref()? {
        NotApplicable::UsualWords => &words.survey.not_applicable,
        NotApplicable::Words(own) => own.in_language(language),
    };
    Some(PointView {
        value: NOT_APPLICABLE.to_owned(),
        label: label.to_owned(),
        face: None,
        checked: is_said,
        own_words: false,
    })
}

fn rows<'a>(question: &'a Question, page: &SurveyPage<'_>, language: &Language, words: &Words) -> Vec<RowView<'a>> {
    let answer = page.answers.get(&question.id);
    let is_troubled = page.troubles.iter().any(|(id, _)| *id == question.id);
    let is_missing = |row: &Row| is_troubled && answer.and_then(|answer| answer.row(&row.id)).is_none();
    let rows = question.kind.rows();
    let first = rows.iter().position(is_missing).unwrap_or_default();
    let view = |(place, row): (usize, &'a Row)| {
        let answer = answer.and_then(|answer| answer.row(&row.id));
        let point = |point: scale::Point| PointView {
            value: point.value.to_string(),
            checked: answer == Some(RowAnswer::Rating(point.value)),
            label: point.label,
            face: point.face,
            own_words: false,
        };
        RowView {
            name: row_field(&question.id, &row.id),
            text: row.text.in_language(language),
            points: scale::points(question, language, words).into_iter().map(point).collect(),
            not_applicable: not_applicable(question, answer == Some(RowAnswer::NotApplicable), language, words),
            is_first: place == first,
            is_missing: is_missing(row),
        }
    };
    rows.iter().enumerate().map(view).collect()
}

/// What stands in the field for own words: the draft that was refused, else the answer.
fn written<'a>(question: &Question, page: &'a SurveyPage<'_>) -> &'a str {
    if let Some((_, draft)) = page.drafts.iter().find(|(id, _)| *id == question.id) {
        return draft;
    }
    match page.answers.get(&question.id) {
        Some(Answer::Text(text) | Answer::OwnWords { chosen: _, words: text }) => text,
        Some(
            Answer::Rating(_)
            | Answer::Choice(_)
            | Answer::Choices(_)
            | Answer::Rows(_)
            | Answer::NotApplicable
            | Answer::Consent(_),
        )
        | None => "",
    }
}

/// The condition of a question in words; none where the earlier question is not there.
fn only_if(ask_if: &AskIf, survey: &Survey, language: &Language, words: &Words) -> Result<Option<String>, RenderError> {
    let Some(earlier) = survey.question(&ask_if.question) else { return Ok(None) };
    let question = earlier.text.in_language(language);
    let answers = answers_that_ask(ask_if, earlier, language, words);
    let sentence = if answers.is_empty() {
        fill(&words.survey.only_after_any, &[("question", question)])?
    } else {
        fill(&words.survey.only_after, &[("question", question), ("answers", &answers)])?
    };
    Ok(Some(sentence))
}

/// The answers after which a question is asked, such as `0-6` or `Food, Service`; empty where any will do.
fn answers_that_ask(ask_if: &AskIf, earlier: &Question, language: &Language, words: &Words) -> String {
    if let Some(options) = earlier.kind.options() {
        let chosen = options.iter().filter(|option| ask_if.any_of.contains(&option.id));
        return chosen.map(|option| option.text.in_language(language)).collect::<Vec<_>>().join(&words.comma);
    }
    let points = scale::points(earlier, language, words);
    let n_points = points.len();
    let asks = |point: &scale::Point| rating_asks(ask_if, point.value);
    let labels = points.into_iter().filter(asks).map(|point| point.label).collect::<Vec<_>>();
    let numbers = labels.iter().all(|label| label.parse::<i32>().is_ok());
    match labels.as_slice() {
        labels if labels.len() == n_points => String::new(),
        [first, _, .., last] if numbers => format!("{first}\u{2013}{last}"),
        labels => labels.join(&words.comma),
    }
}

/// Whether a question is asked after this rating of the earlier one.
pub(super) fn rating_asks(ask_if: &AskIf, point: i32) -> bool {
    ask_if.at_least.is_none_or(|least| least <= point) && ask_if.at_most.is_none_or(|most| point <= most)
}
