use super::*;
use crate::domain::answer::{Answer, Answers};

pub(crate) fn english(text: &str) -> Text {
    Text::plain(Language::english(), text)
}

pub(crate) fn question(id: &str, kind: Kind) -> Question {
    Question {
        id: QuestionId::parse(id).unwrap(),
        kind,
        key: false,
        required: false,
        new_page: false,
        text: english(id),
        ends: None,
        not_applicable: None,
        ask_if: Vec::new(),
        only_for: Vec::new(),
    }
}

/// Own words in a field of the usual height.
pub(crate) fn words(chars_max: usize) -> Kind {
    Kind::Text { chars_max, lines: TEXT_LINES }
}

/// A key rating of 1 to 5, and a comment that is asked for after at most 3.
pub(crate) fn visit() -> Survey {
    let overall =
        Question { key: true, required: true, ..question("overall", Kind::Csat(Scale { worst: 1, best: 5 })) };
    let ask_if = AskIf { question: overall.id.clone(), at_least: None, at_most: Some(3), any_of: Vec::new() };
    let why = Question { ask_if: vec![ask_if], ..question("why", words(500)) };
    Survey {
        id: SurveyId::parse("visit").unwrap(),
        title: english("Your visit"),
        intro: None,
        thanks: Vec::new(),
        link: None,
        questions: vec![overall, why],
    }
}

#[test]
fn any_change_of_a_survey_is_another_version() {
    let version = visit().version();
    assert_eq!(version, visit().version());
    let mut changed = visit();
    changed.questions[0].kind = Kind::Csat(Scale { worst: 5, best: 1 });
    assert_ne!(version, changed.version());
    let mut changed = visit();
    changed.questions[1].ask_if = Vec::new();
    assert_ne!(version, changed.version());
    let mut changed = visit();
    let again = changed.questions[1].ask_if[0].clone();
    changed.questions[1].ask_if.push(again);
    assert_ne!(version, changed.version());
    let mut changed = visit();
    changed.questions.swap(0, 1);
    assert_ne!(version, changed.version());
    let mut changed = visit();
    changed.title = Text::plain(Language::parse("de").unwrap(), "Your visit");
    assert_ne!(version, changed.version());
    let mut changed = visit();
    changed.questions[1].kind = Kind::Text { chars_max: 500, lines: 1 };
    assert_ne!(version, changed.version());
    let mut changed = visit();
    changed.questions[0].not_applicable = Some(NotApplicable::UsualWords);
    assert_ne!(version, changed.version());
    let mut changed = visit();
    changed.questions[1].new_page = true;
    assert_ne!(version, changed.version());
    let mut matrix = visit();
    matrix.questions[1].kind = Kind::Matrix { scale: Scale { worst: 1, best: 5 }, rows: Vec::new() };
    let mut changed = matrix.clone();
    changed.questions[1].kind = Kind::Matrix { scale: Scale { worst: 5, best: 1 }, rows: Vec::new() };
    assert_ne!(matrix.version(), changed.version());
    let row = Row { id: visit().questions[0].id.clone(), text: english("a") };
    changed.questions[1].kind = Kind::Matrix { scale: Scale { worst: 1, best: 5 }, rows: vec![row] };
    assert_ne!(matrix.version(), changed.version());
    let mut choice = visit();
    let option = |own_words| Choice { id: visit().questions[0].id.clone(), text: english("a"), own_words };
    choice.questions[1].kind = Kind::Choice(vec![option(false)]);
    let mut changed = choice.clone();
    changed.questions[1].kind = Kind::Choice(vec![option(true)]);
    assert_ne!(choice.version(), changed.version());
}

#[test]
fn thanks_go_by_the_rating_of_the_key_question() {
    let mut survey = visit();
    let version = survey.version();
    let thanks = |at_most, text| Thanks { at_most, text: english(text) };
    survey.thanks = vec![thanks(Some(2), "sorry"), thanks(Some(3), "hm"), thanks(None, "lovely")];
    assert_ne!(version, survey.version());
    let mut changed = survey.clone();
    changed.thanks[0].at_most = Some(1);
    assert_ne!(survey.version(), changed.version());
    changed.thanks = Vec::new();
    changed.link = Some(Link { url: "https://sole.example".to_owned(), text: english("Book") });
    let linked = changed.version();
    assert_ne!(version, linked);
    changed.link = Some(Link { url: "https://sole.example/table".to_owned(), text: english("Book") });
    assert_ne!(linked, changed.version());
    let said = |answer: Option<Answer>| {
        let answers = answer.map(|answer| (survey.questions[0].id.clone(), answer)).into_iter().collect();
        survey.thanks_for(&answers).map(|text| text.in_language(&Language::english()).to_owned()).unwrap_or_default()
    };
    for (point, expected) in [(1, "sorry"), (2, "sorry"), (3, "hm"), (4, "lovely"), (5, "lovely")] {
        assert_eq!(said(Some(Answer::Rating(point))), expected);
    }
    assert_eq!((said(None), said(Some(Answer::NotApplicable))), ("lovely".to_owned(), "lovely".to_owned()));
    assert_eq!(visit().thanks_for(&Answers::new()), None);
}

#[test]
fn a_reversed_scale_contains_the_same_points() {
    let scale = Scale { worst: 5, best: 1 };
    assert!(scale.contains(1) && scale.contains(5) && !scale.contains(0) && !scale.contains(6));
    assert_eq!(scale.points().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}
