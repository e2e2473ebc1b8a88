//! Mistakes in surveys.

use super::*;
use crate::domain::id::SurveyId;

#[track_caller]
fn check_question(lines: &str, expected: &[&str]) {
    check("surveys/visit.toml", &format!("{SURVEY}{lines}"), expected);
}

#[test]
fn how_much_is_asked_by_text_message_is_checked_and_no_part_of_the_content() {
    let by = |word: &str| SURVEY.replacen("\n[[question]]", &format!("\nby_sms = \"{word}\"\n[[question]]"), 1);
    check(
        "surveys/visit.toml",
        &by("whole"),
        &[
            "config/surveys/visit.toml:4:10: survey.by_sms: `whole` is not how much is asked by text message; use `key` or \
             `all`",
        ],
    );
    let load = |survey: &str| Sample::sound().with("surveys/visit.toml", survey).load().unwrap().config;
    let (key, all) = (load(SURVEY), load(&by("all")));
    assert!(key.asked_whole.is_empty());
    assert_eq!(all.asked_whole.iter().map(SurveyId::as_str).collect::<Vec<_>>(), ["visit"]);
    assert_eq!(key.surveys["visit"].version(), all.surveys["visit"].version());
}

#[test]
fn what_is_said_of_the_occasion_is_checked() {
    let text = |text: &str, why: &str| {
        check_question(
            &format!("[[question]]\nid = \"q2\"\nkind = \"text\"\ntext = \"{text}\"\n"),
            &[&format!("config/surveys/visit.toml:12:8: question.q2.text: {why}")],
        );
    };
    text("{nmae}?", "`{nmae}` is no word of the occasion; there are {branch}, {name}, {contact.KEY} and {event.KEY}");
    text("a { b", "a brace stands alone; write `{branch}`, or `{{` and `}}` for braces that are meant");
    let ask_if = |ask_if: &str, expected: &str| {
        check_question(
            &format!("[[question]]\nid = \"q2\"\nkind = \"text\"\ntext = \"?\"\nask_if = {ask_if}\n"),
            &[expected],
        );
    };
    ask_if(
        "{ branch = \"nowhere\" }",
        "config/surveys/visit.toml:13:21: question.q2.ask_if.branch: there is no branch `nowhere` (known: mitte)",
    );
    ask_if(
        "{ event = { covers = { mni = 5 } } }",
        "config/surveys/visit.toml:13:33: question.q2.ask_if.event.covers.mni: `mni` is not a key of a condition, did you \
         mean `min`? (its keys: any_of, max, min, none_of)",
    );
}

#[test]
fn a_survey_is_checked() {
    let q = "[[question]]\nid = \"q2\"\n";
    check_question(
        &format!("{q}kind = \"csatt\"\ntext = \"?\"\n"),
        &["config/surveys/visit.toml:11:8: question.q2.kind: `csatt` is not a kind of question; use `nps`, `csat`, \
             `ces`, `smiley`, `stars`, `thumbs`, `choice`, `multi`, `matrix`, `consent` or `text`, did you mean `csat`?"],
    );
    check_question(
        &format!("{q}kind = \"csat\"\nscale = {{ from = 1, to = 6 }}\ntext = \"?\"\n"),
        &["config/surveys/visit.toml:12:9: question.q2.scale: 1 to 6 is not a scale of this kind; it goes from 1 to \
             5 or 7 or 10 (or the other way round)"],
    );
    check_question(
        &format!("{q}kind = \"nps\"\nscale = {{ from = 1, to = 5 }}\ntext = \"?\"\n"),
        &["config/surveys/visit.toml:12:1: question.q2.scale: `scale` is not a key of a `nps` question (its keys: \
             ask_if, ends, id, key, kind, new_page, not_applicable, required, text)"],
    );
    check_question(
        &format!("{q}kind = \"choice\"\ntext = \"?\"\noptions = [{{ id = \"a\", text = \"A\" }}]\n"),
        &["config/surveys/visit.toml:13:11: question.q2.options: a choice has 2 to 50 options, found 1"],
    );
    check_question(
        &format!("{q}kind = \"text\"\nkey = true\ntext = \"?\"\n"),
        &["config/surveys/visit.toml:12:7: question.q2.key: a key question must be a rating or a `choice`: mail \
             asks it with one tap"],
    );
    check_question(
        "[[question]]\nid = \"overall\"\nkind = \"text\"\ntext = \"?\"\n",
        &["config/surveys/visit.toml:10:6: question.overall.id: there is a question `overall` already, at \
             config/surveys/visit.toml:5:6"],
    );
    check(
        "surveys/visit.toml",
        &SURVEY.replace("key = true\n", ""),
        &["config/surveys/visit.toml:1:1: survey: no question of `visit` has `key = true`; mark the one that makes \
             a response usable, which mail and text messages ask"],
    );
    check(
        "surveys/visit.toml",
        &SURVEY.replace("\"Your visit\"", "{ en = \"Your visit\", de = \"Ihr Besuch\" }"),
        &["config/surveys/visit.toml:8:8: question.overall.text: the translation into de is missing; the title has it"],
    );
}

#[test]
fn what_an_option_and_a_question_may_be_is_checked() {
    let q = "[[question]]\nid = \"q2\"\n";
    check_question(
        &format!(
            "{q}kind = \"choice\"\ntext = \"?\"\noptions = [{{ id = \"a\", text = \"A\", other = true }}, {{ id = \"b\", text = \
             \"B\", other = true }}]\n"
        ),
        &["config/surveys/visit.toml:13:84: question.q2.options.b.other: own words stand beside one option of a \
             question, and there is one already"],
    );
    check_question(
        &format!("{q}kind = \"multi\"\nnot_applicable = true\ntext = \"?\"\noptions = []\n"),
        &[
            "config/surveys/visit.toml:12:1: question.q2.not_applicable: `not_applicable` is not a key of a `multi` question \
             (its keys: ask_if, id, key, kind, new_page, options, required, text)",
            "config/surveys/visit.toml:14:11: question.q2.options: a choice has 2 to 50 options, found 0",
        ],
    );
    check_question(
        &format!("{q}kind = \"stars\"\nkey = true\nnot_applicable = {{ en = \"None\" }}\ntext = \"?\"\n"),
        &[
            "config/surveys/visit.toml:13:18: question.q2.not_applicable: a key question makes a response usable, and an \
             answer that it does not apply does not: ask only those to whom it applies",
        ],
    );
}

#[test]
fn matrices_consent_pages_and_lines_are_checked() {
    let q = "[[question]]\nid = \"q2\"\n";
    check_question(
        &format!(
            "{q}kind = \"matrix\"\nkey = true\ntext = \"?\"\nrows = [{{ id = \"a\", text = \"A\" }}]\n[[question]]\nid = \
             \"q3\"\nkind = \"text\"\ntext = \"?\"\n"
        ),
        &[
            "config/surveys/visit.toml:12:7: question.q2.key: a key question must be a rating or a `choice`: mail asks it \
             with one tap",
            "config/surveys/visit.toml:14:8: question.q2.rows: a matrix has 2 to 20 rows, found 1",
        ],
    );
    let rows = "rows = [{ id = \"a\", text = \"A\" }, { id = \"b\", text = \"B\" }]";
    check_question(
        &format!(
            "{q}kind = \"matrix\"\ntext = \"?\"\n{rows}\n[[question]]\nid = \"q3\"\nkind = \"text\"\ntext = \
             \"?\"\nask_if = {{ question = \"q2\", at_most = 2 }}\n"
        ),
        &[
            "config/surveys/visit.toml:18:39: question.q3.ask_if.at_most: `q2` has a rating a row; that it was answered is \
             all that can be asked",
        ],
    );
    check(
        "surveys/visit.toml",
        &SURVEY.replace("key = true", "key = true\nnew_page = true"),
        &[
            "config/surveys/visit.toml:8:12: question.overall.new_page: the first question begins the first page; leave it \
             out",
        ],
    );
    check_question(
        &format!(
            "{q}kind = \"consent\"\nrequired = true\ntext = \"?\"\n[[question]]\nid = \"q3\"\nkind = \"text\"\ntext = \
             \"?\"\nask_if = {{ question = \"q2\", at_least = 1 }}\n"
        ),
        &[
            "config/surveys/visit.toml:12:12: question.q2.required: consent is given freely or it is none; nobody can be \
             required to give it",
            "config/surveys/visit.toml:18:40: question.q3.ask_if.at_least: `q2` is no rating; whether it was given is all \
             that can be asked",
        ],
    );
    check_question(
        &format!("{q}kind = \"text\"\nlines = 0\ntext = \"?\"\n"),
        &[
            "config/surveys/visit.toml:12:9: question.q2.lines: a whole number from 1 to 20 belongs here, found the number 0",
        ],
    );
}

#[track_caller]
fn check_head(line: &str, expected: &[&str]) {
    check("surveys/visit.toml", &SURVEY.replacen("\n[[question]]", &format!("\n{line}\n[[question]]"), 1), expected);
}

#[test]
fn thanks_may_go_by_the_score_and_links_may_not() {
    check_head("thanks = [{ at_most = 3, text = \"Sorry\" }, { text = \"Thanks\" }]", &["none"]);
    check_head(
        "thanks = \"Thanks, from www.sole.example\"\nlink = { url = \"https://sole.example\", text = \"Book\" }",
        &["none"],
    );
    let gate = "a link that only some scores get to see steers reviews, which review sites and regulators forbid; put it into \
                `link` of [survey], which everybody sees";
    check_head(
        "thanks = [{ at_most = 3, text = \"Sorry\" }, { text = \"Thanks\", link = \"https://reviews.example\" }]",
        &[&format!("config/surveys/visit.toml:4:70: survey.thanks[1].link: {gate}")],
    );
    check_head(
        "thanks = [{ at_most = 3, text = \"Sorry\" }, { text = \"See https://reviews.example\" }]",
        &[&format!("config/surveys/visit.toml:4:53: survey.thanks[1].text: {gate}")],
    );
    let order = "each thanks has an `at_most`, higher than the one before, but the last, which has none";
    for thanks in [
        "[{ text = \"A\" }, { text = \"B\" }]",
        "[{ at_most = 3, text = \"A\" }]",
        "[{ at_most = 3, text = \"A\" }, { at_most = 3, text = \"B\" }, { text = \"C\" }]",
    ] {
        check_head(
            &format!("thanks = {thanks}"),
            &[&format!("config/surveys/visit.toml:4:10: survey.thanks: {order}")],
        );
    }
    check_head(
        "thanks = [{ at_most = 6, text = \"A\" }, { text = \"B\" }]",
        &[
            "config/surveys/visit.toml:4:10: survey.thanks: 6 is not on the scale of `overall`, the first key question, which \
             goes from 1 to 5",
        ],
    );
    check_head(
        "link = { url = \"javascript:alert(1)\", text = \"Book\" }",
        &["config/surveys/visit.toml:4:16: survey.link.url: the address of a page belongs here, such as \
             `https://sole.example/table`, in at most 500 bytes"],
    );
}

#[test]
fn a_question_may_depend_on_earlier_ones_only() {
    let ask = |ask_if: &str, expected: &str| {
        let lines = format!(
            "[[question]]\nid = \"q2\"\nkind = \"text\"\nask_if = {{ {ask_if} }}\ntext = \"?\"\n[[question]]\nid = \
             \"last\"\nkind = \"stars\"\ntext = \"?\"\n"
        );
        check_question(&lines, &[&format!("config/surveys/visit.toml:12:{expected}")]);
    };
    ask(
        "question = \"last\"",
        "23: question.q2.ask_if.question: `last` is not asked before this question; only earlier answers are known",
    );
    ask(
        "question = \"overal\"",
        "23: question.q2.ask_if.question: there is no question `overal` in this survey, did you mean `overall`?",
    );
    let list = |conditions: &str, expected: &[&str]| {
        check_question(
            &format!("[[question]]\nid = \"q2\"\nkind = \"text\"\nask_if = [{conditions}]\ntext = \"?\"\n"),
            expected,
        );
    };
    list("{ question = \"overall\", at_least = 2 }, { question = \"overall\", at_most = 3 }", &["none"]);
    list("", &["config/surveys/visit.toml:12:10: question.q2.ask_if: 1 to 10 conditions belong here, found 0"]);
    list(
        "{ question = \"overall\" }, { question = \"overall\", at_most = 6 }",
        &[
            "config/surveys/visit.toml:12:71: question.q2.ask_if[1].at_most: 6 is not on the scale of `overall`, which goes \
             from 1 to 5",
        ],
    );
    ask(
        "question = \"overall\", at_most = 6",
        "44: question.q2.ask_if.at_most: 6 is not on the scale of `overall`, which goes from 1 to 5",
    );
    ask(
        "question = \"overall\", any_of = [\"a\"]",
        "43: question.q2.ask_if.any_of: only a `choice` or `multi` question has options; use `at_least` or `at_most`",
    );
}
