//! `surveys/*.toml`: one survey a file.

use std::collections::BTreeSet;

use crate::domain::id::{QuestionId, SurveyId};
use crate::domain::language::Text;
use crate::domain::survey::{Link, QUESTIONS_MAX, Question, Survey, Thanks};
use crate::domain::text_turn::ByText;

use super::node::Node;
use super::problem::Spot;
use super::questions::{self, Earlier};
use super::reader::{Field, Reader};
use super::references::Ledger;
use super::thanks;
use super::values;
use super::words::Words;

/// Reads a file, and how much of its survey is asked by text message. `None` when something in it is so wrong that there is no
/// survey left.
pub(super) fn read(root: &Node, ledger: &Ledger<'_>) -> Option<(Survey, ByText)> {
    let mut root = Reader::root(root, ledger.problems)?;
    root.require("survey");
    let mut words = ledger.words();
    let head = root.table("survey").map(|head| read_head(head, ledger, &mut words));
    if !root.has("question") {
        root.wrong::<()>("question", "this survey asks nothing; add a [[question]]");
    }
    let own_spot = root.spot("survey");
    let questions = root.field("question", |field| read_questions(field, &words, ledger));
    root.finish("a survey file");
    let Head { id, title, intro, thanks, thanks_spot, link, by_sms } = head??;
    let survey = Survey { id, title, intro, thanks, link, questions: questions? };
    check_key_questions(&survey, &own_spot, ledger);
    thanks::check(&survey, &thanks_spot, ledger);
    Some((survey, by_sms))
}

/// What stands in `[survey]`.
struct Head {
    id: SurveyId,
    title: Text,
    intro: Option<Text>,
    thanks: Vec<Thanks>,
    thanks_spot: Spot,
    link: Option<Link>,
    by_sms: ByText,
}

/// Reads the head, and from its title the languages that everything else must be written in.
fn read_head(mut head: Reader<'_>, ledger: &Ledger<'_>, words: &mut Words) -> Option<Head> {
    let id = head.required("id", values::parsed(SurveyId::parse));
    if let Some(id) = &id {
        ledger.declare("survey", id.as_str(), head.spot("id"));
    }
    head.require("title");
    let title = head.field("title", |field| words.text_of_occasion(field));
    if let Some(title) = &title {
        *words = words.like(title);
    }
    let intro = head.field("intro", |field| words.text_of_occasion(field));
    let thanks_spot = head.spot("thanks");
    let thanks = head.field("thanks", |field| thanks::thanks(field, words)).unwrap_or_default();
    let link = head.field("link", |field| thanks::link(field, words));
    // It says how the survey is asked, not what: no part of its content, and so of its version.
    let words = [("key", ByText::Key), ("all", ByText::All)];
    let by_sms = head.or("by_sms", ByText::Key, values::one_of("how much is asked by text message", &words));
    head.finish("[survey]");
    Some(Head { id: id?, title: title?, intro, thanks, thanks_spot, link, by_sms })
}

fn read_questions(field: Field<'_, '_>, words: &Words, ledger: &Ledger<'_>) -> Option<Vec<Question>> {
    let (mut seen, mut spots): (Vec<String>, Vec<Spot>) = (Vec::new(), Vec::new());
    let mut questions: Vec<Question> = Vec::new();
    let all = ids(field.node);
    field.list(|field| {
        let mut table = field.table()?;
        let id = table.required("id", values::parsed(QuestionId::parse));
        let name = id.as_ref().map(QuestionId::to_string).unwrap_or_default();
        if let Some((_, first)) = seen.iter().zip(&spots).find(|(known, _)| **known == name && id.is_some()) {
            table.wrong::<()>("id", format!("there is a question `{name}` already, at {}", first.place));
        }
        seen.push(name);
        spots.push(table.spot("id"));
        let earlier = Earlier { questions: &questions, ids: &seen, all: &all, ledger };
        let question = questions::read(table, id, words, &earlier);
        questions.extend(question);
        Some(())
    })?;
    if QUESTIONS_MAX < seen.len() {
        return field.wrong(format!("{} questions are too many; a survey has at most {QUESTIONS_MAX}", seen.len()));
    }
    // With a question missing, nothing can be said of the survey as a whole.
    (questions.len() == seen.len()).then_some(questions)
}

/// The ids of all questions, right or wrong, so that a reference to a later one can be told from one to none.
fn ids(questions: &Node) -> BTreeSet<String> {
    (0..=QUESTIONS_MAX)
        .map_while(|index| questions.get(&index.to_string()))
        .filter_map(|question| values::text(question.get("id")?).ok())
        .collect()
}

/// A survey without a key question has no usable responses; one whose key question may be skipped has few.
fn check_key_questions(survey: &Survey, spot: &Spot, ledger: &Ledger<'_>) {
    if !survey.questions.is_empty() && survey.key_question().is_none() {
        let message = format!(
            "no question of `{}` has `key = true`; mark the one that makes a response usable, which mail and text \
             messages ask",
            survey.id
        );
        ledger.problems.report(spot.problem(message));
    }
}
