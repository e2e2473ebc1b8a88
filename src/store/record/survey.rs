//! Surveys on disk, by version.

mod v1;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::SURVEY;
use super::common::{self, Wrong};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::event::{Condition, Value};
use crate::domain::id::{BranchId, QuestionId, SurveyId};
use crate::domain::language::Text;
use crate::domain::survey::occasion::OnlyFor;
use crate::domain::survey::{AskIf, Choice, Kind, Link, NotApplicable, Question, Row, Scale, Survey, Thanks};

type TextV1 = BTreeMap<String, String>;

#[derive(Serialize, Deserialize)]
struct SurveyV2 {
    id: String,
    title: TextV1,
    intro: Option<TextV1>,
    /// Up to which rating, and what.
    thanks: Vec<(Option<i32>, TextV1)>,
    /// Where, and what.
    link: Option<(String, TextV1)>,
    questions: Vec<QuestionV2>,
}

/// The survey of version 2, and for whom some of its questions are.
#[derive(Serialize, Deserialize)]
struct SurveyV3 {
    survey: SurveyV2,
    /// By question.
    only_for: BTreeMap<String, Vec<OnlyForV3>>,
}

#[derive(Serialize, Deserialize)]
enum OnlyForV3 {
    Branch(Vec<String>),
    Contact(ConditionV3),
    Event(ConditionV3),
}

#[derive(Serialize, Deserialize)]
struct ConditionV3 {
    field: String,
    min: Option<f64>,
    max: Option<f64>,
    any_of: Vec<ValueV3>,
    none_of: Vec<ValueV3>,
}

#[derive(Serialize, Deserialize)]
enum ValueV3 {
    Text(String),
    Number(f64),
    Flag(bool),
}

#[derive(Serialize, Deserialize)]
struct QuestionV2 {
    id: String,
    kind: KindV2,
    key: bool,
    required: bool,
    new_page: bool,
    text: TextV1,
    ends: Option<(TextV1, TextV1)>,
    not_applicable: Option<NotApplicableV2>,
    ask_if: Vec<v1::AskIfV1>,
}

#[derive(Serialize, Deserialize)]
enum KindV2 {
    Nps,
    Csat(ScaleV2),
    Ces(ScaleV2),
    Smiley(ScaleV2),
    Stars(ScaleV2),
    Choice(Vec<OptionV2>),
    Multi(Vec<OptionV2>),
    Text { chars_max: u64, lines: u8 },
    Thumbs,
    Matrix { scale: ScaleV2, rows: Vec<(String, TextV1)> },
    Consent,
}

#[derive(Serialize, Deserialize)]
enum NotApplicableV2 {
    UsualWords,
    Words(TextV1),
}

#[derive(Serialize, Deserialize)]
struct OptionV2 {
    id: String,
    text: TextV1,
    own_words: bool,
}

#[derive(Serialize, Deserialize)]
struct ScaleV2 {
    worst: i32,
    best: i32,
}

impl From<Scale> for ScaleV2 {
    fn from(scale: Scale) -> Self {
        Self { worst: scale.worst, best: scale.best }
    }
}

impl From<ScaleV2> for Scale {
    fn from(stored: ScaleV2) -> Self {
        Self { worst: stored.worst, best: stored.best }
    }
}

pub(in super::super) fn write(survey: &Survey) -> Result<Vec<u8>, StoreError> {
    let stored = SurveyV2 {
        id: survey.id.to_string(),
        title: to_text(&survey.title),
        intro: survey.intro.as_ref().map(to_text),
        thanks: survey.thanks.iter().map(|thanks| (thanks.at_most, to_text(&thanks.text))).collect(),
        link: survey.link.as_ref().map(|link| (link.url.clone(), to_text(&link.text))),
        questions: survey.questions.iter().map(to_question).collect(),
    };
    let for_some = survey.questions.iter().filter(|question| !question.only_for.is_empty());
    let only_for =
        for_some.map(|question| (question.id.to_string(), question.only_for.iter().map(to_only_for).collect()));
    encode(SURVEY, 3, &SurveyV3 { survey: stored, only_for: only_for.collect() })
}

fn to_only_for(only_for: &OnlyFor) -> OnlyForV3 {
    match only_for {
        OnlyFor::Branch(branches) => OnlyForV3::Branch(branches.iter().map(ToString::to_string).collect()),
        OnlyFor::Contact(condition) => OnlyForV3::Contact(to_condition(condition)),
        OnlyFor::Event(condition) => OnlyForV3::Event(to_condition(condition)),
    }
}

fn to_condition(condition: &Condition) -> ConditionV3 {
    let value = |value: &Value| match value {
        Value::Text(text) => ValueV3::Text(text.clone()),
        Value::Number(number) => ValueV3::Number(*number),
        Value::Flag(flag) => ValueV3::Flag(*flag),
    };
    ConditionV3 {
        field: condition.field.clone(),
        min: condition.min,
        max: condition.max,
        any_of: condition.any_of.iter().map(value).collect(),
        none_of: condition.none_of.iter().map(value).collect(),
    }
}

fn to_text(text: &Text) -> TextV1 {
    text.translations().map(|(language, text)| (language.to_string(), text.to_owned())).collect()
}

fn to_question(question: &Question) -> QuestionV2 {
    QuestionV2 {
        id: question.id.to_string(),
        kind: to_kind(&question.kind),
        key: question.key,
        required: question.required,
        new_page: question.new_page,
        text: to_text(&question.text),
        ends: question.ends.as_ref().map(|(worst, best)| (to_text(worst), to_text(best))),
        not_applicable: question.not_applicable.as_ref().map(|not_applicable| match not_applicable {
            NotApplicable::UsualWords => NotApplicableV2::UsualWords,
            NotApplicable::Words(words) => NotApplicableV2::Words(to_text(words)),
        }),
        ask_if: question.ask_if.iter().map(to_ask_if).collect(),
    }
}

fn to_ask_if(ask_if: &AskIf) -> v1::AskIfV1 {
    v1::AskIfV1 {
        question: ask_if.question.to_string(),
        at_least: ask_if.at_least,
        at_most: ask_if.at_most,
        any_of: ask_if.any_of.iter().map(ToString::to_string).collect(),
    }
}

fn to_kind(kind: &Kind) -> KindV2 {
    let option = |option: &Choice| OptionV2 {
        id: option.id.to_string(),
        text: to_text(&option.text),
        own_words: option.own_words,
    };
    let options = |options: &[Choice]| options.iter().map(option).collect();
    match kind {
        Kind::Nps => KindV2::Nps,
        Kind::Csat(scale) => KindV2::Csat((*scale).into()),
        Kind::Ces(scale) => KindV2::Ces((*scale).into()),
        Kind::Smiley(scale) => KindV2::Smiley((*scale).into()),
        Kind::Stars(scale) => KindV2::Stars((*scale).into()),
        Kind::Thumbs => KindV2::Thumbs,
        Kind::Consent => KindV2::Consent,
        Kind::Choice(choices) => KindV2::Choice(options(choices)),
        Kind::Multi(choices) => KindV2::Multi(options(choices)),
        Kind::Matrix { scale, rows } => KindV2::Matrix {
            scale: (*scale).into(),
            rows: rows.iter().map(|row| (row.id.to_string(), to_text(&row.text))).collect(),
        },
        Kind::Text { chars_max, lines } => KindV2::Text { chars_max: *chars_max as u64, lines: *lines },
    }
}

pub(in super::super) fn read(record: &[u8]) -> Result<Survey, StoreError> {
    let (version, body) = split(SURVEY, record)?;
    let read = match version {
        1 => v1::upgrade(decode(SURVEY, body)?),
        2 => from_v2(decode(SURVEY, body)?),
        3 => from_v3(decode(SURVEY, body)?),
        _ => return Err(newer(SURVEY, version)),
    };
    read.map_err(|wrong| unreadable(SURVEY, &wrong))
}

fn from_v3(stored: SurveyV3) -> Result<Survey, Wrong> {
    let mut survey = from_v2(stored.survey)?;
    let mut only_for = stored.only_for;
    for question in &mut survey.questions {
        let stored = only_for.remove(question.id.as_str()).unwrap_or_default();
        question.only_for = stored.into_iter().map(from_only_for).collect::<Result<_, _>>()?;
    }
    Ok(survey)
}

fn from_only_for(stored: OnlyForV3) -> Result<OnlyFor, Wrong> {
    Ok(match stored {
        OnlyForV3::Branch(branches) => {
            let branches = branches.iter().map(|branch| common::id(BranchId::parse(branch)));
            OnlyFor::Branch(branches.collect::<Result<_, _>>()?)
        }
        OnlyForV3::Contact(condition) => OnlyFor::Contact(from_condition(condition)),
        OnlyForV3::Event(condition) => OnlyFor::Event(from_condition(condition)),
    })
}

fn from_condition(stored: ConditionV3) -> Condition {
    let value = |value| match value {
        ValueV3::Text(text) => Value::Text(text),
        ValueV3::Number(number) => Value::Number(number),
        ValueV3::Flag(flag) => Value::Flag(flag),
    };
    Condition {
        field: stored.field,
        min: stored.min,
        max: stored.max,
        any_of: stored.any_of.into_iter().map(value).collect(),
        none_of: stored.none_of.into_iter().map(value).collect(),
    }
}

fn from_v2(stored: SurveyV2) -> Result<Survey, Wrong> {
    Ok(Survey {
        id: common::id(SurveyId::parse(&stored.id))?,
        title: from_text(stored.title)?,
        intro: stored.intro.map(from_text).transpose()?,
        thanks: stored.thanks.into_iter().map(from_thanks).collect::<Result<_, _>>()?,
        link: stored.link.map(from_link).transpose()?,
        questions: stored.questions.into_iter().map(from_question).collect::<Result<_, _>>()?,
    })
}

fn from_text(stored: TextV1) -> Result<Text, Wrong> {
    let translations = stored.into_iter().map(|(tag, text)| Ok((common::language(&tag)?, text)));
    let translations = translations.collect::<Result<BTreeMap<_, _>, Wrong>>()?;
    Text::of(translations).ok_or_else(|| "a text has no language".to_owned())
}

fn from_thanks((at_most, text): (Option<i32>, TextV1)) -> Result<Thanks, Wrong> {
    Ok(Thanks { at_most, text: from_text(text)? })
}

fn from_link((url, text): (String, TextV1)) -> Result<Link, Wrong> {
    Ok(Link { url, text: from_text(text)? })
}

fn from_question(stored: QuestionV2) -> Result<Question, Wrong> {
    let ends = match stored.ends {
        Some((worst, best)) => Some((from_text(worst)?, from_text(best)?)),
        None => None,
    };
    Ok(Question {
        id: common::id(QuestionId::parse(&stored.id))?,
        kind: from_kind(stored.kind)?,
        key: stored.key,
        required: stored.required,
        new_page: stored.new_page,
        text: from_text(stored.text)?,
        ends,
        not_applicable: match stored.not_applicable {
            Some(NotApplicableV2::UsualWords) => Some(NotApplicable::UsualWords),
            Some(NotApplicableV2::Words(words)) => Some(NotApplicable::Words(from_text(words)?)),
            None => None,
        },
        ask_if: stored.ask_if.iter().map(v1::from_ask_if).collect::<Result<_, _>>()?,
        only_for: Vec::new(),
    })
}

fn from_row((id, text): (String, TextV1)) -> Result<Row, Wrong> {
    Ok(Row { id: common::id(QuestionId::parse(&id))?, text: from_text(text)? })
}

fn from_kind(stored: KindV2) -> Result<Kind, Wrong> {
    let option = |OptionV2 { id, text, own_words }: OptionV2| {
        Ok(Choice { id: common::id(QuestionId::parse(&id))?, text: from_text(text)?, own_words })
    };
    let options = |options: Vec<OptionV2>| options.into_iter().map(option).collect::<Result<Vec<_>, Wrong>>();
    Ok(match stored {
        KindV2::Nps => Kind::Nps,
        KindV2::Csat(scale) => Kind::Csat(scale.into()),
        KindV2::Ces(scale) => Kind::Ces(scale.into()),
        KindV2::Smiley(scale) => Kind::Smiley(scale.into()),
        KindV2::Stars(scale) => Kind::Stars(scale.into()),
        KindV2::Thumbs => Kind::Thumbs,
        KindV2::Consent => Kind::Consent,
        KindV2::Choice(choices) => Kind::Choice(options(choices)?),
        KindV2::Multi(choices) => Kind::Multi(options(choices)?),
        KindV2::Matrix { scale, rows } => {
            Kind::Matrix { scale: scale.into(), rows: rows.into_iter().map(from_row).collect::<Result<_, _>>()? }
        }
        KindV2::Text { chars_max, lines } => {
            Kind::Text { chars_max: usize::try_from(chars_max).map_err(|err| err.to_string())?, lines }
        }
    })
}
