//! Any invitation, in every state, with attempts of every fate and everything that can happen.

use chrono::DateTime;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::strategies::{
    branch, channel, completeness, contact_id, defer_reason, event_id, instant, invitation_id, journey, skip_reason,
    span, stage, survey_id, version, words, zone,
};
use crate::domain::attempt::{Attempt, Fate, TextCost};
use crate::domain::conversation::{Conversation, HeardText, Line, Talk};
use crate::domain::hold::Hold;
use crate::domain::id::{EventId, QuestionId};
use crate::domain::invitation::{AnswerMark, End, Found, Happening, Invitation, Note, Replied, State};
use crate::domain::journey::{Level, Step, StepKind, When};
use crate::domain::operator::Operator;
use crate::domain::price::{Currency, Price};
use crate::domain::reason::HoldReason;
use crate::domain::receipt::{Bounce, News, Receipt};
use crate::domain::scope::Scope;
use crate::domain::send_window::SendWindow;

fn step_kind() -> impl Strategy<Value = StepKind> {
    select(vec![StepKind::Initial, StepKind::Reminder, StepKind::Fallback])
}

fn step() -> impl Strategy<Value = Step> {
    let when = select(vec![When::Undelivered, When::Silent, When::Either]);
    (channel(), span(), step_kind(), when).prop_map(|(channel, after, kind, when)| Step { channel, after, kind, when })
}

fn end() -> impl Strategy<Value = End> {
    select(vec![End::Answered, End::WindowClosed, End::Undelivered, End::OptedOut, End::Ineligible])
}

fn hold_reason() -> impl Strategy<Value = HoldReason> {
    select(vec![HoldReason::UnknownOutcome, HoldReason::Operator, HoldReason::Restored, HoldReason::Breaker])
}

pub(super) fn hold() -> impl Strategy<Value = Hold> {
    let scope = (of(journey()), of(stage()), of(branch()), of(channel()))
        .prop_map(|(journey, stage, branch, channel)| Scope { journey, stage, branch, channel });
    (scope, instant(), hold_reason(), words(), operator()).prop_map(|(scope, since, reason, note, by)| Hold {
        scope,
        since,
        reason,
        note,
        by,
    })
}

fn operator() -> impl Strategy<Value = Operator> {
    "[a-zäß .@-]{0,40}".prop_map(|name| Operator::parse(&name).unwrap())
}

fn state() -> impl Strategy<Value = State> {
    let step = any::<u8>();
    prop_oneof![
        (step, instant()).prop_map(|(step, due_at)| State::Waiting { step, due_at }),
        (step, any::<u64>(), instant()).prop_map(|(step, lease, until)| State::Sending { step, lease, until }),
        (step, hold_reason(), instant()).prop_map(|(step, reason, since)| State::Held { step, reason, since }),
        Just(State::Asked),
        (instant(), end(), of(any::<u8>())).prop_map(|(at, end, through)| State::Closed { at, end, through }),
        (instant(), skip_reason()).prop_map(|(at, reason)| State::Skipped { at, reason }),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Sending),
        Just(Fate::Deferred),
        instant().prop_map(|at| Fate::Accepted { at }),
        instant().prop_map(|at| Fate::Refused { at }),
        instant().prop_map(|at| Fate::Unknown { at }),
        (news(), instant()).prop_map(|(news, at)| Fate::after(news, at)),
    ]
}

fn news() -> impl Strategy<Value = News> {
    let bounced = Bounce::ALL.map(News::Bounced);
    select([vec![News::Delivered, News::Complained], bounced.to_vec()].concat())
}

fn cost() -> impl Strategy<Value = TextCost> {
    let price = (any::<u64>(), select(vec![*b"EUR", *b"USD"]))
        .prop_map(|(millionths, letters)| Price { millionths, currency: Currency::from_letters(letters).unwrap() });
    (any::<u8>(), of(price)).prop_map(|(n_segments, price)| TextCost { n_segments, price })
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let what = (any::<u8>(), any::<u8>(), channel(), step_kind());
    (what, instant(), any::<u16>(), fate(), any::<bool>(), of(words()), of(any::<[u8; 16]>()), of(cost())).prop_map(
        |((number, step, channel, kind), first_tried_at, n_tries, fate, was_unknown, provider_ref, to, cost)| Attempt {
            number,
            step,
            channel,
            kind,
            first_tried_at,
            n_tries,
            fate,
            was_unknown,
            provider_ref,
            to,
            cost,
        },
    )
}

pub(super) fn conversation() -> impl Strategy<Value = Conversation> {
    let question = || select(vec!["overall", "why"]).prop_map(|id| QuestionId::parse(id).unwrap());
    let line = prop_oneof![
        select(vec![Line::Stopped, Line::Started, Line::Help, Line::Thanks]),
        question().prop_map(Line::Ask),
        question().prop_map(Line::Again),
    ];
    let talk = (invitation_id(), of(question()), any::<bool>(), any::<bool>())
        .prop_map(|(invitation, asked, told, thanked)| Talk { invitation, asked, told, thanked });
    let heard = (any::<[u8; 8]>(), instant()).prop_map(|(mark, at)| HeardText { mark, at });
    (vec(heard, 0..4), of((instant(), any::<u8>())), of(line), of(talk))
        .prop_map(|(heard, replies, last, talk)| Conversation { heard, replies, last, talk })
}

fn replied() -> impl Strategy<Value = Replied> {
    prop_oneof![
        completeness().prop_map(|completeness| Replied::Answer { completeness }),
        select(vec![Replied::Unclear, Replied::Stop, Replied::Start, Replied::Help]),
    ]
}

fn note() -> impl Strategy<Value = Note> {
    // Each as a note, because what happened has no `Debug`: it may quote a server that names an address.
    let note = |what| Note { at: DateTime::UNIX_EPOCH, what };
    let attempt = any::<u8>();
    let what = prop_oneof![
        (instant(), of(defer_reason()))
            .prop_map(move |(due_at, deferred)| note(Happening::Planned { due_at, deferred })),
        (instant(), defer_reason()).prop_map(move |(until, reason)| note(Happening::PutOff { until, reason })),
        (channel(), skip_reason())
            .prop_map(move |(channel, reason)| note(Happening::StepPassedOver { channel, reason })),
        (attempt, words()).prop_map(move |(attempt, reply)| note(Happening::Accepted { attempt, reply })),
        (attempt, instant(), words()).prop_map(move |(attempt, until, reply)| note(Happening::Deferred {
            attempt,
            until,
            reply
        })),
        (attempt, words(), any::<bool>()).prop_map(move |(attempt, reply, gave_up)| note(Happening::Refused {
            attempt,
            reply,
            gave_up
        })),
        (attempt, words()).prop_map(move |(attempt, reply)| note(Happening::Unknown { attempt, reply })),
        hold_reason().prop_map(move |reason| note(Happening::Held { reason })),
        (channel(), instant()).prop_map(move |(channel, due_at)| note(Happening::NextStep { channel, due_at })),
        (attempt, completeness())
            .prop_map(move |(attempt, completeness)| note(Happening::Answered { attempt, completeness })),
        skip_reason().prop_map(move |reason| note(Happening::Skipped { reason })),
        end().prop_map(move |end| note(Happening::Closed { end })),
        (attempt, operator()).prop_map(move |(attempt, by)| note(Happening::SentAgain { attempt, by })),
        (attempt, select(Found::ALL.to_vec()), operator())
            .prop_map(move |(attempt, found, by)| note(Happening::Settled { attempt, found, by })),
        (channel(), instant(), operator()).prop_map(move |(channel, due_at, by)| note(Happening::AskedAgain {
            channel,
            due_at,
            by
        })),
        operator().prop_map(move |by| note(Happening::Replanned { by })),
        (attempt, news(), words(), words()).prop_map(move |(attempt, news, source, reply)| {
            note(Happening::CameBack { attempt, receipt: Receipt { news, source, reply } })
        }),
        (attempt, replied()).prop_map(move |(attempt, said)| note(Happening::Replied { attempt, said })),
    ];
    (instant(), what).prop_map(|(at, note)| Note { at, ..note })
}

fn send_window() -> impl Strategy<Value = SendWindow> {
    let days = select(vec!["Mon", "Fri-Mon", "Mon,Wed,Fri-Sat", "Tue-Sun", "Mon-Sun"]);
    let hours = (0_u32..1440, 0_u32..=1440).prop_filter("not empty", |(from, until)| from != until);
    let written = (hours, days).prop_map(|((from, until), days)| {
        let between = format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60);
        SendWindow::parse(&between, Some(days)).unwrap()
    });
    prop_oneof![1 => Just(SendWindow::always()), 4 => written]
}

pub(super) fn invitation() -> impl Strategy<Value = Invitation> {
    let level = select(vec![Level::Interaction, Level::Relationship]);
    let mark = (any::<u8>(), completeness(), instant(), any::<bool>())
        .prop_map(|(attempt, completeness, first_at, late)| AnswerMark { attempt, completeness, first_at, late });
    let who = (invitation_id(), contact_id(), journey(), stage(), event_id(), any::<bool>(), of(branch()));
    let what = (level, zone(), survey_id(), version());
    let rules = (instant(), instant(), span(), send_window(), vec(step(), 0..4), any::<u8>());
    let life = (state(), vec(attempt(), 0..3), of(mark), vec(note(), 0..5));
    (who, what, rules, life).prop_map(|(who, what, rules, life)| {
        let (id, contact, journey, stage, occasion, by_event, branch) = who;
        let (level, zone, survey, version) = what;
        let (planned_at, ask_before, window, send, line_up, priority) = rules;
        let (state, attempts, answer, history) = life;
        Invitation {
            id,
            contact,
            journey,
            stage,
            occasion: occasion.as_str().to_owned(),
            event: by_event.then(|| EventId::parse(occasion.as_str()).unwrap()),
            level,
            branch,
            zone,
            survey,
            version,
            planned_at,
            ask_before,
            window,
            send,
            line_up,
            priority,
            state,
            attempts,
            answer,
            history,
        }
    })
}
