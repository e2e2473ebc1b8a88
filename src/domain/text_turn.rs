//! One turn of a survey that is answered by text messages: what a message adds to the answers, and what is asked next.
//!
//! The message that asked put the key question, so that comes first, and the others in the order in which they stand. A
//! survey is asked whole where operations want it so; otherwise the key question and one comment are all.

use super::answer::{Answer, Answers, Form, Reading, is_asked, read, to_form, words_field};
use super::id::QuestionId;
use super::survey::{Kind, OWN_WORDS_CHARS_MAX, Question, Survey};
use super::text_answer::{Said, said};

/// How much of a survey is asked by text messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ByText {
    /// The key question, and the first question for own words that is asked after it.
    #[default]
    Key,
    /// All that is asked.
    All,
}

/// What came of a message. `Debug` hides the answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// All answers there are then; `None` where the message added nothing.
    pub reading: Option<Reading>,
    /// What is said in return.
    pub next: Next,
}

/// What follows a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// This question is asked.
    Ask(QuestionId),
    /// Everything is answered: thanks.
    Thanks,
    /// The answer to this question cannot be made out: how it can be given.
    Again(QuestionId),
    /// Nothing: words were added to an answer that is there already, or nobody knows what to do with them.
    Nothing,
}

/// Reads a message against the question that was asked, the key question where none was.
pub fn hear(survey: &Survey, known: &Answers, asked: Option<&QuestionId>, by: ByText, text: &str) -> Turn {
    let nothing = Turn { reading: None, next: Next::Nothing };
    let Some(key) = survey.key_question() else { return nothing };
    let asked = asked.and_then(|id| survey.question(id)).filter(|question| is_asked(question, known));
    let question = asked.unwrap_or(key);
    match said(question, text) {
        Said::Answer { values, words } => {
            let mut form = to_form(known);
            form.remove(&words_field(&question.id));
            let own = question.kind.own_words_option().is_some_and(|own| values.iter().any(|v| *v == own.id.as_str()));
            form.insert(question.id.to_string(), values);
            if own {
                // As with a comment, what there is room for is kept.
                form.insert(words_field(&question.id), vec![words.chars().take(OWN_WORDS_CHARS_MAX).collect()]);
            } else {
                comment(survey, question, &mut form, &words);
            }
            let reading = read(survey, &form);
            let next = following(survey, question, &reading.answers, by);
            Turn { reading: Some(reading), next: next.map_or(Next::Thanks, |next| Next::Ask(next.id.clone())) }
        }
        // What follows an answer unasked is a word on it.
        Said::OffScale | Said::Words if asked.is_none() && known.contains_key(&key.id) => {
            let mut form = to_form(known);
            if !comment(survey, key, &mut form, text) {
                return nothing;
            }
            Turn { reading: Some(read(survey, &form)), next: Next::Nothing }
        }
        Said::OffScale | Said::Words => Turn { reading: None, next: Next::Again(question.id.clone()) },
    }
}

/// The questions in the order in which text messages ask them.
fn in_order(survey: &Survey) -> impl Iterator<Item = &Question> {
    let key = survey.key_question();
    let is_key = move |question: &Question| key.is_some_and(|key| key.id == question.id);
    key.into_iter().chain(survey.questions.iter().filter(move |question| !is_key(question)))
}

/// The questions that come behind this one.
fn behind<'s>(survey: &'s Survey, question: &Question) -> impl Iterator<Item = &'s Question> {
    in_order(survey).skip_while(|other| other.id != question.id).skip(1)
}

/// Which question is asked after this one, if any.
fn following<'s>(survey: &'s Survey, question: &Question, answers: &Answers, by: ByText) -> Option<&'s Question> {
    let is_open =
        |next: &&Question| next.kind.is_asked_by_text() && is_asked(next, answers) && !answers.contains_key(&next.id);
    match by {
        ByText::All => behind(survey, question).find(is_open),
        ByText::Key if question.key => behind(survey, question).find(|next| takes_words(next, answers)).filter(is_open),
        ByText::Key => None,
    }
}

fn takes_words(question: &Question, answers: &Answers) -> bool {
    matches!(question.kind, Kind::Text { .. }) && is_asked(question, answers)
}

/// Adds own words to the first question for such that is asked behind this one. Says whether there is one.
fn comment(survey: &Survey, question: &Question, form: &mut Form, words: &str) -> bool {
    let words = words.trim();
    let answers = read(survey, form).answers;
    let Some(open) = behind(survey, question).find(|next| takes_words(next, &answers)).filter(|_| !words.is_empty())
    else {
        return false;
    };
    let Kind::Text { chars_max, lines: _ } = open.kind else { return false };
    let text = match answers.get(&open.id) {
        Some(Answer::Text(before)) => format!("{before}\n{words}"),
        Some(
            Answer::Rating(_)
            | Answer::Choice(_)
            | Answer::Choices(_)
            | Answer::OwnWords { .. }
            | Answer::Rows(_)
            | Answer::NotApplicable
            | Answer::Consent(_),
        )
        | None => words.to_owned(),
    };
    // Nobody can be asked to write less: what there is room for is kept.
    form.insert(open.id.to_string(), vec![text.chars().take(chars_max).collect()]);
    true
}

#[cfg(test)]
mod tests {
    use super::super::answer::Completeness;
    use super::super::survey::tests::{english, question, visit};
    use super::super::survey::{Choice, NotApplicable, Scale};
    use super::*;

    fn id(name: &str) -> QuestionId {
        QuestionId::parse(name).unwrap()
    }

    /// What is known and asked after these messages, one after the other, and what is said to the last.
    fn talk(survey: &Survey, by: ByText, messages: &[&str]) -> (Answers, Next) {
        let (mut known, mut asked, mut next) = (Answers::new(), None, Next::Nothing);
        for message in messages {
            let turn = hear(survey, &known, asked.as_ref(), by, message);
            known = turn.reading.map_or(known, |reading| reading.answers);
            asked = match &turn.next {
                Next::Ask(id) => Some(id.clone()),
                Next::Again(_) => asked,
                Next::Thanks | Next::Nothing => None,
            };
            next = turn.next;
        }
        (known, next)
    }

    #[track_caller]
    fn check(survey: &Survey, by: ByText, messages: &[&str], (answers, next): (&[&str], Next)) {
        let (known, said) = talk(survey, by, messages);
        let shown: Vec<_> =
            to_form(&known).into_iter().map(|(id, values)| format!("{id}={}", values.join("+"))).collect();
        assert_eq!(
            (shown.iter().map(String::as_str).collect::<Vec<_>>(), said),
            (answers.to_vec(), next),
            "{messages:?}"
        );
    }

    #[test]
    fn a_rating_and_its_comment_are_one_message_or_two() {
        let survey = visit();
        let check = |messages: &[&str], expected| check(&survey, ByText::Key, messages, expected);
        check(&["5"], (&["overall=5"], Next::Thanks));
        check(&["2"], (&["overall=2"], Next::Ask(id("why"))));
        check(&["2 cold soup"], (&["overall=2", "why=cold soup"], Next::Thanks));
        check(&["2", "cold soup"], (&["overall=2", "why=cold soup"], Next::Thanks));
        check(&["2", "4 of us waited"], (&["overall=2", "why=4 of us waited"], Next::Thanks));
        check(&["2", "cold soup", "and rude"], (&["overall=2", "why=cold soup\nand rude"], Next::Nothing));
        check(&["2 cold", "1 rude"], (&["overall=1", "why=cold\nrude"], Next::Thanks));
    }

    #[test]
    fn words_that_nobody_asked_for_are_dropped_and_an_answer_off_the_scale_is_asked_for_again() {
        let survey = visit();
        let check = |messages: &[&str], expected| check(&survey, ByText::Key, messages, expected);
        check(&["5 lovely"], (&["overall=5"], Next::Thanks));
        check(&["5", "lovely"], (&["overall=5"], Next::Nothing));
        check(&["7"], (&[], Next::Again(id("overall"))));
        check(&["lovely"], (&[], Next::Again(id("overall"))));
        check(&["lovely", "2"], (&["overall=2"], Next::Ask(id("why"))));
        check(&["2 cold", "5"], (&["overall=5"], Next::Thanks));
    }

    #[test]
    fn words_behind_an_option_are_beside_it_where_it_takes_some() {
        let mut survey = visit();
        let option = |name: &str| Choice { id: id(name), text: english(name), own_words: name == "other" };
        survey.questions[0].kind = Kind::Choice(vec![option("food"), option("other")]);
        survey.questions[1].ask_if = Vec::new();
        let check = |messages: &[&str], expected| check(&survey, ByText::Key, messages, expected);
        check(&["2 the bill"], (&["overall=other", "overall.words=the bill"], Next::Ask(id("why"))));
        check(&["1 cold"], (&["overall=food", "why=cold"], Next::Thanks));
        check(
            &["2 the bill", "too high"],
            (&["overall=other", "overall.words=the bill", "why=too high"], Next::Thanks),
        );
        check(&["2 the bill", "1"], (&["overall=other", "overall.words=the bill", "why=1"], Next::Thanks));
    }

    #[test]
    fn what_does_not_apply_can_be_said_where_that_is_an_answer() {
        let mut survey = visit();
        survey.questions.push(Question {
            not_applicable: Some(NotApplicable::Words(english("No idea"))),
            ..question("staff", Kind::Stars(Scale { worst: 1, best: 5 }))
        });
        for words in ["N/A", "na", "no idea!"] {
            check(&survey, ByText::All, &["5", words], (&["overall=5", "staff=n/a"], Next::Thanks));
        }
        check(&survey, ByText::All, &["n/a"], (&[], Next::Again(id("overall"))));
    }

    #[test]
    fn what_no_text_message_can_ask_is_left_out() {
        let mut survey = visit();
        let matrix = Kind::Matrix { scale: Scale { worst: 1, best: 5 }, rows: Vec::new() };
        survey.questions.insert(1, question("parts", matrix));
        check(&survey, ByText::All, &["2"], (&["overall=2"], Next::Ask(id("why"))));
    }

    #[test]
    fn a_comment_is_cut_to_the_room_that_there_is() {
        let (known, _) = talk(&visit(), ByText::Key, &[&format!("1 {}", "x".repeat(600))]);
        assert_eq!(known[&id("why")], Answer::Text("x".repeat(500)));
    }

    #[test]
    fn a_whole_survey_is_asked_in_order_as_far_as_it_is_asked_at_all() {
        let mut survey = visit();
        let option = |name: &str| Choice { id: id(name), text: english(name), own_words: false };
        let first = question("party", Kind::Stars(Scale { worst: 1, best: 8 }));
        survey.questions.insert(0, first);
        survey.questions.push(question("again", Kind::Choice(vec![option("sure"), option("never")])));
        let check = |messages: &[&str], expected| check(&survey, ByText::All, messages, expected);
        check(&["5"], (&["overall=5"], Next::Ask(id("party"))));
        check(&["2"], (&["overall=2"], Next::Ask(id("party"))));
        check(&["2", "9"], (&["overall=2"], Next::Again(id("party"))));
        check(&["2", "4"], (&["overall=2", "party=4"], Next::Ask(id("why"))));
        check(&["2 cold", "4"], (&["overall=2", "party=4", "why=cold"], Next::Ask(id("again"))));
        check(&["5", "4", "1"], (&["again=sure", "overall=5", "party=4"], Next::Thanks));
        let (known, _) = talk(&survey, ByText::All, &["2", "4"]);
        assert_eq!(read(&survey, &to_form(&known)).completeness, Completeness::Complete);
    }
}
