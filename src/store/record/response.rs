//! Responses on disk.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::RESPONSE;
use super::common::{self, CompletenessV1, Wrong, stored_enum};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::answer::{Answer, Answers, RowAnswer};
use crate::domain::id::{BranchId, CardId, InvitationId, KioskId, QuestionId, ResponseId, SurveyId, TouchpointId};
use crate::domain::place::Surface;
use crate::domain::response::{Flag, Origin, Response, SurfaceId};
use crate::domain::survey::SurveyVersion;

stored_enum!(SurfaceV1 for Surface { Card, Kiosk, Web });

stored_enum!(FlagV1 for Flag { NetworkBurst, CodeBurst, SameDevice, Hasty, Honeypot, Closed, Test, Staff });

/// What all versions hold, with answers and an origin of their own.
#[derive(Serialize, Deserialize)]
struct ResponseOf<A, O> {
    id: [u8; 16],
    origin: O,
    survey: String,
    version: [u8; 12],
    language: String,
    answers: BTreeMap<String, A>,
    completeness: CompletenessV1,
    first_at: i64,
    last_at: i64,
    late: bool,
}

type ResponseV1 = ResponseOf<AnswerV1, OriginV1>;
type ResponseV2 = ResponseOf<AnswerV2, OriginV1>;

#[derive(Serialize, Deserialize)]
struct ResponseV3 {
    said: ResponseOf<AnswerV2, OriginV2>,
    flags: Vec<FlagV1>,
    cleared: bool,
}

#[derive(Serialize, Deserialize)]
enum OriginV1 {
    Invitation { id: [u8; 16], attempt: u8, branch: Option<String> },
    Surface { surface: SurfaceV1, card: [u8; 16], branch: String, touchpoint: String },
}

#[derive(Serialize, Deserialize)]
enum OriginV2 {
    Invitation { id: [u8; 16], attempt: u8, branch: Option<String> },
    Surface { from: SurfaceIdV1, branch: String, touchpoint: String },
}

#[derive(Serialize, Deserialize)]
enum SurfaceIdV1 {
    Card([u8; 16]),
    Kiosk([u8; 16]),
    Web,
}

impl From<OriginV1> for OriginV2 {
    fn from(stored: OriginV1) -> Self {
        match stored {
            OriginV1::Invitation { id, attempt, branch } => Self::Invitation { id, attempt, branch },
            OriginV1::Surface { surface, card, branch, touchpoint } => {
                let from = match surface {
                    SurfaceV1::Card => SurfaceIdV1::Card(card),
                    SurfaceV1::Kiosk => SurfaceIdV1::Kiosk(card),
                    SurfaceV1::Web => SurfaceIdV1::Web,
                };
                Self::Surface { from, branch, touchpoint }
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
enum AnswerV1 {
    Rating(i32),
    Choice(String),
    Choices(Vec<String>),
    Text(String),
}

#[derive(Serialize, Deserialize)]
enum AnswerV2 {
    Rating(i32),
    Choice(String),
    Choices(Vec<String>),
    Text(String),
    OwnWords {
        chosen: Vec<String>,
        words: String,
    },
    NotApplicable,
    /// A row without a point does not apply.
    Rows(Vec<(String, Option<i32>)>),
    Consent(bool),
}

impl From<AnswerV1> for AnswerV2 {
    fn from(stored: AnswerV1) -> Self {
        match stored {
            AnswerV1::Rating(point) => Self::Rating(point),
            AnswerV1::Choice(option) => Self::Choice(option),
            AnswerV1::Choices(options) => Self::Choices(options),
            AnswerV1::Text(text) => Self::Text(text),
        }
    }
}

pub(in super::super) fn write(response: &Response) -> Result<Vec<u8>, StoreError> {
    let said = ResponseOf {
        id: *response.id.as_bytes(),
        origin: to_origin(&response.origin),
        survey: response.survey.to_string(),
        version: *response.version.as_bytes(),
        language: response.language.to_string(),
        answers: response.answers.iter().map(|(id, answer)| (id.to_string(), to_answer(answer))).collect(),
        completeness: response.completeness.into(),
        first_at: common::micros(response.first_at),
        last_at: common::micros(response.last_at),
        late: response.late,
    };
    let flags = response.flags.iter().copied().map(FlagV1::from).collect();
    encode(RESPONSE, 3, &ResponseV3 { said, flags, cleared: response.cleared })
}

fn to_origin(origin: &Origin) -> OriginV2 {
    match origin {
        Origin::Invitation { id, attempt, branch } => OriginV2::Invitation {
            id: *id.as_bytes(),
            attempt: *attempt,
            branch: branch.as_ref().map(ToString::to_string),
        },
        Origin::Surface { from, branch, touchpoint } => OriginV2::Surface {
            from: match from {
                SurfaceId::Card(card) => SurfaceIdV1::Card(*card.as_bytes()),
                SurfaceId::Kiosk(kiosk) => SurfaceIdV1::Kiosk(*kiosk.as_bytes()),
                SurfaceId::Web => SurfaceIdV1::Web,
            },
            branch: branch.to_string(),
            touchpoint: touchpoint.to_string(),
        },
    }
}

fn to_answer(answer: &Answer) -> AnswerV2 {
    let options = |options: &BTreeSet<QuestionId>| options.iter().map(ToString::to_string).collect();
    match answer {
        Answer::Rating(point) => AnswerV2::Rating(*point),
        Answer::Choice(option) => AnswerV2::Choice(option.to_string()),
        Answer::Choices(chosen) => AnswerV2::Choices(options(chosen)),
        Answer::Text(text) => AnswerV2::Text(text.clone()),
        Answer::OwnWords { chosen, words } => AnswerV2::OwnWords { chosen: options(chosen), words: words.clone() },
        Answer::NotApplicable => AnswerV2::NotApplicable,
        Answer::Consent(is_given) => AnswerV2::Consent(*is_given),
        Answer::Rows(rows) => {
            AnswerV2::Rows(rows.iter().map(|(row, answer)| (row.to_string(), answer.point())).collect())
        }
    }
}

pub(in super::super) fn read(record: &[u8]) -> Result<Response, StoreError> {
    let (version, body) = split(RESPONSE, record)?;
    let read = match version {
        1 => from_stored(decode::<ResponseV1>(RESPONSE, body)?),
        2 => from_stored(decode::<ResponseV2>(RESPONSE, body)?),
        3 => from_v3(decode(RESPONSE, body)?),
        _ => return Err(newer(RESPONSE, version)),
    };
    read.map_err(|wrong| unreadable(RESPONSE, &wrong))
}

fn from_v3(stored: ResponseV3) -> Result<Response, Wrong> {
    let flags = stored.flags.into_iter().map(Flag::from).collect();
    Ok(Response { flags, cleared: stored.cleared, ..from_stored(stored.said)? })
}

fn from_stored<A: Into<AnswerV2>, O: Into<OriginV2>>(stored: ResponseOf<A, O>) -> Result<Response, Wrong> {
    let answer = |(id, answer): (String, A)| Ok((common::id(QuestionId::parse(&id))?, from_answer(answer.into())?));
    let answers = stored.answers.into_iter().map(answer);
    Ok(Response {
        id: ResponseId::from_bytes(stored.id),
        origin: from_origin(stored.origin.into())?,
        survey: common::id(SurveyId::parse(&stored.survey))?,
        version: SurveyVersion::from_bytes(stored.version),
        language: common::language(&stored.language)?,
        answers: answers.collect::<Result<Answers, Wrong>>()?,
        completeness: stored.completeness.into(),
        first_at: common::instant(stored.first_at)?,
        last_at: common::instant(stored.last_at)?,
        late: stored.late,
        flags: BTreeSet::new(),
        cleared: false,
    })
}

fn from_origin(stored: OriginV2) -> Result<Origin, Wrong> {
    Ok(match stored {
        OriginV2::Invitation { id, attempt, branch } => Origin::Invitation {
            id: InvitationId::from_bytes(id),
            attempt,
            branch: branch.map(|branch| common::id(BranchId::parse(&branch))).transpose()?,
        },
        OriginV2::Surface { from, branch, touchpoint } => Origin::Surface {
            from: match from {
                SurfaceIdV1::Card(id) => SurfaceId::Card(CardId::from_bytes(id)),
                SurfaceIdV1::Kiosk(id) => SurfaceId::Kiosk(KioskId::from_bytes(id)),
                SurfaceIdV1::Web => SurfaceId::Web,
            },
            branch: common::id(BranchId::parse(&branch))?,
            touchpoint: common::id(TouchpointId::parse(&touchpoint))?,
        },
    })
}

fn from_answer(stored: AnswerV2) -> Result<Answer, Wrong> {
    let option = |id: String| common::id(QuestionId::parse(&id));
    Ok(match stored {
        AnswerV2::Rating(point) => Answer::Rating(point),
        AnswerV2::Choice(id) => Answer::Choice(option(id)?),
        AnswerV2::Choices(ids) => Answer::Choices(ids.into_iter().map(option).collect::<Result<_, _>>()?),
        AnswerV2::Text(text) => Answer::Text(text),
        AnswerV2::OwnWords { chosen, words } => {
            Answer::OwnWords { chosen: chosen.into_iter().map(option).collect::<Result<_, _>>()?, words }
        }
        AnswerV2::NotApplicable => Answer::NotApplicable,
        AnswerV2::Consent(is_given) => Answer::Consent(is_given),
        AnswerV2::Rows(rows) => Answer::Rows(rows.into_iter().map(from_row).collect::<Result<_, Wrong>>()?),
    })
}

fn from_row((id, point): (String, Option<i32>)) -> Result<(QuestionId, RowAnswer), Wrong> {
    Ok((common::id(QuestionId::parse(&id))?, point.map_or(RowAnswer::NotApplicable, RowAnswer::Rating)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_before_there_were_flags_counts() {
        for (surface, from) in [
            (SurfaceV1::Card, SurfaceId::Card(CardId::from_bytes([1; 16]))),
            (SurfaceV1::Kiosk, SurfaceId::Kiosk(KioskId::from_bytes([1; 16]))),
            (SurfaceV1::Web, SurfaceId::Web),
        ] {
            let (branch, touchpoint) = ("mitte".to_owned(), "table-01".to_owned());
            let stored = ResponseV2 {
                id: [7; 16],
                origin: OriginV1::Surface { surface, card: [1; 16], branch, touchpoint },
                survey: "visit".to_owned(),
                version: [3; 12],
                language: "de".to_owned(),
                answers: BTreeMap::from([("overall".to_owned(), AnswerV2::Rating(4))]),
                completeness: CompletenessV1::Complete,
                first_at: 1,
                last_at: 2,
                late: false,
            };
            let read = read(&encode(RESPONSE, 2, &stored).unwrap()).unwrap();
            assert!(read.counts() && read.flags.is_empty());
            assert!(matches!(read.origin, Origin::Surface { from: given, .. } if given == from));
            let again = super::read(&write(&read).unwrap()).unwrap();
            assert_eq!(again, read);
        }
    }
}
