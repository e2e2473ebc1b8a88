//! A second survey, of what the first has no room for: a page must fit the first flight of packets.

use std::borrow::Cow;

use super::{Answer, Answers, Kind, Language, Question, SurveyId, SurveyPage, Trouble, name, options, question, text};
use crate::domain::answer::RowAnswer;
use crate::domain::survey::{NotApplicable, Row, Scale, Survey};

/// Its pages: whole, empty and with something wrong at every question.
pub(super) fn pages(language: &Language) -> Vec<SurveyPage<'static>> {
    let survey = super::speaking(survey(), language);
    let troubles = survey.questions.iter().map(|question| (question.id.clone(), Trouble::Missing)).collect();
    let page = |answers, troubles| SurveyPage {
        version: None,
        survey: Cow::Owned(survey.clone()),
        answers,
        troubles,
        language: language.clone(),
        page: 0,
        place: "Sole Mitte".to_owned(),
        drafts: Vec::new(),
        action: "/s/sample".to_owned(),
        hidden: Vec::new(),
        honeypot: None,
        counts_when_seen: false,
        unsubscribe_url: Some("/u/sample".to_owned()),
    };
    let mut paged = page(answers(), Vec::new());
    paged.survey.to_mut().questions.iter_mut().for_each(|q| q.new_page = matches!(q.id.as_str(), "waiter" | "courses"));
    let second = SurveyPage { page: 1, ..paged };
    vec![page(Answers::new(), Vec::new()), page(answers(), troubles), second]
}

/// Questions of the other kinds, in English and German.
pub(in crate::render) fn survey() -> Survey {
    let effort = Kind::Ces(Scale { worst: 5, best: 1 });
    let again = Question {
        key: true,
        required: true,
        ..question("again", Kind::Thumbs, "Would you come again?", "Würden Sie wiederkommen?")
    };
    let line = Kind::Text { chars_max: 80, lines: 1 };
    let music = Question {
        not_applicable: Some(NotApplicable::UsualWords),
        ..question("music", Kind::Stars(Scale { worst: 1, best: 5 }), "How was the music?", "Wie war die Musik?")
    };
    let rows = [
        ["starter", "The starter", "Die Vorspeise"],
        ["main", "The main course", "Das Hauptgericht"],
        ["wine", "The wine", "Der Wein"],
    ];
    let row = |[id, english, german]: [&str; 3]| Row { id: name(id), text: text(english, german) };
    let rows = rows.map(row).into();
    let courses = Question {
        required: true,
        not_applicable: Some(NotApplicable::Words(text("I had none", "Hatte ich nicht"))),
        ..question(
            "courses",
            Kind::Matrix { scale: Scale { worst: 1, best: 5 }, rows },
            "How was each?",
            "Wie war alles?",
        )
    };
    let mut ways = options(&[["walk", "On foot", "Zu Fuß"], ["other", "In another way", "Anders"]]);
    ways[1].own_words = true;
    let way = Question {
        not_applicable: Some(NotApplicable::Words(text("I was brought", "Ich wurde gebracht"))),
        ..question("way", Kind::Choice(ways), "How did you get here?", "Wie sind Sie hergekommen?")
    };
    Survey {
        id: SurveyId::parse("evening").expect("a valid name"),
        title: text("Your evening", "Ihr Abend"),
        intro: None,
        thanks: Vec::new(),
        link: None,
        questions: vec![
            again,
            question("effort", effort, "How much effort was it to pay?", "Wie aufwendig war das Bezahlen?"),
            question("waiter", line, "Who served you?", "Wer hat Sie bedient?"),
            music,
            way,
            courses,
            question("call", Kind::Consent, "You may write to me about this.", "Sie dürfen mir dazu schreiben."),
        ],
    }
}

fn answers() -> Answers {
    Answers::from([
        (name("again"), Answer::Rating(1)),
        (name("effort"), Answer::Rating(2)),
        (name("waiter"), Answer::Text("\"Ada\" <b>".to_owned())),
        (name("music"), Answer::NotApplicable),
        (name("call"), Answer::Consent(true)),
        (
            name("courses"),
            Answer::Rows([(name("starter"), RowAnswer::NotApplicable), (name("main"), RowAnswer::Rating(4))].into()),
        ),
        (name("way"), Answer::OwnWords { chosen: [name("other")].into(), words: "By \"boat\"".to_owned() }),
    ])
}
