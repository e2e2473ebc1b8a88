use chrono::NaiveDate;

use super::*;
use crate::domain::journey::StepKind;
use crate::domain::language::Text;
use crate::domain::survey::Survey;
use crate::render::samples;

/// Stands in for the real count of segments: one of 160 characters of the common alphabet.
pub(super) fn segments(text: &str) -> (u32, Vec<char>) {
    let foreign = |c: &char| !c.is_ascii() && !"äöüÄÖÜßàèéìòùñÉÑÇ¿¡£¥§".contains(*c);
    let foreign = text.chars().filter(foreign).collect::<Vec<_>>();
    let room = if foreign.is_empty() { 160 } else { 70 };
    (u32::try_from(text.chars().count().div_ceil(room)).unwrap(), foreign)
}

#[test]
fn mails_read_the_same_in_both_parts() {
    let templates = Templates::built_in();
    for language in both() {
        for (n, sample) in MailContext::samples(&language).into_iter().enumerate() {
            let mail = sample.render(&templates).unwrap();
            insta::assert_snapshot!(
                format!("mail_{language}_{n}"),
                format!("Subject: {}\n\n{}\n{}", mail.subject, mail.text, mail.html)
            );
        }
    }
}

#[test]
fn both_parts_hold_what_a_mail_must_hold() {
    let templates = Templates::built_in();
    for sample in both().iter().flat_map(MailContext::samples) {
        let mail = sample.render(&templates).unwrap();
        for part in [&mail.text, &mail.html] {
            for must in [&sample.asked.question, &sample.asked.url, &sample.unsubscribe_url, &sample.postal_address] {
                assert!(part.contains(must.as_str()), "{must} is missing in {part}");
            }
        }
        for rating in &sample.asked.ratings {
            assert!(mail.html.contains(&format!("href=\"{}\"", rating.url)));
        }
    }
}

#[test]
fn an_address_in_the_text_part_has_its_line_to_itself() {
    let templates = Templates::built_in();
    for sample in both().iter().flat_map(MailContext::samples) {
        let mail = sample.render(&templates).unwrap();
        for line in mail.text.lines().filter(|line| line.contains("://")) {
            assert!(line.starts_with("https://") && !line.contains(' '), "{line}");
        }
        assert_eq!(mail.text.lines().filter(|line| line.contains("://")).count(), 2);
        assert!(!mail.text.contains("\n\n\n"), "{}", mail.text);
        assert!(!mail.text.contains('<'));
    }
}

#[test]
fn mails_stay_far_below_the_size_at_which_they_are_clipped() {
    let templates = Templates::built_in();
    for sample in both().iter().flat_map(MailContext::samples) {
        assert!(sample.render(&templates).unwrap().html.len() < 12_000);
    }
}

#[test]
fn eleven_ratings_stand_in_two_rows_and_each_marks_its_own_score() {
    let templates = Templates::built_in();
    let mut survey = samples::every_kind();
    for question in &mut survey.questions {
        question.key = question.id.as_str() == "recommend";
    }
    let asked = templates.asked(&survey, &language("de"), "https://s.example/t?x=1").unwrap();
    assert_eq!(asked.ratings.len(), 11);
    assert_eq!(asked.ratings[10].url, "https://s.example/t?x=1&recommend=10");
    let mail = MailContext { asked, ..MailContext::samples(&language("de")).remove(0) };
    let html = mail.render(&templates).unwrap().html;
    assert_eq!(html.matches("class=\"tile\"").count(), 11);
    assert_eq!(html.matches("table-layout:fixed").count(), 2);
    assert!(html.contains("t?x=1&amp;recommend=10"));
}

#[test]
fn a_hostile_name_neither_ends_a_header_nor_opens_a_tag() {
    let templates = Templates::built_in();
    let mut mail = MailContext::samples(&language("en")).remove(1);
    mail.asked.title = "Hi\r\nBcc: all@example.org".to_owned();
    mail.contact_name = "<script>alert('x')</script> {{ words }}\n\nhttps://evil.example".to_owned();
    mail.business = "\"A\" & <B>".to_owned();
    let mail = mail.render(&templates).unwrap();
    assert_eq!(mail.subject, "Reminder: Hi Bcc: all@example.org");
    assert!(mail.html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; {{ words }} https://evil.example,"));
    assert!(mail.html.contains("&#34;A&#34; &amp; &lt;B&gt;"));
    assert!(mail.text.contains("Hello <script>alert('x')</script> {{ words }} https://evil.example,\n"));
}

#[test]
fn a_reason_names_place_and_day_as_people_write_them() {
    let templates = Templates::built_in();
    let on = NaiveDate::from_ymd_opt(2026, 3, 6).unwrap();
    for (tag, expected) in [("en", "Sole Mitte on 6 March 2026."), ("de-AT", "Sole Mitte am 6. März 2026.")] {
        let mut mail = MailContext::samples(&language(tag)).remove(0);
        mail.why = Why::Contact { place: "Sole Mitte".to_owned(), on };
        let mail = mail.render(&templates).unwrap();
        assert!(mail.text.contains(expected) && mail.html.contains(expected), "{}", mail.text);
    }
}

#[test]
fn a_mail_from_right_to_left_says_so() {
    let templates = Templates::built_in();
    let mail = MailContext { language: language("he"), ..MailContext::samples(&language("en")).remove(0) };
    let html = mail.render(&templates).unwrap().html;
    assert!(html.contains("<html lang=\"he\" dir=\"rtl\">"));
    assert!(html.contains("<td class=\"soft\" align=\"right\""));
}

#[test]
fn text_messages_name_the_sender_ask_and_fit_one_segment() {
    let templates = Templates::built_in();
    let samples = both().map(|language| SmsContext::samples(&language)).concat();
    let texts = samples.iter().map(|sms| sms.render(&templates).unwrap()).collect::<Vec<_>>();
    for text in &texts {
        assert_eq!(segments(text), (1, Vec::new()), "{text}");
    }
    insta::assert_snapshot!(texts.join("\n"), @"
    Trattoria Sole: How likely are you to recommend us to a friend or colleague? https://s.sole.example/s/01jq8zv6y4m3k7t2w9x5b0n1c6d8e-a1b2 STOP to opt out
    Trattoria Sole: How was your visit? Reply 1-5 or open https://s.sole.example/s/01jq8zv6y4m3k7t2w9x5b0n1c6d8e-a1b2 STOP to opt out
    Trattoria Sole: How was your visit? https://s.sole.example/s/01jq8zv6y4m3k7t2w9x5b0n1c6d8e-a1b2 Opt out: https://s.sole.example/u/4k7t2
    Trattoria Sole: Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen? https://s.sole.example/s/01jq8zv6y4m3k7t2w9x5b0n1c6d8e-a1b2 Ende mit STOP
    Trattoria Sole: Wie war Ihr Besuch? Antworten Sie mit 1-5 oder hier: https://s.sole.example/s/01jq8zv6y4m3k7t2w9x5b0n1c6d8e-a1b2 Ende mit STOP
    Trattoria Sole: Wie war Ihr Besuch? https://s.sole.example/s/01jq8zv6y4m3k7t2w9x5b0n1c6d8e-a1b2 Ende: https://s.sole.example/u/4k7t2
    ");
}

#[test]
fn what_telephones_are_answered_names_the_sender_and_fits_one_segment() {
    let templates = Templates::built_in();
    let samples = both().map(|language| NoticeContext::samples(&language)).concat();
    let texts = samples.iter().map(|notice| notice.render(&templates).unwrap()).collect::<Vec<_>>();
    for text in &texts {
        assert_eq!(segments(text), (1, Vec::new()), "{text}");
    }
    insta::assert_snapshot!(texts.join("\n"));
    let samples = both().map(|language| QuestionContext::samples(&language)).concat();
    let texts = samples.iter().map(|question| question.render(&templates).unwrap()).collect::<Vec<_>>();
    for text in &texts {
        assert!(segments(text).1.is_empty(), "{text}");
    }
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn typography_does_not_make_a_text_message_dearer() {
    let sms = SmsContext {
        language: language("de"),
        business: "Anna\u{2019}s Caf\u{e9}".to_owned(),
        question: "\u{201e}Gut\u{201c}\u{a0}\u{2013} oder\u{2026}?\n".to_owned(),
        url: "https://s.example/t".to_owned(),
        reply: None,
        stop: Stop::Reply,
    };
    let text = sms.render(&Templates::built_in()).unwrap();
    assert_eq!(text, "Anna's Café: \"Gut\" - oder...? https://s.example/t Ende mit STOP");
}

#[test]
fn the_check_finds_long_text_messages_and_missing_languages() {
    let templates = Templates::built_in();
    let mut survey = samples::every_kind();
    let worst = WorstCase {
        business: "Trattoria Sole",
        survey_url: samples::SURVEY_URL,
        stop: &Stop::Reply,
        replies: false,
        segments: &segments,
    };
    let problems =
        |survey: &Survey| templates.check([survey], &worst).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(problems(&survey), [""; 0]);
    let danish = (language("da"), "Hvordan var det, s\u{153}ster? 🎉".to_owned());
    survey.questions[0].text = Text::of([danish].into()).unwrap();
    assert_eq!(
        problems(&survey),
        [
            "survey `visit` speaks `da`, the interface does not; put language/da.toml beside the templates",
            "the text message of survey `visit` in `da` needs 2 segments because of 'œ' (U+0153), '🎉' (U+1F389)",
            "the text message of survey `visit` in `de` needs 2 segments because of 'œ' (U+0153), '🎉' (U+1F389)",
            "the text message of survey `visit` in `en` needs 2 segments because of 'œ' (U+0153), '🎉' (U+1F389)",
        ]
    );
}

#[test]
fn a_fallback_is_no_reminder() {
    let templates = Templates::built_in();
    let mail = MailContext { kind: StepKind::Fallback, ..MailContext::samples(&language("en")).remove(0) };
    assert!(!mail.render(&templates).unwrap().subject.contains("Reminder"));
}
