//! What is remembered of a telephone that writes to us, on disk. The number itself is only in the key, as a keyed hash, and
//! no word of a message is kept.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::CONVERSATION;
use super::common::{self, Wrong};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::conversation::{Conversation, HeardText, Line, Talk};
use crate::domain::id::{InvitationId, QuestionId};

#[derive(Serialize, Deserialize)]
struct ConversationV1 {
    heard: Vec<([u8; 8], i64)>,
    replies: Option<(i64, u8)>,
    last: Option<LineV1>,
    talk: Option<TalkV1>,
}

#[derive(Serialize, Deserialize)]
struct TalkV1 {
    invitation: [u8; 16],
    asked: Option<String>,
    told: bool,
    thanked: bool,
}

#[derive(Serialize, Deserialize)]
enum LineV1 {
    Stopped,
    Started,
    Help,
    Thanks,
    Ask(String),
    Again(String),
}

pub(in super::super) fn write(conversation: &Conversation) -> Result<Vec<u8>, StoreError> {
    let stored = ConversationV1 {
        heard: conversation.heard.iter().map(|heard| (heard.mark, common::micros(heard.at))).collect(),
        replies: conversation.replies.map(|(since, n)| (common::micros(since), n)),
        last: conversation.last.as_ref().map(to_line),
        talk: conversation.talk.as_ref().map(to_talk),
    };
    encode(CONVERSATION, 1, &stored)
}

fn to_talk(talk: &Talk) -> TalkV1 {
    TalkV1 {
        invitation: *talk.invitation.as_bytes(),
        asked: talk.asked.as_ref().map(ToString::to_string),
        told: talk.told,
        thanked: talk.thanked,
    }
}

fn to_line(line: &Line) -> LineV1 {
    match line {
        Line::Stopped => LineV1::Stopped,
        Line::Started => LineV1::Started,
        Line::Help => LineV1::Help,
        Line::Thanks => LineV1::Thanks,
        Line::Ask(question) => LineV1::Ask(question.to_string()),
        Line::Again(question) => LineV1::Again(question.to_string()),
    }
}

pub(in super::super) fn read(record: &[u8]) -> Result<Conversation, StoreError> {
    match split(CONVERSATION, record)? {
        (1, body) => from_v1(decode(CONVERSATION, body)?).map_err(|wrong| unreadable(CONVERSATION, &wrong)),
        (version, _) => Err(newer(CONVERSATION, version)),
    }
}

fn from_v1(stored: ConversationV1) -> Result<Conversation, Wrong> {
    let heard = stored.heard.into_iter().map(|(mark, at)| Ok(HeardText { mark, at: common::instant(at)? }));
    Ok(Conversation {
        heard: heard.collect::<Result<_, Wrong>>()?,
        replies: stored.replies.map(|(since, n)| Ok::<_, Wrong>((common::instant(since)?, n))).transpose()?,
        last: stored.last.map(from_line).transpose()?,
        talk: stored.talk.map(from_talk).transpose()?,
    })
}

fn from_talk(stored: TalkV1) -> Result<Talk, Wrong> {
    Ok(Talk {
        invitation: InvitationId::from_bytes(stored.invitation),
        asked: stored.asked.map(|id| question(&id)).transpose()?,
        told: stored.told,
        thanked: stored.thanked,
    })
}

fn from_line(stored: LineV1) -> Result<Line, Wrong> {
    Ok(match stored {
        LineV1::Stopped => Line::Stopped,
        LineV1::Started => Line::Started,
        LineV1::Help => Line::Help,
        LineV1::Thanks => Line::Thanks,
        LineV1::Ask(id) => Line::Ask(question(&id)?),
        LineV1::Again(id) => Line::Again(question(&id)?),
    })
}

fn question(id: &str) -> Result<QuestionId, Wrong> {
    common::id(QuestionId::parse(id))
}
