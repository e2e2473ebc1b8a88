use std::borrow::Cow;

use data_encoding::BASE64;

use super::*;
use crate::domain::answer::{Answer, Answers, Trouble};
use crate::domain::id::QuestionId;
use crate::domain::survey::tests::visit;
use crate::domain::survey::{AskIf, Kind, NotApplicable, Scale, Survey};
use crate::render::samples;

fn id(id: &str) -> QuestionId {
    QuestionId::parse(id).unwrap()
}

fn render(page: &SurveyPage<'_>) -> String {
    page.render(&Templates::built_in()).unwrap().html
}

/// The markup of one question.
fn part<'a>(html: &'a str, question: &str) -> &'a str {
    let (_, rest) = html.split_once(&format!(" id=\"q-{question}\"")).unwrap();
    rest.split(" id=\"q-").next().unwrap()
}

#[test]
fn survey_pages_look_as_they_did() {
    for language in both() {
        for (n, sample) in SurveyPage::samples(&language).iter().enumerate() {
            insta::assert_snapshot!(format!("survey_{language}_{n}"), render(sample));
        }
    }
}

#[test]
fn the_other_pages_say_what_they_said() {
    let templates = Templates::built_in();
    for language in both() {
        let mut pages = Vec::new();
        let page = |page: Page| page.html;
        collect::<ThanksPage>(&templates, &language, page, &mut pages);
        collect::<UnsubscribePage>(&templates, &language, page, &mut pages);
        collect::<UnsubscribedPage>(&templates, &language, page, &mut pages);
        collect::<GonePage>(&templates, &language, page, &mut pages);
        collect::<NotFoundPage>(&templates, &language, page, &mut pages);
        collect::<ErrorPage>(&templates, &language, page, &mut pages);
        let main = |html: &str| html.split_once("<main>\n").unwrap().1.split_once("</main>").unwrap().0.to_owned();
        let mains = pages.iter().map(|(_, _, html)| main(html)).collect::<Vec<_>>();
        insta::assert_snapshot!(format!("notices_{language}"), mains.join("\n"));
    }
}

#[test]
fn ten_questions_fit_the_first_flight_of_packets() {
    for language in both() {
        let page = &SurveyPage::samples(&language)[1];
        assert_eq!(page.survey.questions.len(), 10);
        assert!(render(page).len() < 14_000);
    }
}

#[test]
fn the_policy_allows_exactly_the_style_of_the_page() {
    let page = SurveyPage::samples(&language("en")).remove(0).render(&Templates::built_in()).unwrap();
    let style = page.html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = BASE64.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes()).as_ref());
    assert!(page.csp.contains(&format!("style-src 'sha256-{hash}';")));
    assert!(page.csp.starts_with("default-src 'none';"));
    assert!(!page.html.contains(" style=\""));
}

#[test]
fn what_is_marked_is_checked_and_nothing_else() {
    let samples = SurveyPage::samples(&language("en"));
    assert_eq!(render(&samples[0]).matches(" checked>").count(), 0);
    let html = render(&samples[1]);
    assert_eq!(html.matches(" checked>").count(), 1);
    assert!(part(&html, "overall").contains("value=\"4\" checked>"));
    assert!(html.contains("It counts once you press “Send”."));
    assert!(html.contains("<a href=\"?lang=de&amp;overall=4\" lang=\"de\" hreflang=\"de\">Deutsch</a>"));
}

#[test]
fn every_trouble_is_listed_linked_and_tied_to_its_question() {
    let page = SurveyPage::samples(&language("en")).remove(2);
    let html = render(&page);
    assert!(html.contains("<title>Error: Your visit – Sole Mitte</title>"));
    for (question, trouble) in &page.troubles {
        assert!(html.contains(&format!("<a href=\"#i-{question}\">")), "{question}");
        assert_eq!(html.matches(&format!(" id=\"i-{question}\"")).count(), 1);
        let part = part(&html, question.as_str());
        assert!(part.contains(&format!("aria-describedby=\"t-{question}")), "{part}");
        assert!(part.contains(&format!("id=\"t-{question}\"")) && part.contains("aria-invalid=\"true\""), "{part}");
        let words = match trouble {
            Trouble::Missing => "Please answer this question",
            Trouble::NotAnOption => "Please choose one of the answers shown",
            Trouble::TooLong { .. } => "Please use at most 500 characters",
        };
        assert!(part.contains(words), "{part}");
    }
}

#[test]
fn hostile_answers_stay_text() {
    let survey = samples::every_kind();
    let hostile = "</textarea><script>alert(1)</script>\"'{{ words }}";
    let mut page = SurveyPage::blank(&survey, language("en"), "/s/\"><b>");
    page.answers = Answers::from([(id("more"), Answer::Text(hostile.to_owned()))]);
    page.drafts = vec![(id("why"), format!("\n{hostile}"))];
    page.place = hostile.to_owned();
    page.hidden = vec![(hostile.to_owned(), hostile.to_owned())];
    let html = render(&page);
    assert!(!html.contains("<script") && !html.contains("<b>"));
    let escaped = "&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;{{ words }}</textarea>";
    assert_eq!(html.matches(escaped).count(), 2);
    // A browser drops the first line break of a field, not the one that was typed.
    assert!(html.contains(&format!("\">\n\n{escaped}")));
    assert_eq!(unbalanced(&html), None);
}

#[test]
fn scales_have_a_control_and_words_for_every_point() {
    let html = render(&SurveyPage::samples(&language("de"))[0]);
    for (question, n_points) in [("overall", 5), ("recommend", 11), ("staff", 5), ("food", 5), ("booking", 7)] {
        let part = part(&html, question);
        assert!(part.contains("<legend>"), "{part}");
        assert_eq!(part.matches("type=\"radio\"").count(), n_points, "{part}");
    }
    assert!(part(&html, "overall").contains("<span>1 = Sehr schlecht</span> <span>5 = Sehr gut</span>"));
    assert!(
        part(&html, "recommend").contains("<span>0 = Sehr unwahrscheinlich</span> <span>10 = Sehr wahrscheinlich<")
    );
    // The best school grade is the lowest number.
    assert!(part(&html, "grade").contains("<span>1 = Sehr zufrieden</span> <span>5 = Sehr unzufrieden</span>"));
    assert!(part(&html, "staff").contains("<b aria-hidden=\"true\">😠</b>Sehr schlecht</span>"));
    assert!(!part(&html, "staff").contains("class=\"ends\""));
}

#[test]
fn a_thumb_has_words_and_a_line_is_an_input() {
    let pages = SurveyPage::samples(&language("de"));
    let html = render(&pages[4]);
    let again = part(&html, "again");
    assert!(again.contains("value=\"0\" id=\"i-again\"><span><b aria-hidden=\"true\">👎</b>Daumen runter</span>"));
    assert!(again.contains("value=\"1\" checked><span><b aria-hidden=\"true\">👍</b>Daumen hoch</span>"));
    // The lowest number is the least effort.
    let effort = part(&html, "effort");
    assert!(effort.contains("<span>1 = Sehr geringer Aufwand</span> <span>5 = Sehr hoher Aufwand</span>"));
    let waiter = part(&html, "waiter");
    assert!(waiter.contains("<input class=\"line\" id=\"i-waiter\" name=\"waiter\" value=\"&#34;Ada&#34; &lt;b&gt;\""));
    assert!(waiter.contains("maxlength=\"80\"") && !waiter.contains("<textarea"));
}

#[test]
fn what_does_not_apply_and_own_words_have_their_place() {
    let html = render(&SurveyPage::samples(&language("en"))[4]);
    let music = part(&html, "music");
    assert!(music.contains("name=\"music\" value=\"n/a\" checked>Does not apply to me</label>"), "{music}");
    let way = part(&html, "way");
    assert!(way.contains("name=\"way\" value=\"other\" checked>In another way</label>"), "{way}");
    assert!(way.contains("<small>In your own words, at most 200 characters</small>"), "{way}");
    assert!(way.contains("name=\"way.words\" value=\"By &#34;boat&#34;\" maxlength=\"200\""), "{way}");
    assert!(way.contains("value=\"n/a\">I was brought</label>"), "{way}");
}

#[test]
fn a_matrix_has_a_group_of_controls_for_each_row() {
    let pages = SurveyPage::samples(&language("en"));
    let html = render(&pages[4]);
    let courses = part(&html, "courses");
    assert_eq!(courses.matches("role=\"radiogroup\"").count(), 3);
    assert_eq!(courses.matches("type=\"radio\"").count(), 18);
    assert!(courses.contains("name=\"courses.main\" value=\"4\" checked>"));
    assert!(courses.contains("name=\"courses.starter\" value=\"n/a\" checked>I had none</label>"));
    // Only the row without an answer is to be looked at again, and that is where the list of troubles leads.
    let (before, wine) = courses.split_once("<legend>The wine</legend>").unwrap();
    assert_eq!(
        before.matches("aria-describedby=\"e-courses t-courses\" aria-required=\"true\" aria-invalid").count(),
        1
    );
    assert!(wine.contains("name=\"courses.wine\" value=\"1\" id=\"i-courses\">"));
    assert!(render(&pages[0]).find("<legend>The wine").is_none() && !render(&pages[0]).contains(".row{"));
}

#[test]
fn a_page_of_several_says_which_it_is_and_leads_both_ways() {
    let pages = SurveyPage::samples(&language("de"));
    let mut page = pages[5].clone();
    let html = render(&page);
    assert!(html.contains("<title>Ihr Abend – Seite 2 von 3 – Sole Mitte</title>"), "{html}");
    assert!(html.contains("<p class=\"step\">Seite 2 von 3</p>"), "{html}");
    assert!(html.contains("name=\".page\" value=\"2\">") && html.contains(">Weiter</button>"), "{html}");
    assert!(html.contains("name=\".go\" value=\"back\">Zurück</button>"), "{html}");
    assert!(html.contains("id=\"q-music\"") && !html.contains("id=\"q-again\"") && !html.contains(".row{"), "{html}");
    assert!(html.contains("<a href=\"?lang=en&amp;.page=2\""), "{html}");
    page.page = 2;
    let html = render(&page);
    assert!(html.contains(">Absenden</button>") && html.contains("id=\"q-courses\""), "{html}");
}

#[test]
fn what_an_earlier_page_asked_is_known() {
    let mut survey = samples::every_kind();
    survey.questions.iter_mut().for_each(|question| question.new_page = question.id.as_str() == "why");
    for (point, is_asked) in [(2, true), (4, false)] {
        let mut page = SurveyPage::blank(&survey, language("en"), "/");
        page.page = 1;
        page.answers = Answers::from([(id("overall"), Answer::Rating(point))]);
        let html = render(&page);
        assert_eq!(html.contains("id=\"q-why\""), is_asked);
        assert!(!html.contains("#q-why{display:none}") && html.contains("#q-which{display:none}"), "{html}");
    }
}

#[test]
fn consent_is_a_box_that_says_no_unless_it_is_ticked() {
    let pages = SurveyPage::samples(&language("en"));
    let call = |page: usize| part(&render(&pages[page]), "call").to_owned();
    assert!(call(3).contains("<input type=\"hidden\" name=\"call\" value=\"no\">"));
    assert!(call(3).contains("id=\"i-call\" name=\"call\" value=\"yes\"><span>You may write to me about this.</span>"));
    assert!(call(4).contains("name=\"call\" value=\"yes\" checked aria-invalid=\"true\" aria-describedby=\"t-call\">"));
}

#[test]
fn that_something_does_not_apply_meets_no_condition() {
    let mut survey = conditional(AskIf { question: id("overall"), at_least: None, at_most: None, any_of: Vec::new() });
    survey.questions[0].not_applicable = Some(NotApplicable::UsualWords);
    let html = render(&SurveyPage::blank(&survey, language("en"), "/"));
    assert!(html.contains("form:not(:has([name=\"overall\"]:not([value=\"n/a\"]):checked)) #q-more{display:none}"));
}

#[test]
fn a_question_waits_for_its_condition_without_any_script() {
    let html = render(&SurveyPage::samples(&language("en"))[0]);
    let after = ":has([name=\"overall\"]:is([value=\"1\"],[value=\"2\"],[value=\"3\"]):checked)";
    assert!(html.contains(&format!("form:not({after}) #q-why{{display:none}}")));
    let after = ":has([name=\"better\"]:is([value=\"food\"]):checked)";
    assert!(html.contains(&format!("form:not({after}) #q-which{{display:none}}")));
    assert!(html.contains("@supports selector(:has(*)){"));
    assert!(part(&html, "why").contains("Only if your answer to “How was your visit?” is: 1–3"));
    assert!(part(&html, "which").contains("Only if your answer to “What can be better?” is: Food and drinks"));
}

fn conditional(ask_if: AskIf) -> Survey {
    let mut survey = samples::every_kind();
    survey.questions.retain(|question| ["overall", "why", "more"].contains(&question.id.as_str()));
    survey.questions[2].ask_if = vec![ask_if];
    survey
}

#[track_caller]
fn check_condition(ask_if: AskIf, expected_rule: &str, expected_words: &str) {
    let survey = conditional(ask_if);
    let html = render(&SurveyPage::blank(&survey, language("en"), "/"));
    assert!(html.contains(&format!("form:not({expected_rule}) #q-more{{display:none}}")), "{html}");
    assert!(part(&html, "more").contains(&format!("<small class=\"if\">{expected_words}</small>")), "{html}");
}

#[test]
fn a_condition_holds_only_with_those_it_depends_on() {
    let ask_if = AskIf { question: id("overall"), at_least: Some(4), at_most: Some(4), any_of: Vec::new() };
    let rule = ":has([name=\"overall\"]:is([value=\"4\"]):checked)";
    check_condition(ask_if.clone(), rule, "Only if your answer to “How was your visit?” is: 4");
    let any = AskIf { at_least: None, at_most: None, ..ask_if.clone() };
    check_condition(any, ":has([name=\"overall\"]:checked)", "Only if you answered “How was your visit?”");
    let never = AskIf { at_least: Some(9), at_most: None, ..ask_if.clone() };
    let survey = conditional(never);
    let html = render(&SurveyPage::blank(&survey, language("en"), "/"));
    assert!(html.contains("form:not(:has([name=\"overall\"]:is():checked)) #q-more{display:none}"));
    let chained = AskIf { question: id("why"), at_least: None, at_most: None, any_of: Vec::new() };
    let rule = ":has([name=\"why\"]:not(:placeholder-shown))\
                :has([name=\"overall\"]:is([value=\"1\"],[value=\"2\"],[value=\"3\"]):checked)";
    check_condition(chained, rule, "Only if you answered “What went wrong?”");
}

#[test]
fn all_conditions_are_waited_for_and_told() {
    let after =
        |question: &str, most| AskIf { question: id(question), at_least: None, at_most: most, any_of: Vec::new() };
    let mut survey = conditional(after("overall", Some(4)));
    survey.questions[2].ask_if.push(after("why", None));
    let html = render(&SurveyPage::blank(&survey, language("en"), "/"));
    let four = ":has([name=\"overall\"]:is([value=\"1\"],[value=\"2\"],[value=\"3\"],[value=\"4\"]):checked)";
    let three = ":has([name=\"overall\"]:is([value=\"1\"],[value=\"2\"],[value=\"3\"]):checked)";
    let why = ":has([name=\"why\"]:not(:placeholder-shown))";
    assert!(html.contains(&format!("form:not({four}{why}{three}) #q-more{{display:none}}")), "{html}");
    for told in [
        "Only if your answer to “How was your visit?” is: 1–4</small>",
        "Only if you answered “What went wrong?”</small>",
    ] {
        assert!(part(&html, "more").contains(told), "{html}");
    }
}

#[test]
fn a_condition_on_itself_does_not_hang() {
    let itself = AskIf { question: id("more"), at_least: None, at_most: None, any_of: Vec::new() };
    let survey = conditional(itself);
    assert!(!render(&SurveyPage::blank(&survey, language("en"), "/")).is_empty());
}

#[test]
fn long_scales_use_two_rows_on_a_narrow_screen() {
    let mut survey = samples::every_kind();
    survey.questions.truncate(1);
    survey.questions[0].kind = Kind::Csat(Scale { worst: 1, best: 10 });
    let html = render(&SurveyPage::blank(&survey, language("en"), "/"));
    assert!(html.contains(".s10{--c:5}\n@media(min-width:508px){.s10{--c:10}}"));
    assert!(html.contains("<div class=\"scale s10\">"));
}

#[test]
fn a_page_stands_in_a_language_that_the_survey_speaks() {
    let survey = samples::every_kind();
    for (wanted, shown) in [("de-AT", "de-AT"), ("fr", "en"), ("en", "en")] {
        let html =
            render(&SurveyPage { survey: Cow::Borrowed(&survey), ..SurveyPage::blank(&survey, language(wanted), "/") });
        assert!(html.contains(&format!("<html lang=\"{shown}\"")), "{wanted}");
    }
}

#[test]
fn a_page_that_is_kept_is_the_same_as_one_written_anew() {
    let templates = Templates::built_in();
    let survey = visit();
    let version = Some(survey.version());
    let token = |n: u8| format!("/s/token-{n}");
    for language in ["en", "de"].map(language) {
        for (marked, hidden, honeypot, stop, seen) in [
            (None, vec![], None, true, false),
            (Some(4), vec![], None, true, true),
            (Some(2), vec![("form", "f"), ("other", "o")], Some(".website"), false, false),
            (None, vec![("form", "f")], Some(".website"), false, false),
        ] {
            let page = |n: u8| SurveyPage {
                version,
                place: "Sole & Söhne".to_owned(),
                answers: marked.map(|point| (id("overall"), Answer::Rating(point))).into_iter().collect(),
                hidden: hidden.iter().map(|(name, value)| ((*name).to_owned(), format!("{value}{n}"))).collect(),
                honeypot: honeypot.map(str::to_owned),
                unsubscribe_url: stop.then(|| format!("/u/token-{n}")),
                counts_when_seen: seen,
                ..SurveyPage::blank(&survey, language.clone(), token(n))
            };
            // The first is written and kept, the second is made of it.
            for n in [1, 2] {
                let anew = SurveyPage { version: None, ..page(n) }.render(&templates).unwrap();
                let kept = page(n).render(&templates).unwrap();
                assert!(kept == anew, "{}\n{}", kept.html, anew.html);
                assert!(kept.html.contains(&token(n)) && !kept.html.contains('\u{10FFFD}'));
            }
        }
    }
}

#[test]
fn nothing_that_was_typed_is_kept_for_the_next() {
    let templates = Templates::built_in();
    let survey = visit();
    let blank = || SurveyPage { version: Some(survey.version()), ..SurveyPage::blank(&survey, language("en"), "/s/a") };
    let first = blank().render(&templates).unwrap().html;
    let typed = SurveyPage { drafts: vec![(id("why"), "my secret".to_owned())], ..blank() };
    let answered = SurveyPage { answers: [(id("why"), Answer::Text("my secret".to_owned()))].into(), ..blank() };
    let action = SurveyPage { action: "/s/a?x=\"><b>".to_owned(), ..blank() };
    for page in [typed, answered] {
        assert!(page.render(&templates).unwrap().html.contains("my secret"));
    }
    assert!(!action.render(&templates).unwrap().html.contains("<b>"));
    assert_eq!(blank().render(&templates).unwrap().html, first);
}
