//! What every language of the interface promises, whoever reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::once;

use super::messages::segments;
use super::*;
use crate::domain::answer::{NO, Trouble, YES};
use crate::domain::id::{QuestionId, SurveyId};
use crate::domain::journey::StepKind;
use crate::domain::language::Text;
use crate::domain::survey::{AskIf, Kind, NotApplicable, Question, Scale, Survey, TEXT_LINES};
use crate::domain::text_answer::{Said, said};
use crate::domain::text_words::{Keyword, TextWords};

/// "How was your visit?" in each language.
const VISIT: [(&str, &str); 12] = [
    ("en", "How was your visit?"),
    ("ar", "كيف كانت زيارتكم؟"),
    ("de", "Wie war Ihr Besuch?"),
    ("es", "¿Cómo fue su visita?"),
    ("fr", "Comment s’est passée votre visite\u{a0}?"),
    ("it", "Com’è andata la Sua visita?"),
    ("ja", "ご来店はいかがでしたか？"),
    ("nl", "Hoe was uw bezoek?"),
    ("pl", "Jak udała się Państwa wizyta?"),
    ("pt", "Como correu a sua visita?"),
    ("tr", "Ziyaretiniz nasıldı?"),
    ("zh", "您这次到店感受如何？"),
];
/// Languages whose letters are all in the alphabet of text messages, or nearly.
const CHEAP: [&str; 9] = ["en", "de", "es", "fr", "it", "nl", "pl", "pt", "tr"];
/// Words that no other language has.
const ENGLISH_WORDS: [&str; 14] = [
    "the",
    "you",
    "your",
    "please",
    "answer",
    "answers",
    "survey",
    "surveys",
    "this",
    "with",
    "questions",
    "reply",
    "reminder",
    "not",
];

/// Every word of a language by its key.
fn words_of(tag: &str) -> BTreeMap<String, String> {
    let (_, _, content) = built_in::LANGUAGES.into_iter().find(|(known, _, _)| *known == tag).unwrap();
    let mut words = BTreeMap::new();
    flatten("", &content.parse::<toml::Table>().unwrap().into(), &mut words);
    words
}

fn flatten(key: &str, value: &toml::Value, words: &mut BTreeMap<String, String>) {
    if let Some(table) = value.as_table() {
        table.iter().for_each(|(name, value)| flatten(&format!("{key}.{name}"), value, words));
    } else if let Some(list) = value.as_array() {
        list.iter().enumerate().for_each(|(place, value)| flatten(&format!("{key}[{place}]"), value, words));
    } else {
        words.insert(key.to_owned(), value.as_str().unwrap().to_owned());
    }
}

fn gaps(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect()
}

#[test]
fn every_language_has_every_word_with_the_same_gaps() {
    let english = words_of("en");
    for (tag, _, _) in built_in::LANGUAGES {
        let words = words_of(tag);
        assert_eq!(words.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{tag}");
        for (key, word) in &words {
            assert_eq!(gaps(word), gaps(&english[key]), "{key} in {tag}: {word}");
            // A word of one language may need room on one side, such as the comma; no other does.
            assert!(key == ".comma" || (word.trim() == word && !word.is_empty()), "{key} in {tag}: {word:?}");
            assert!(!word.contains("  ") && !word.contains('\n'), "{key} in {tag}: {word:?}");
        }
    }
}

#[test]
fn nothing_is_left_in_english() {
    let english = words_of("en");
    for (tag, _, _) in built_in::LANGUAGES.into_iter().filter(|(tag, _, _)| *tag != "en") {
        for (key, word) in words_of(tag) {
            // `{point} = {meaning}` has no word in it, and some months are called the same.
            let has_no_word = [".scale.end", ".comma", ".date"].contains(&&*key) || key.starts_with(".months");
            let is_the_same_word = (tag, &*key) == ("es", ".survey.error_title");
            assert!(has_no_word || is_the_same_word || word != english[&key], "{key} in {tag}: {word}");
            let lower = word.to_lowercase();
            let without_gaps = lower.split('{').map(|text| text.split_once('}').map_or(text, |(_, text)| text));
            let mut parts = without_gaps.flat_map(|text| text.split(|c: char| !c.is_alphabetic()));
            assert_eq!(parts.find(|part| ENGLISH_WORDS.contains(part)), None, "{key} in {tag}: {word}");
        }
    }
}

#[test]
fn every_language_is_called_what_its_speakers_call_it() {
    let templates = Templates::built_in();
    let names = all().map(|language| templates.language_name(&language).to_owned());
    let expected = [
        "English",
        "العربية",
        "Deutsch",
        "Español",
        "Français",
        "Italiano",
        "日本語",
        "Nederlands",
        "Polski",
        "Português",
        "Türkçe",
        "中文",
    ];
    assert_eq!(names, expected);
}

/// The parts of a text between blanks, punctuation and changes of script: `退订回复TD` has two.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_ascii = None;
    for c in text.chars() {
        let is_ascii = c.is_alphanumeric().then_some(c.is_ascii());
        if is_ascii != was_ascii && (is_ascii.is_none() || was_ascii.is_none() || !"ÜÖÄüöä".contains(c)) {
            parts.push(String::new());
        }
        was_ascii = is_ascii;
        parts.last_mut().unwrap().push(c);
    }
    parts
}

#[test]
fn what_a_text_message_tells_to_reply_is_heard() {
    let heard = TextWords::default();
    let consent = Question { kind: Kind::Consent, ..question("call", "en") };
    for (tag, _, _) in built_in::LANGUAGES {
        let words = words_of(tag);
        let says = |key: &str, keyword| {
            let text = &words[&format!(".sms.{key}")];
            assert!(parts(text).iter().any(|part| heard.read(part) == Some(keyword)), "{key} in {tag}: {text}");
        };
        says("stop_reply", Keyword::Stop);
        says("stopped", Keyword::Start);
        says("started", Keyword::Stop);
        says("help", Keyword::Stop);
        let yes_no = &words[".sms.how_yes_no"];
        for meant in [YES, NO] {
            let is_meant = |part: &String| match said(&consent, part) {
                Said::Answer { values, .. } => values == [meant],
                Said::OffScale | Said::Words => false,
            };
            assert!(parts(yes_no).iter().any(is_meant), "{meant} in {tag}: {yes_no}");
        }
        assert!(words[".sms.how_not_applicable"].contains("N/A"), "{tag}");
    }
}

#[test]
fn notices_take_one_segment_and_two_where_letters_take_twice_the_room() {
    let templates = Templates::built_in();
    for language in all() {
        let is_cheap = CHEAP.contains(&language.as_str());
        for sample in NoticeContext::samples(&language) {
            let text = sample.render(&templates).unwrap();
            let (n_segments, foreign) = segments(&text);
            assert!(n_segments <= if is_cheap { 1 } else { 2 }, "{text}");
            // Thanks cannot be said without these letters, and are short.
            let may_be = !is_cheap || matches!(sample.kind, NoticeKind::Thanks { .. });
            assert!(foreign.is_empty() || may_be, "{foreign:?} in {text}");
        }
    }
}

#[test]
fn an_invitation_takes_no_more_for_the_words_of_the_interface() {
    let templates = Templates::built_in();
    for tag in CHEAP {
        for sample in SmsContext::samples(&language(tag)) {
            let sms = SmsContext { question: "Qui?".to_owned(), ..sample };
            let text = sms.render(&templates).unwrap();
            assert_eq!(segments(&text), (1, Vec::new()), "{text}");
        }
    }
}

fn text(tag: &str) -> Text {
    let (_, text) = VISIT.into_iter().find(|(known, _)| *known == tag).unwrap();
    Text::plain(language(tag), text)
}

fn question(id: &str, tag: &str) -> Question {
    Question {
        id: QuestionId::parse(id).unwrap(),
        kind: Kind::Smiley(Scale { worst: 1, best: 5 }),
        key: false,
        required: false,
        new_page: false,
        text: text(tag),
        ends: None,
        not_applicable: None,
        ask_if: Vec::new(),
        only_for: Vec::new(),
    }
}

/// A survey in one language that needs most of the interface's words.
fn visit(tag: &str) -> Survey {
    let name = |id: &str| QuestionId::parse(id).unwrap();
    let after = |id: &str, at_most| AskIf { question: name(id), at_least: None, at_most, any_of: Vec::new() };
    let overall = Question { key: true, required: true, ..question("overall", tag) };
    let nps =
        Question { kind: Kind::Nps, not_applicable: Some(NotApplicable::UsualWords), ..question("recommend", tag) };
    let why = Question {
        kind: Kind::Text { chars_max: 500, lines: TEXT_LINES },
        ask_if: vec![after("overall", Some(2)), after("recommend", None)],
        ..question("why", tag)
    };
    Survey {
        id: SurveyId::parse("visit").unwrap(),
        title: text(tag),
        intro: None,
        thanks: Vec::new(),
        link: None,
        questions: vec![overall, nps, why],
    }
}

#[test]
fn a_page_a_mail_and_text_messages_read_well_in_every_language() {
    let templates = Templates::built_in();
    for language in all() {
        let survey = visit(language.as_str());
        let blank = SurveyPage::blank(&survey, language.clone(), "/s/sample");
        let troubles = survey.questions.iter().map(|question| (question.id.clone(), Trouble::Missing)).collect();
        let page = SurveyPage { troubles, place: "Sole Mitte".to_owned(), ..blank };
        let html = page.render(&templates).unwrap().html;
        let main = html.split_once("<body>").unwrap().1;
        insta::assert_snapshot!(format!("page_{language}"), format!("{}{main}", html.split_once("<head>").unwrap().0));

        let asked = templates.asked(&survey, &language, "https://s.sole.example/s/sample").unwrap();
        let question = asked.question.clone();
        let sample = MailContext::samples(&language).remove(0);
        let why = sample.why.clone();
        let mail = MailContext { asked, kind: StepKind::Reminder, why, ..sample }.render(&templates).unwrap();
        insta::assert_snapshot!(format!("mail_{language}"), format!("Subject: {}\n\n{}", mail.subject, mail.text));

        let scale = Some(Scale { worst: 1, best: 5 });
        let invitation = SmsContext {
            question,
            reply: scale,
            url: "https://s.sole.example/s/sample".to_owned(),
            ..SmsContext::samples(&language).remove(0)
        };
        let next = |question: &Question, again| QuestionContext {
            language: language.clone(),
            question: question.clone(),
            again,
        };
        let questions = survey.questions.iter().flat_map(|question| [next(question, false), next(question, true)]);
        let notices = NoticeContext::samples(&language).into_iter().map(|notice| notice.render(&templates));
        let texts = once(invitation.render(&templates)).chain(notices).chain(questions.map(|q| q.render(&templates)));
        let texts = texts.map(|text| text.map(|text| format!("{} {text}", segments(&text).0)));
        insta::assert_snapshot!(format!("text_{language}"), texts.collect::<Result<Vec<_>, _>>().unwrap().join("\n"));
    }
}
