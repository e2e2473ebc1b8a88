//! A survey that is answered page by page.
//!
//! Each page that is handed in is stored together with what was stored before, so nothing is lost by whoever stops half way,
//! and going on is possible from anywhere. A page on which nothing is to be asked is passed over. A form that does not say
//! which page it is, is the whole survey.

use super::{Answers, Completeness, Form, Reading, Trouble, holds, is_asked, read, row_field, to_form, words_field};
use crate::domain::id::QuestionId;
use crate::domain::survey::{Question, Survey};

/// The field of a form, and of a link, that says which page it is, counted from 1. No question has such an id.
pub const PAGE: &str = ".page";
/// The field that says which button was pressed.
pub const GO: &str = ".go";
/// Its value for going back.
pub const BACK: &str = "back";

/// A page that was handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct HandedIn {
    /// What is to be stored: what was there before, and this page.
    pub reading: Reading,
    /// What follows.
    pub then: Then,
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Thanks: that was all.
    Thanks,
    /// Another page, counted from 0.
    Page(usize),
    /// The page again, or an earlier one, for what is wrong there.
    Again {
        /// Which, counted from 0.
        page: usize,
        /// What is wrong on it.
        troubles: Vec<(QuestionId, Trouble)>,
    },
}

/// The page that a form or a link names, counted from 0; `None` where it names none that there is.
pub fn named(survey: &Survey, form: &Form) -> Option<usize> {
    let number: usize = form.get(PAGE)?.first()?.parse().ok()?;
    number.checked_sub(1).filter(|page| *page < survey.pages().len())
}

/// Reads a form against what was answered before, and how far that went.
pub fn hand_in(survey: &Survey, before: Option<(&Answers, Completeness)>, form: &Form) -> HandedIn {
    let Some(page) = named(survey, form) else { return whole(survey, form) };
    let pages = survey.pages();
    let questions = pages.get(page).copied().unwrap_or_default();
    let merged = merged(questions, before.map(|(answers, _)| answers), form);
    let mut reading = read(survey, &merged);
    let is_back = form.get(GO).and_then(|values| values.first()).is_some_and(|go| go == BACK);
    let then = if is_back {
        Then::Page(earlier(survey, &reading.answers, page).unwrap_or(page))
    } else {
        following(survey, &reading, page)
    };
    let was_complete = before.is_some_and(|(_, completeness)| completeness == Completeness::Complete);
    if then != Then::Thanks && !was_complete {
        reading.completeness = reading.completeness.min(Completeness::Partial);
    }
    HandedIn { reading, then }
}

fn whole(survey: &Survey, form: &Form) -> HandedIn {
    let reading = read(survey, form);
    let then = if reading.troubles.is_empty() {
        Then::Thanks
    } else {
        Then::Again { page: 0, troubles: reading.troubles.clone() }
    };
    HandedIn { reading, then }
}

/// What was answered before, with the fields of these questions as the form has them.
fn merged(questions: &[Question], before: Option<&Answers>, form: &Form) -> Form {
    let mut merged = before.map(to_form).unwrap_or_default();
    let rows = |question: &Question| {
        let rows: Vec<_> = question.kind.rows().iter().map(|row| row_field(&question.id, &row.id)).collect();
        rows
    };
    let own = |question: &Question| [question.id.to_string(), words_field(&question.id)];
    for field in questions.iter().flat_map(|question| own(question).into_iter().chain(rows(question))) {
        match form.get(&field) {
            Some(values) => drop(merged.insert(field, values.clone())),
            None => drop(merged.remove(&field)),
        }
    }
    merged
}

fn following(survey: &Survey, reading: &Reading, page: usize) -> Then {
    let troubles = |page: usize| {
        let pages = survey.pages();
        let on_page = |id: &QuestionId| pages.get(page).is_some_and(|page| page.iter().any(|q| q.id == *id));
        reading.troubles.iter().filter(|(id, _)| on_page(id)).cloned().collect::<Vec<_>>()
    };
    let again = |page: usize| Some(troubles(page)).filter(|troubles| !troubles.is_empty()).map(|t| (page, t));
    let wrong = again(page).or_else(|| match later(survey, &reading.answers, page) {
        Some(_) => None,
        None => (0..page).find_map(again),
    });
    match (wrong, later(survey, &reading.answers, page)) {
        (Some((page, troubles)), _) => Then::Again { page, troubles },
        (None, Some(next)) => Then::Page(next),
        (None, None) => Then::Thanks,
    }
}

/// The pages on which something is asked after these answers.
pub fn asked(survey: &Survey, answers: &Answers) -> Vec<usize> {
    let is_any = |page: &[Question]| page.iter().any(|question| is_asked(question, answers));
    (0..).zip(survey.pages()).filter(|(_, page)| is_any(page)).map(|(number, _)| number).collect()
}

/// The pages on which something is asked, or may be after what is answered on this page or later.
pub fn possible(survey: &Survey, answers: &Answers, page: usize) -> Vec<usize> {
    let pages = survey.pages();
    let is_open = |id: &QuestionId| pages.iter().skip(page).any(|page| page.iter().any(|q| q.id == *id));
    let may_be =
        |question: &Question| question.ask_if.iter().all(|ask_if| holds(ask_if, answers) || is_open(&ask_if.question));
    (0..).zip(&pages).filter(|(_, page)| page.iter().any(may_be)).map(|(number, _)| number).collect()
}

fn later(survey: &Survey, answers: &Answers, page: usize) -> Option<usize> {
    asked(survey, answers).into_iter().find(|other| *other > page)
}

fn earlier(survey: &Survey, answers: &Answers, page: usize) -> Option<usize> {
    asked(survey, answers).into_iter().rfind(|other| *other < page)
}

/// Where somebody goes on who answered so much: behind the last page with an answer, or on the first page that lacks one that
/// it needs.
pub fn resumed(survey: &Survey, answers: &Answers) -> usize {
    let pages = survey.pages();
    let has = |page: usize| pages.get(page).is_some_and(|page| page.iter().any(|q| answers.contains_key(&q.id)));
    let lacks = |page: usize| {
        let lacks = |q: &Question| q.required && is_asked(q, answers) && !answers.contains_key(&q.id);
        pages.get(page).is_some_and(|page| page.iter().any(lacks))
    };
    let Some(last) = asked(survey, answers).into_iter().rfind(|page| has(*page)) else { return 0 };
    (0..=last).find(|page| lacks(*page)).or_else(|| later(survey, answers, last)).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::Answer;
    use crate::domain::survey::tests::{question, visit, words};

    /// A rating; why, after at most 3; a comment: each on a page of its own.
    fn three_pages() -> Survey {
        let mut survey = visit();
        survey.questions.push(Question { required: true, ..question("who", words(80)) });
        for question in &mut survey.questions {
            question.new_page = true;
        }
        survey
    }

    fn form(fields: &[(&str, &str)]) -> Form {
        fields.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect()
    }

    fn again(page: usize, question: &str) -> Then {
        Then::Again { page, troubles: vec![(QuestionId::parse(question).unwrap(), Trouble::Missing)] }
    }

    #[track_caller]
    fn check(
        before: &[(&str, &str)],
        fields: &[(&str, &str)],
        (kept, then, completeness): (&[&str], Then, Completeness),
    ) {
        let survey = three_pages();
        let known = read(&survey, &form(before));
        let before = Some((&known.answers, known.completeness));
        let handed_in = hand_in(&survey, before, &form(fields));
        let answers: Vec<_> = handed_in.reading.answers.keys().map(QuestionId::as_str).collect();
        assert_eq!((answers, handed_in.then), (kept.to_vec(), then), "{fields:?}");
        assert_eq!(handed_in.reading.completeness, completeness, "{fields:?}");
    }

    #[test]
    fn each_page_is_kept_and_leads_to_the_next_that_asks_something() {
        use Completeness::{Complete, Partial, Started};
        check(&[], &[(".page", "1"), ("overall", "2")], (&["overall"], Then::Page(1), Partial));
        check(&[], &[(".page", "1"), ("overall", "5")], (&["overall"], Then::Page(2), Partial));
        check(&[], &[(".page", "1")], (&[], again(0, "overall"), Started));
        let rated = [("overall", "2")];
        check(&rated, &[(".page", "2"), ("why", "cold")], (&["overall", "why"], Then::Page(2), Partial));
        check(&rated, &[(".page", "3")], (&["overall"], again(2, "who"), Partial));
        check(&rated, &[(".page", "3"), ("who", "Ada")], (&["overall", "who"], Then::Thanks, Complete));
        check(&[], &[(".page", "3"), ("who", "Ada")], (&["who"], again(0, "overall"), Started));
        // What was asked only after another rating goes with it.
        let told = [("overall", "2"), ("why", "cold")];
        check(&told, &[(".page", "1"), ("overall", "5")], (&["overall"], Then::Page(2), Partial));
        // Other pages' fields are none of this one.
        check(
            &rated,
            &[(".page", "3"), ("who", "Ada"), ("overall", "5")],
            (&["overall", "who"], Then::Thanks, Complete),
        );
    }

    #[test]
    fn going_back_keeps_what_is_there_and_asks_for_nothing() {
        let rated = [("overall", "2"), ("why", "cold")];
        let back = |page| [(".page", page), (".go", "back")];
        check(&rated, &back("3"), (&["overall", "why"], Then::Page(1), Completeness::Partial));
        check(&rated, &back("2"), (&["overall"], Then::Page(0), Completeness::Partial));
        check(&[("overall", "5")], &back("3"), (&["overall"], Then::Page(0), Completeness::Partial));
        check(&rated, &back("1"), (&[], Then::Page(0), Completeness::Started));
    }

    #[test]
    fn a_complete_answer_stays_complete_while_it_is_gone_through_again() {
        let all = [("overall", "5"), ("who", "Ada")];
        let kept: &[&str] = &["overall", "who"];
        check(&all, &[(".page", "1"), ("overall", "4")], (kept, Then::Page(2), Completeness::Complete));
    }

    #[test]
    fn a_form_without_a_page_is_the_whole_survey() {
        check(&[], &[("overall", "5"), ("who", "Ada")], (&["overall", "who"], Then::Thanks, Completeness::Complete));
        for page in ["0", "4", "x", ""] {
            check(&[], &[(".page", page), ("overall", "5")], (&["overall"], again(0, "who"), Completeness::Partial));
        }
    }

    #[test]
    fn somebody_goes_on_where_they_were() {
        let survey = three_pages();
        let resumed = |fields: &[(&str, &str)]| resumed(&survey, &read(&survey, &form(fields)).answers);
        assert_eq!(resumed(&[]), 0);
        assert_eq!(resumed(&[("overall", "2")]), 1);
        assert_eq!(resumed(&[("overall", "5")]), 2);
        assert_eq!(resumed(&[("overall", "2"), ("why", "cold")]), 2);
        assert_eq!(resumed(&[("overall", "5"), ("who", "Ada")]), 2);
        assert_eq!(resumed(&[("who", "Ada")]), 0);
        assert_eq!(possible(&survey, &Answers::new(), 0), [0, 1, 2]);
        assert_eq!(possible(&survey, &Answers::new(), 1), [0, 2]);
        assert_eq!(asked(&survey, &Answers::from([(survey.questions[0].id.clone(), Answer::Rating(5))])), [0, 2]);
    }
}
