//! Surveys as version 1 had them: one kind of condition, and no question with a part that came later.

use serde::{Deserialize, Serialize};

use super::super::common::{self, Wrong};
use super::{TextV1, from_text};
use crate::domain::id::{QuestionId, SurveyId};
use crate::domain::survey::{AskIf, Choice, Kind, Question, Scale, Survey, TEXT_LINES, Thanks};

#[derive(Serialize, Deserialize)]
pub(super) struct SurveyV1 {
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
pub(super) struct AskIfV1 {
    pub(super) question: String,
    pub(super) at_least: Option<i32>,
    pub(super) at_most: Option<i32>,
    pub(super) any_of: Vec<String>,
}

pub(super) fn upgrade(stored: SurveyV1) -> Result<Survey, Wrong> {
    Ok(Survey {
        id: common::id(SurveyId::parse(&stored.id))?,
        title: from_text(stored.title)?,
        intro: stored.intro.map(from_text).transpose()?,
        thanks: match stored.thanks {
            Some(text) => vec![Thanks { at_most: None, text: from_text(text)? }],
            None => Vec::new(),
        },
        link: None,
        questions: stored.questions.into_iter().map(from_question).collect::<Result<_, _>>()?,
    })
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
        new_page: false,
        text: from_text(stored.text)?,
        ends,
        not_applicable: None,
        ask_if: stored.ask_if.iter().map(from_ask_if).collect::<Result<_, _>>()?,
        only_for: Vec::new(),
    })
}

pub(super) fn from_ask_if(stored: &AskIfV1) -> Result<AskIf, Wrong> {
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
            Ok(Choice { id: common::id(QuestionId::parse(&id))?, text: from_text(text)?, own_words: false })
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
            Kind::Text { chars_max: usize::try_from(chars_max).map_err(|err| err.to_string())?, lines: TEXT_LINES }
        }
    })
}
