//! Surveys on disk, by version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::SURVEY;
use super::common::{self, Wrong};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::id::{QuestionId, SurveyId};
use crate::domain::language::Text;
use crate::domain::survey::{AskIf, Choice, Kind, Question, Scale, Survey};

type TextV1 = BTreeMap<String, String>;

#[derive(Serialize, Deserialize)]
struct SurveyV1 {
    id: String,
    title: TextV1,
    intro: Option<TextV1>,
    thanks: Option<TextV1>,
    questions: Vec<QuestionV1>,
}

#[derive(Serialize, Deserialize)]
struct QuestionV1 {
    id: String,
    kind: KindV1,
    key: bool,
    required: bool,
    text: TextV1,
    ends: Option<(TextV1, TextV1)>,
    ask_if: Option<AskIfV1>,
}

#[derive(Serialize, Deserialize)]
enum KindV1 {
    Nps,
    Csat { worst: i32, best: i32 },
    Ces { worst: i32, best: i32 },
    Smiley { worst: i32, best: i32 },
    Stars { worst: i32, best: i32 },
    Choice(Vec<(String, TextV1)>),
    Multi(Vec<(String, TextV1)>),
    Text { chars_max: u64 },
}

#[derive(Serialize, Deserialize)]
struct AskIfV1 {
    question: String,
    at_least: Option<i32>,
    at_most: Option<i32>,
    any_of: Vec<String>,
}

pub(in super::super) fn write(survey: &Survey) -> Result<Vec<u8>, StoreError> {
    let stored = SurveyV1 {
        id: survey.id.to_string(),
        title: to_text(&survey.title),
        intro: survey.intro.as_ref().map(to_text),
        thanks: survey.thanks.as_ref().map(to_text),
        questions: survey.questions.iter().map(to_question).collect(),
    };
    encode(SURVEY, 1, &stored)
}

fn to_text(text: &Text) -> TextV1 {
    text.translations().map(|(language, text)| (language.to_string(), text.to_owned())).collect()
}

fn to_question(question: &Question) -> QuestionV1 {
    QuestionV1 {
        id: question.id.to_string(),
        kind: to_kind(&question.kind),
        key: question.key,
        required: question.required,
        text: to_text(&question.text),
        ends: question.ends.as_ref().map(|(worst, best)| (to_text(worst), to_text(best))),
        ask_if: question.ask_if.as_ref().map(|ask_if| AskIfV1 {
            question: ask_if.question.to_string(),
            at_least: ask_if.at_least,
            at_most: ask_if.at_most,
            any_of: ask_if.any_of.iter().map(ToString::to_string).collect(),
        }),
    }
}

fn to_kind(kind: &Kind) -> KindV1 {
    let options =
        |options: &[Choice]| options.iter().map(|option| (option.id.to_string(), to_text(&option.text))).collect();
    match kind {
        Kind::Nps => KindV1::Nps,
        Kind::Csat(Scale { worst, best }) => KindV1::Csat { worst: *worst, best: *best },
        Kind::Ces(Scale { worst, best }) => KindV1::Ces { worst: *worst, best: *best },
        Kind::Smiley(Scale { worst, best }) => KindV1::Smiley { worst: *worst, best: *best },
        Kind::Stars(Scale { worst, best }) => KindV1::Stars { worst: *worst, best: *best },
        Kind::Choice(choices) => KindV1::Choice(options(choices)),
        Kind::Multi(choices) => KindV1::Multi(options(choices)),
        Kind::Text { chars_max } => KindV1::Text { chars_max: *chars_max as u64 },
    }
}

pub(in super::super) fn read(record: &[u8]) -> Result<Survey, StoreError> {
    match split(SURVEY, record)? {
        (1, body) => from_v1(decode(SURVEY, body)?).map_err(|wrong| unreadable(SURVEY, &wrong)),
        (version, _) => Err(newer(SURVEY, version)),
    }
}

fn from_v1(stored: SurveyV1) -> Result<Survey, Wrong> {
    Ok(Survey {
        id: common::id(SurveyId::parse(&stored.id))?,
        title: from_text(stored.title)?,
        intro: stored.intro.map(from_text).transpose()?,
        thanks: stored.thanks.map(from_text).transpose()?,
        questions: stored.questions.into_iter().map(from_question).collect::<Result<_, _>>()?,
    })
}

fn from_text(stored: TextV1) -> Result<Text, Wrong> {
    let translations = stored.into_iter().map(|(tag, text)| Ok((common::language(&tag)?, text)));
    let translations = translations.collect::<Result<BTreeMap<_, _>, Wrong>>()?;
    Text::of(translations).ok_or_else(|| "a text has no language".to_owned())
}

fn from_question(stored: QuestionV1) -> Result<Question, Wrong> {
    let ends = match stored.ends {
        Some((worst, best)) => Some((from_text(worst)?, from_text(best)?)),
        None => None,
    };
    Ok(Question {
        id: common::id(QuestionId::parse(&stored.id))?,
        kind: from_kind(stored.kind)?,
        key: stored.key,
        required: stored.required,
        text: from_text(stored.text)?,
        ends,
        ask_if: stored.ask_if.as_ref().map(from_ask_if).transpose()?,
    })
}

fn from_ask_if(stored: &AskIfV1) -> Result<AskIf, Wrong> {
    Ok(AskIf {
        question: common::id(QuestionId::parse(&stored.question))?,
        at_least: stored.at_least,
        at_most: stored.at_most,
        any_of: stored.any_of.iter().map(|id| common::id(QuestionId::parse(id))).collect::<Result<_, _>>()?,
    })
}

fn from_kind(stored: KindV1) -> Result<Kind, Wrong> {
    let options = |options: Vec<(String, TextV1)>| {
        let read = |(id, text): (String, TextV1)| {
            Ok(Choice { id: common::id(QuestionId::parse(&id))?, text: from_text(text)? })
        };
        options.into_iter().map(read).collect::<Result<Vec<_>, Wrong>>()
    };
    Ok(match stored {
        KindV1::Nps => Kind::Nps,
        KindV1::Csat { worst, best } => Kind::Csat(Scale { worst, best }),
        KindV1::Ces { worst, best } => Kind::Ces(Scale { worst, best }),
        KindV1::Smiley { worst, best } => Kind::Smiley(Scale { worst, best }),
        KindV1::Stars { worst, best } => Kind::Stars(Scale { worst, best }),
        KindV1::Choice(choices) => Kind::Choice(options(choices)?),
        KindV1::Multi(choices) => Kind::Multi(options(choices)?),
        KindV1::Text { chars_max } => {
            Kind::Text { chars_max: usize::try_from(chars_max).map_err(|err| err.to_string())? }
        }
    })
}
