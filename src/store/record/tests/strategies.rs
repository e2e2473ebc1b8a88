//! Any contact, invitation, event, survey, response, card: what domain types can hold, in whole microseconds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::domain::answer::{Answer, Answers, Completeness, RowAnswer};
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::contact::{Consent, Contact, Email, Phone};
use crate::domain::event::{Condition, Event, Value};
use crate::domain::id::{
    BranchId, CardId, ContactId, EventId, InvitationId, JourneyId, KioskId, QuestionId, ResponseId, StageId, SurveyId,
    TouchpointId,
};
use crate::domain::journey::Channel;
use crate::domain::language::{Language, Text};
use crate::domain::reason::{DeferReason, SkipReason};
use crate::domain::response::{Flag, Origin, Response, SurfaceId};
use crate::domain::survey::occasion::OnlyFor;
use crate::domain::survey::{
    AskIf, Choice, Kind, Link, NotApplicable, Question, Row, Scale, Survey, SurveyVersion, Thanks,
};
use crate::domain::tap::{Sign, Taps, TapsEnd};
use crate::plan::{Decision, RecordedEvent, Verdict};

/// Four thousand years around now.
pub(super) fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (-62_000_000_000_000_000_i64..64_000_000_000_000_000).prop_map(|us| DateTime::from_timestamp_micros(us).unwrap())
}

/// Up to ten years.
pub(super) fn span() -> impl Strategy<Value = TimeDelta> {
    (0_i64..316_000_000_000_000).prop_map(TimeDelta::microseconds)
}

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9_-]{1,64}"
}

fn reference() -> impl Strategy<Value = String> {
    "[!-~äß漢]{1,60}"
}

pub(super) fn words() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

pub(super) fn journey() -> impl Strategy<Value = JourneyId> {
    name().prop_map(|id| JourneyId::parse(&id).unwrap())
}

pub(super) fn stage() -> impl Strategy<Value = StageId> {
    name().prop_map(|id| StageId::parse(&id).unwrap())
}

pub(super) fn branch() -> impl Strategy<Value = BranchId> {
    name().prop_map(|id| BranchId::parse(&id).unwrap())
}

pub(super) fn touchpoint() -> impl Strategy<Value = TouchpointId> {
    name().prop_map(|id| TouchpointId::parse(&id).unwrap())
}

pub(super) fn survey_id() -> impl Strategy<Value = SurveyId> {
    name().prop_map(|id| SurveyId::parse(&id).unwrap())
}

fn question_id() -> impl Strategy<Value = QuestionId> {
    name().prop_map(|id| QuestionId::parse(&id).unwrap())
}

pub(super) fn contact_id() -> impl Strategy<Value = ContactId> {
    reference().prop_map(|id| ContactId::parse(&id).unwrap())
}

pub(super) fn event_id() -> impl Strategy<Value = EventId> {
    reference().prop_map(|id| EventId::parse(&id).unwrap())
}

pub(super) fn invitation_id() -> impl Strategy<Value = InvitationId> {
    any::<[u8; 16]>().prop_map(InvitationId::from_bytes)
}

pub(super) fn version() -> impl Strategy<Value = SurveyVersion> {
    any::<[u8; 12]>().prop_map(SurveyVersion::from_bytes)
}

pub(super) fn zone() -> impl Strategy<Value = Tz> {
    select(chrono_tz::TZ_VARIANTS.to_vec())
}

fn language() -> impl Strategy<Value = Language> {
    "[a-z]{2,3}(-[A-Z]{2})?".prop_map(|tag| Language::parse(&tag).unwrap())
}

pub(super) fn channel() -> impl Strategy<Value = Channel> {
    select(Channel::ALL.to_vec())
}

pub(super) fn completeness() -> impl Strategy<Value = Completeness> {
    select(vec![Completeness::Started, Completeness::Partial, Completeness::Complete])
}

pub(super) fn skip_reason() -> impl Strategy<Value = SkipReason> {
    select(SkipReason::ALL.to_vec())
}

pub(super) fn defer_reason() -> impl Strategy<Value = DeferReason> {
    select(DeferReason::ALL.to_vec())
}

fn consent() -> impl Strategy<Value = Consent> {
    select(vec![Consent::Unknown, Consent::Granted, Consent::Refused])
}

pub(super) fn contact() -> impl Strategy<Value = Contact> {
    let addresses = (of(words()), of(words()), of(language()), of(zone()), of(branch()));
    let rest = (consent(), consent(), btree_map(words(), words(), 0..4), of(instant()), any::<u64>());
    (contact_id(), words(), addresses, rest).prop_map(|(id, name, addresses, rest)| {
        let (email, phone, locale, time_zone, branch) = addresses;
        let (consent_email, consent_sms, attributes, seen_at, revision) = rest;
        Contact {
            id,
            name,
            email: email.map(|email| Email::trusted(&email)),
            phone: phone.map(|phone| Phone::trusted(&phone)),
            locale,
            time_zone,
            branch,
            consent_email,
            consent_sms,
            attributes,
            seen_at,
            revision,
        }
    })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        words().prop_map(Value::Text),
        prop::num::f64::NORMAL.prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    let planned = (invitation_id(), channel(), instant(), of(defer_reason()))
        .prop_map(|(invitation, channel, due_at, deferred)| Verdict::Planned { invitation, channel, due_at, deferred });
    let verdict = prop_oneof![planned, skip_reason().prop_map(|reason| Verdict::Skipped { reason })];
    (journey(), stage(), verdict).prop_map(|(journey, stage, verdict)| Decision { journey, stage, verdict })
}

pub(super) fn event() -> impl Strategy<Value = RecordedEvent> {
    let data = btree_map(words(), value(), 0..5);
    let event = (event_id(), words(), instant(), contact_id(), of(branch()), data);
    (event, vec(decision(), 0..4)).prop_map(|((id, kind, at, contact, branch, data), decisions)| RecordedEvent {
        event: Event { id, kind, at, contact, branch, data },
        decisions,
    })
}

fn text() -> impl Strategy<Value = Text> {
    btree_map(language(), words(), 1..3).prop_map(|translations| Text::of(translations).unwrap())
}

fn kind() -> impl Strategy<Value = Kind> {
    let scale = || (any::<i32>(), any::<i32>()).prop_map(|(worst, best)| Scale { worst, best });
    let choices = || {
        vec(
            (question_id(), text(), any::<bool>()).prop_map(|(id, text, own_words)| Choice { id, text, own_words }),
            0..4,
        )
    };
    prop_oneof![
        Just(Kind::Nps),
        scale().prop_map(Kind::Csat),
        scale().prop_map(Kind::Ces),
        scale().prop_map(Kind::Smiley),
        scale().prop_map(Kind::Stars),
        choices().prop_map(Kind::Choice),
        choices().prop_map(Kind::Multi),
        Just(Kind::Thumbs),
        Just(Kind::Consent),
        (scale(), vec((question_id(), text()).prop_map(|(id, text)| Row { id, text }), 0..4))
            .prop_map(|(scale, rows)| Kind::Matrix { scale, rows }),
        any::<(usize, u8)>().prop_map(|(chars_max, lines)| Kind::Text { chars_max, lines }),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let ask_if = (question_id(), of(any::<i32>()), of(any::<i32>()), vec(question_id(), 0..3));
    let ask_if = ask_if.prop_map(|(question, at_least, at_most, any_of)| AskIf { question, at_least, at_most, any_of });
    let not_applicable = of(text()).prop_map(|words| words.map_or(NotApplicable::UsualWords, NotApplicable::Words));
    let words = (text(), of((text(), text())), of(not_applicable));
    let only_for = prop_oneof![
        vec(branch(), 0..3).prop_map(OnlyFor::Branch),
        condition().prop_map(OnlyFor::Contact),
        condition().prop_map(OnlyFor::Event),
    ];
    let conditions = (vec(ask_if, 0..3), vec(only_for, 0..3));
    (question_id(), kind(), any::<[bool; 3]>(), words, conditions).prop_map(
        |(id, kind, [key, required, new_page], (text, ends, not_applicable), (ask_if, only_for))| Question {
            id,
            kind,
            key,
            required,
            new_page,
            text,
            ends,
            not_applicable,
            ask_if,
            only_for,
        },
    )
}

fn condition() -> impl Strategy<Value = Condition> {
    let value = prop_oneof![
        words().prop_map(Value::Text),
        (-1e9..1e9).prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
    ];
    let values = || vec(value.clone(), 0..3);
    (words(), of(-1e9..1e9), of(-1e9..1e9), values(), values())
        .prop_map(|(field, min, max, any_of, none_of)| Condition { field, min, max, any_of, none_of })
}

pub(super) fn survey() -> impl Strategy<Value = Survey> {
    let thanks = vec((of(any::<i32>()), text()).prop_map(|(at_most, text)| Thanks { at_most, text }), 0..3);
    let link = of((words(), text()).prop_map(|(url, text)| Link { url, text }));
    (survey_id(), text(), of(text()), (thanks, link), vec(question(), 0..4))
        .prop_map(|(id, title, intro, (thanks, link), questions)| Survey { id, title, intro, thanks, link, questions })
}

fn answers() -> impl Strategy<Value = Answers> {
    let options = btree_set(question_id(), 0..4);
    let answer = prop_oneof![
        any::<i32>().prop_map(Answer::Rating),
        question_id().prop_map(Answer::Choice),
        options.prop_map(|options: BTreeSet<_>| Answer::Choices(options)),
        words().prop_map(Answer::Text),
        (btree_set(question_id(), 0..4), words()).prop_map(|(chosen, words)| Answer::OwnWords { chosen, words }),
        Just(Answer::NotApplicable),
        any::<bool>().prop_map(Answer::Consent),
        btree_map(question_id(), of(any::<i32>()), 0..4).prop_map(|rows| {
            let answer = |point: Option<i32>| point.map_or(RowAnswer::NotApplicable, RowAnswer::Rating);
            Answer::Rows(rows.into_iter().map(|(row, point)| (row, answer(point))).collect())
        }),
    ];
    btree_map(question_id(), answer, 0..4).prop_map(|answers: BTreeMap<_, _>| answers)
}

pub(super) fn card_id() -> impl Strategy<Value = CardId> {
    any::<[u8; 16]>().prop_map(CardId::from_bytes)
}

pub(super) fn card() -> impl Strategy<Value = Card> {
    let code = any::<u64>().prop_map(CardCode::from_random_bits);
    let place = (card_id(), code, branch(), touchpoint(), survey_id());
    (place, words(), any::<u32>(), instant(), of(instant())).prop_map(
        |((id, code, branch, touchpoint, survey), print_run, serial, made_at, revoked_at)| Card {
            id,
            code,
            branch,
            touchpoint,
            survey,
            print_run,
            serial,
            made_at,
            revoked_at,
        },
    )
}

fn origin() -> impl Strategy<Value = Origin> {
    let invited = (invitation_id(), any::<u8>(), of(branch()));
    let from = prop_oneof![
        card_id().prop_map(SurfaceId::Card),
        any::<[u8; 16]>().prop_map(|id| SurfaceId::Kiosk(KioskId::from_bytes(id))),
        Just(SurfaceId::Web),
    ];
    let came_by = (from, branch(), touchpoint());
    prop_oneof![
        invited.prop_map(|(id, attempt, branch)| Origin::Invitation { id, attempt, branch }),
        came_by.prop_map(|(from, branch, touchpoint)| Origin::Surface { from, branch, touchpoint }),
    ]
}

pub(super) fn response() -> impl Strategy<Value = Response> {
    let shown = (survey_id(), version(), language());
    let said = (answers(), completeness(), instant(), instant(), any::<bool>());
    let doubted = (btree_set(select(Flag::ALL.to_vec()), 0..4), any::<bool>());
    (any::<[u8; 16]>(), origin(), shown, said, doubted).prop_map(
        |(id, origin, (survey, version, language), (answers, completeness, first_at, last_at, late), doubted)| {
            Response {
                id: ResponseId::from_bytes(id),
                origin,
                survey,
                version,
                language,
                answers,
                completeness,
                first_at,
                last_at,
                late,
                flags: doubted.0,
                cleared: doubted.1,
            }
        },
    )
}

pub(super) fn taps() -> impl Strategy<Value = Taps> {
    let (points, signs) = (btree_set(any::<i32>(), 0..4), btree_set(select(Sign::ALL.to_vec()), 0..4));
    let end = of(prop_oneof![instant().prop_map(TapsEnd::Answered), instant().prop_map(TapsEnd::Released)]);
    let what = (invitation_id(), any::<u8>(), any::<u32>(), points, signs);
    (what, instant(), instant(), end).prop_map(|((invitation, attempt, n, points, signs), first_at, last_at, end)| {
        Taps { invitation, attempt, n, points, signs, first_at, last_at, end }
    })
}
