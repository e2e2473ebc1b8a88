//! A small store with a record of each kind, as each layout of the store had it.
//!
//! `tests/fixtures/store-v1/pairs.txt` is what the program wrote when that layout was made: a line for each pair, the
//! key and the value in hexadecimal. It never changes. A change of a stored form is a new version with a new type, and
//! what is in the file must be readable all the same; a new layout brings a new folder beside it, and the newest is what
//! the program of today writes.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;

use super::texts::message;
use super::unit::Unit;
use super::world::{accepted, contact_id, days, event, form, guest, hours, noon, refused, unknown};
use crate::domain::answer::{Answer, Completeness, RowAnswer};
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::contact::Consent;
use crate::domain::contact_change::ContactChange;
use crate::domain::event::{Event, Value};
use crate::domain::id::{BranchId, JourneyId, QuestionId, ResponseId, StageId, SurveyId, TouchpointId};
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::language::{Language, Text};
use crate::domain::place::Surface;
use crate::domain::response::{Flag, SurfaceId};
use crate::domain::route::Route;
use crate::domain::seal::Seal;
use crate::domain::survey::tests::{english, question, visit, words};
use crate::domain::survey::{Choice, Kind, Link, NotApplicable, Question, Row, Scale, Survey, Thanks};
use crate::domain::tap::{Sign, Tap};
use crate::report::tally::{SurfaceCell, SurfaceTally};
use crate::store::keys::kind;
use crate::store::memory::Map;
use crate::store::migrate;
use crate::store::record;
use crate::store::view::{Pair, View};
use crate::store::work::{answers, cards, contacts, tallies, taps, texts, tolls};
use crate::store::{Extent, InvitationAnswer, Refusal, SurfaceAnswer, Way, keys};

/// The layouts, oldest first.
const STORED: [&str; 2] = [
    include_str!("../../../tests/fixtures/store-v1/pairs.txt"),
    include_str!("../../../tests/fixtures/store-v2/pairs.txt"),
];

/// The pairs that each layout stored, oldest first.
pub(in crate::store) fn stored() -> [Vec<Pair>; STORED.len()] {
    let read = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
    let pair = |line: &str| line.split_once(' ').map(|(key, value)| (read(key), read(value))).unwrap();
    STORED.map(|layout| layout.lines().map(pair).collect())
}

/// The same store, written by the program of today, in the form of the file.
fn written_today() -> String {
    let empty = Map(BTreeMap::new());
    let mut view = View::of(&empty);
    view.put(keys::SECRET.to_vec(), super::SECRET.to_vec());
    migrate::begin(&mut view, migrate::STEPS).unwrap();
    keep_surveys(&mut view);
    invite(&mut view);
    stand_cards_up(&mut view);
    let key = keys::fire(&JourneyId::parse("dine-in").unwrap(), &StageId::parse("loyalty").unwrap());
    view.put(key, noon().timestamp_micros().to_be_bytes().to_vec());
    tolls::report(&mut view, &Route::Account, |state| state.failed(noon(), None)).unwrap();
    let line = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| {
        let value = value.as_ref()?;
        Some(format!("{} {}\n", HEXLOWER.encode(key), HEXLOWER.encode(value)))
    };
    view.into_changes().iter().filter_map(line).collect()
}

/// A survey with a question of each kind.
fn many_questions() -> Survey {
    let choice = |id: &str| Choice { id: QuestionId::parse(id).unwrap(), text: english(id), own_words: false };
    let row = |id: &str| Row { id: QuestionId::parse(id).unwrap(), text: english(id) };
    let scale = Scale { worst: 1, best: 7 };
    let kinds = [
        ("nps", Kind::Nps),
        ("csat", Kind::Csat(scale)),
        ("ces", Kind::Ces(Scale { worst: 7, best: 1 })),
        ("smiley", Kind::Smiley(scale)),
        ("stars", Kind::Stars(scale)),
        ("choice", Kind::Choice(vec![choice("a"), choice("b")])),
        ("multi", Kind::Multi(vec![choice("c")])),
        ("text", words(2_000)),
        ("reason", Kind::Multi(vec![choice("a"), Choice { own_words: true, ..choice("e") }])),
        ("line", Kind::Text { chars_max: 80, lines: 1 }),
        ("thumbs", Kind::Thumbs),
        ("consent", Kind::Consent),
        ("matrix", Kind::Matrix { scale, rows: ["r", "s"].map(row).into() }),
    ];
    let mut questions: Vec<Question> = kinds.into_iter().map(|(id, kind)| question(id, kind)).collect();
    questions[0].ends = Some((english("Not at all"), english("Very")));
    questions[1].new_page = true;
    questions[1].not_applicable = Some(NotApplicable::Words(english("I do not know")));
    questions[2].not_applicable = Some(NotApplicable::UsualWords);
    let title = BTreeMap::from(
        [("de", "Fragen"), ("en", "Questions")]
            .map(|(language, text)| (Language::parse(language).unwrap(), text.to_owned())),
    );
    Survey {
        id: SurveyId::parse("many").unwrap(),
        title: Text::of(title).unwrap(),
        intro: Some(english("Some questions")),
        thanks: vec![
            Thanks { at_most: Some(3), text: english("We are sorry") },
            Thanks { at_most: None, text: english("Thank you") },
        ],
        link: Some(Link { url: "https://sole.example/".to_owned(), text: english("Book a table") }),
        questions,
    }
}

fn keep_surveys(view: &mut View<'_>) {
    answers::keep_surveys(view, &[visit(), many_questions()]).unwrap();
}

/// Invitations in every state, and what came of them.
fn invite(view: &mut View<'_>) {
    let full = ContactChange {
        name: Some("Ada Lovelace".to_owned()),
        locale: Some(Language::parse("de-AT").unwrap()),
        time_zone: Some(chrono_tz::Europe::Vienna),
        branch: Some(BranchId::parse("mitte").unwrap()),
        consent_email: Some(Consent::Granted),
        attributes: BTreeMap::from([("tier".to_owned(), "gold".to_owned())]),
        ..guest("ada")
    };
    contacts::put(view, &Seal::new(&super::SECRET), vec![full]).unwrap();
    let data = [("covers", Value::Number(2.0)), ("kind", Value::Text("dinner".to_owned())), ("vip", Value::Flag(true))];
    let data = data.map(|(name, value)| (name.to_owned(), value)).into();
    let told = Event { data, ..event("visit", &contact_id("ada"), "e-1", noon()) };
    let mut unit = Unit::new(view);
    let answered = unit.invite(&told);
    let refusing = unit.invite(&event("renewal", &contact_id("bob"), "e-2", noon()));
    unit.invite(&event("delivery", &contact_id("cyd"), "e-3", noon()));
    unit.limit();
    unit.send_together([(Email, accepted()), (Email, accepted()), (Sms, unknown())]);
    unit.invite(&event("visit", &contact_id("dan"), "e-4", noon()));
    unit.send(Email, refused(true));
    unit.cap();
    unit.invite(&event("visit", &contact_id("eve"), "e-5", noon()));
    unit.lease(Email);
    unit.invite(&event("visit", &contact_id("fay"), "e-6", noon() + days(1)));
    let seal = unit.seal();
    let tap = Tap { attempt: 1, point: Some(2), signs: Sign::ALL.into(), at: noon() + hours(1) };
    taps::keep(view, answered, tap).unwrap();
    let answer = InvitationAnswer {
        invitation: answered,
        attempt: 1,
        way: Way::Link,
        language: Language::english(),
        reading: form(Some(2), Completeness::Complete),
        now: noon() + hours(1),
    };
    answers::answer_invitation(view, &seal, answer).unwrap();
    let phone = guest("cyd").phone.unwrap();
    let from = seal.address_mark(Sms, phone.as_str());
    texts::hear(view, &seal, &message(from, 1, "7", noon() + hours(2))).unwrap();
    let no = Refusal {
        invitation: refusing,
        attempt: 1,
        extent: Extent::Everything,
        source: "survey link".to_owned(),
        now: noon() + hours(2),
    };
    answers::refuse(view, &seal, &no).unwrap();
    // Of somebody who said no, nobody is asked again: skipped, and recorded with the reason.
    Unit::new(view).invite(&event("visit", &contact_id("bob"), "e-7", noon() + hours(3)));
}

fn stand_cards_up(view: &mut View<'_>) {
    let branch = BranchId::parse("mitte").unwrap();
    let touchpoint = TouchpointId::parse("table-01").unwrap();
    let card = |serial: u32| Card {
        id: Seal::new(&super::SECRET).card_id(CardCode::from_random_bits(serial.into())),
        code: CardCode::from_random_bits(serial.into()),
        branch: branch.clone(),
        touchpoint: touchpoint.clone(),
        survey: many_questions().id,
        print_run: "spring".to_owned(),
        serial,
        made_at: noon(),
        revoked_at: None,
    };
    cards::issue(view, &[card(1), card(2)]).unwrap();
    cards::revoke(view, card(2).code, noon() + hours(1)).unwrap();
    let cell = SurfaceCell {
        day: noon().date_naive(),
        branch: branch.clone(),
        touchpoint: touchpoint.clone(),
        surface: Surface::Card,
    };
    tallies::add_surface(view, &cell, SurfaceTally { sessions: 3, ..SurfaceTally::default() }).unwrap();
    let option = |id: &str| QuestionId::parse(id).unwrap();
    let mut reading = form(None, Completeness::Complete);
    reading.answers = BTreeMap::from([
        (option("nps"), Answer::Rating(9)),
        (option("choice"), Answer::Choice(option("a"))),
        (option("multi"), Answer::Choices(BTreeSet::from([option("c")]))),
        (option("text"), Answer::Text("Grüße".to_owned())),
        (option("thumbs"), Answer::NotApplicable),
        (option("consent"), Answer::Consent(true)),
        (
            option("matrix"),
            Answer::Rows([(option("r"), RowAnswer::Rating(7)), (option("s"), RowAnswer::NotApplicable)].into()),
        ),
        (option("reason"), Answer::OwnWords { chosen: [option("a"), option("e")].into(), words: "Lärm".to_owned() }),
    ]);
    let answer = SurfaceAnswer {
        id: ResponseId::from_bytes([9; 16]),
        from: SurfaceId::Card(card(1).id),
        branch: card(1).branch,
        touchpoint,
        survey: many_questions().id,
        version: many_questions().version(),
        language: Language::parse("de").unwrap(),
        reading,
        flags: Flag::ALL.into(),
        now: noon(),
        zone: chrono_tz::Europe::Berlin,
    };
    answers::answer_surface(view, answer).unwrap();
}

#[test]
fn the_stored_forms_of_the_newest_layout_have_not_changed() {
    let (today, newest) = (written_today(), STORED[STORED.len() - 1]);
    assert!(
        today == newest,
        "a stored form is other than it was: make it a new version with a type of its own. Today it is\n{today}"
    );
}

#[test]
fn a_survey_from_before_keeps_the_version_that_it_was_stored_under() {
    for layout in stored() {
        let surveys: Vec<_> = layout.iter().filter(|(key, _)| key[0] == kind::SURVEY).collect();
        assert!(!surveys.is_empty());
        for (key, value) in surveys {
            assert_eq!(keys::survey(record::survey::read(value).unwrap().version()), *key);
        }
    }
}

#[test]
fn the_newest_layout_has_a_record_of_each_kind() {
    let kinds: BTreeSet<u8> = stored().last().unwrap().iter().map(|(key, _)| key[0]).collect();
    let all = [
        kind::ADDRESS,
        kind::BRANCH_DAY,
        kind::CARD,
        kind::CONTACT,
        kind::CONVERSATION,
        kind::DUE,
        kind::EVENT,
        kind::FIRE,
        kind::GATEWAY_DAY,
        kind::INVITATION,
        kind::LEASE,
        kind::META,
        kind::RESPONSE,
        kind::ROUTE,
        kind::SUPPRESSED,
        kind::SURFACE,
        kind::SURVEY,
        kind::TALLY,
        kind::TAPS,
        kind::UNKNOWN,
    ];
    assert_eq!(kinds, BTreeSet::from(all));
    assert_eq!(kinds.len(), all.len(), "two kinds begin with the same byte");
}
