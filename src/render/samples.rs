//! Samples of what templates are given: every branch, in every language.
//!
//! They are checked before the first real message leaves, so they hold what real data holds on a bad day: no name, a long
//! question, every kind of question on one page.

mod further;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;

use super::asked::{Asked, RatingLink};
use super::mail::{MailContext, Why};
use super::sms::{SmsContext, Stop};
use super::survey_page::SurveyPage;
use crate::domain::answer::{Answer, Answers, Trouble};
use crate::domain::id::{QuestionId, SurveyId};
use crate::domain::journey::StepKind;
use crate::domain::language::{Language, Text};
use crate::domain::survey::{AskIf, Choice, Kind, Question, Scale, Survey, TEXT_LINES};

/// A link as long as they get: sixty characters.
pub(super) const SURVEY_URL: &str = "https://s.sole.example/s/01jq8zv6y4m3k7t2w9x5b0n1c6d8e-a1b2";
const UNSUBSCRIBE_URL: &str = "https://s.sole.example/u/01jq8zv6y4m3k7t2w9x5b0n1c6d8e-a1b2";
const SHORT_STOP_URL: &str = "https://s.sole.example/u/4k7t2";

/// Mails: first and reminder, with and without a name, with numbers, faces and no rating at all.
pub(super) fn mails(language: &Language) -> Vec<MailContext> {
    let mail = |kind, asked, contact_name: &str, why| MailContext {
        language: language.clone(),
        kind,
        asked,
        business: "Trattoria Sole".to_owned(),
        contact_name: contact_name.to_owned(),
        why,
        unsubscribe_url: UNSUBSCRIBE_URL.to_owned(),
        trap_url: Some(format!("{SURVEY_URL}?.t")),
        postal_address: "Trattoria Sole, Invalidenstr. 1, 10115 Berlin".to_owned(),
    };
    let asked = |question: &Text, points, faces, ends| asked(language, question, points, faces, ends);
    let (visit, recommend) = (text("How was your visit?", "Wie war Ihr Besuch?"), recommend());
    let five = [text("1 = Very bad", "1 = Sehr schlecht"), text("5 = Very good", "5 = Sehr gut")];
    let eleven = [text("0 = Unlikely", "0 = Unwahrscheinlich"), text("10 = Likely", "10 = Wahrscheinlich")];
    let on = NaiveDate::from_ymd_opt(2026, 3, 6).unwrap_or_default();
    let contact = Why::Contact { place: "Sole Mitte".to_owned(), on };
    let why = text("You ordered with us on Friday.", "Sie haben am Freitag bei uns bestellt.");
    let why = Why::Sentence(why.in_language(language).to_owned());
    vec![
        mail(StepKind::Initial, asked(&visit, 1..6, &[], Some(&five)), "Anna Gast", contact),
        mail(StepKind::Reminder, asked(&recommend, 0..11, &[], Some(&eleven)), "", Why::Customer),
        mail(StepKind::Fallback, asked(&visit, 1..4, &["😞", "😐", "😊"], None), "Anna Gast", why),
        mail(StepKind::Initial, asked(&visit, 0..0, &[], None), "", Why::Customer),
    ]
}

fn asked(
    language: &Language,
    question: &Text,
    points: Range<usize>,
    faces: &[&'static str],
    ends: Option<&[Text; 2]>,
) -> Asked {
    let rating = |(place, point)| RatingLink {
        label: format!("{point}"),
        face: faces.get(place).copied(),
        url: format!("{SURVEY_URL}?overall={point}"),
    };
    Asked {
        title: text("Your visit", "Ihr Besuch").in_language(language).to_owned(),
        intro: None,
        question: question.in_language(language).to_owned(),
        ratings: points.enumerate().map(rating).map(Arc::new).collect(),
        ends: ends.map(|ends| ends.each_ref().map(|end| end.in_language(language).to_owned())),
        url: SURVEY_URL.to_owned(),
    }
}

/// Text messages: stopped by a reply and by a link, answered by a link and by a reply.
pub(super) fn texts(language: &Language) -> Vec<SmsContext> {
    let sms = |question: Text, reply, stop| SmsContext {
        language: language.clone(),
        business: "Trattoria Sole".to_owned(),
        question: question.in_language(language).to_owned(),
        url: SURVEY_URL.to_owned(),
        reply,
        stop,
    };
    let visit = text("How was your visit?", "Wie war Ihr Besuch?");
    let five = Some(Scale { worst: 1, best: 5 });
    let link = Stop::Link(SHORT_STOP_URL.to_owned());
    vec![sms(recommend(), None, Stop::Reply), sms(visit.clone(), five, Stop::Reply), sms(visit, None, link)]
}

fn recommend() -> Text {
    text(
        "How likely are you to recommend us to a friend or colleague?",
        "Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?",
    )
}

/// Survey pages: empty, with a rating marked, and with something wrong at every question.
pub(super) fn survey_pages(language: &Language) -> Vec<SurveyPage<'static>> {
    let survey = speaking(every_kind(), language);
    let page = |answers, troubles| SurveyPage {
        version: None,
        survey: Cow::Owned(survey.clone()),
        language: language.clone(),
        page: 0,
        place: "Sole Mitte".to_owned(),
        answers,
        drafts: Vec::new(),
        troubles,
        action: "/s/sample".to_owned(),
        hidden: vec![("made".to_owned(), "1772791200".to_owned())],
        honeypot: Some(".website".to_owned()),
        counts_when_seen: true,
        unsubscribe_url: Some("/u/sample".to_owned()),
    };
    let marked = Answers::from([(name("overall"), Answer::Rating(4))]);
    let troubles = [Trouble::Missing, Trouble::NotAnOption, Trouble::TooLong { chars_max: 500 }].into_iter().cycle();
    let troubles = survey.questions.iter().map(|question| question.id.clone()).zip(troubles).collect();
    let mut pages = vec![page(Answers::new(), Vec::new()), page(marked, Vec::new()), page(every_answer(), troubles)];
    pages.extend(further::pages(language));
    pages
}

/// The survey in a language that the page then stands in: its own texts are in English there, the interface's are not.
fn speaking(mut survey: Survey, language: &Language) -> Survey {
    if !survey.title.speaks(language) {
        let own = survey.title.in_language(language).to_owned();
        let others = survey.title.translations().map(|(language, text)| (language.clone(), text.to_owned()));
        survey.title = Text::of(others.chain([(language.clone(), own)]).collect()).expect("three languages");
    }
    survey
}

/// A survey with ten questions of every kind, in English and German.
pub(super) fn every_kind() -> Survey {
    let five = Scale { worst: 1, best: 5 };
    let overall = Question {
        key: true,
        required: true,
        ends: Some((text("Very bad", "Sehr schlecht"), text("Very good", "Sehr gut"))),
        ..question("overall", Kind::Csat(five), "How was your visit?", "Wie war Ihr Besuch?")
    };
    let why = question("why", words(500), "What went wrong?", "Was lief schief?");
    let why = Question { ask_if: vec![ask_if("overall", Some(3), &[])], ..why };
    let nps = Question { text: recommend(), required: true, ..question("recommend", Kind::Nps, "", "") };
    let which =
        question("which", Kind::Choice(options(&DISHES)), "Which dish do you mean?", "Welches Gericht meinen Sie?");
    let which = Question { ask_if: vec![ask_if("better", None, &["food"])], ..which };
    let reversed = Scale { worst: 5, best: 1 };
    let ces = Kind::Ces(Scale { worst: 1, best: 7 });
    Survey {
        id: SurveyId::parse("visit").expect("a valid name"),
        title: text("Your visit", "Ihr Besuch"),
        intro: Some(text("Ten short questions, and thank you.", "Zehn kurze Fragen, und vielen Dank.")),
        thanks: Vec::new(),
        link: None,
        questions: vec![
            overall,
            why,
            nps,
            question("staff", Kind::Smiley(five), "And our team?", "Und unser Team?"),
            question("food", Kind::Stars(five), "How many stars for the food?", "Wie viele Sterne für das Essen?"),
            question("booking", ces, "How easy was it to book?", "Wie einfach war die Reservierung?"),
            question("grade", Kind::Csat(reversed), "Which school grade?", "Welche Schulnote?"),
            question("better", Kind::Multi(options(&PARTS)), "What can be better?", "Was kann besser werden?"),
            which,
            question("more", words(2_000), "Anything else?", "Sonst noch etwas?"),
        ],
    }
}

const PARTS: [[&str; 3]; 4] = [
    ["food", "Food and drinks", "Essen und Trinken"],
    ["service", "Service", "Bedienung"],
    ["wait", "Waiting time", "Wartezeit"],
    ["price", "Prices", "Preise"],
];
const DISHES: [[&str; 3]; 3] =
    [["pasta", "Pasta", "Pasta"], ["pizza", "Pizza", "Pizza"], ["dolce", "Dessert", "Nachtisch"]];

fn every_answer() -> Answers {
    Answers::from([
        (name("overall"), Answer::Rating(2)),
        (name("why"), Answer::Text("<b>\"cold\"</b> & {{ late }}".to_owned())),
        (name("recommend"), Answer::Rating(10)),
        (name("staff"), Answer::Rating(5)),
        (name("food"), Answer::Rating(4)),
        (name("better"), Answer::Choices(BTreeSet::from([name("food"), name("price")]))),
        (name("which"), Answer::Choice(name("pizza"))),
    ])
}

fn options(options: &[[&str; 3]]) -> Vec<Choice> {
    options
        .iter()
        .map(|[id, english, german]| Choice { id: name(id), text: text(english, german), own_words: false })
        .collect()
}

fn question(id: &str, kind: Kind, english: &str, german: &str) -> Question {
    let text = text(english, german);
    Question {
        id: name(id),
        kind,
        key: false,
        required: false,
        new_page: false,
        text,
        ends: None,
        not_applicable: None,
        ask_if: Vec::new(),
        only_for: Vec::new(),
    }
}

/// Own words in a field of the usual height.
fn words(chars_max: usize) -> Kind {
    Kind::Text { chars_max, lines: TEXT_LINES }
}

fn ask_if(question: &str, at_most: Option<i32>, any_of: &[&str]) -> AskIf {
    AskIf { question: name(question), at_least: None, at_most, any_of: any_of.iter().map(|id| name(id)).collect() }
}

fn name(id: &str) -> QuestionId {
    QuestionId::parse(id).expect("a valid name")
}

fn text(english: &str, german: &str) -> Text {
    let german = Language::parse("de").map(|language| (language, german.to_owned())).ok();
    let english = (Language::english(), english.to_owned());
    Text::of(std::iter::once(english).chain(german).collect()).expect("two languages")
}
