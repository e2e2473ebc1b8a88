use chrono::TimeZone;
use lettre::message::{Mailbox, Mailboxes};
use mail_parser::{HeaderValue as Parsed, MessageParser};
use proptest::array::uniform2;
use proptest::prelude::*;

use super::*;

fn draft() -> Draft {
    Draft {
        message_id: "inv.01J9Z3@sole.example".to_owned(),
        in_reply_to: None,
        date: Utc.with_ymd_and_hms(2026, 3, 7, 9, 0, 0).unwrap(),
        from: Sender { name: "Trattoria Sole".to_owned(), email: Email::parse("hello@sole.example").unwrap() },
        reply_to: None,
        to: Email::parse("guest@example.org").unwrap(),
        to_name: "A. Guest".to_owned(),
        subject: "How was your visit?".to_owned(),
        text: "How was it?\nhttps://s.sole.example/s/abc\n".to_owned(),
        html: "<p>How was it?</p>\n".to_owned(),
        list_id: "visit.sole.example".to_owned(),
        unsubscribe_url: "https://s.sole.example/u/abc".to_owned(),
        feedback_id: "visit:mitte:invite:canvass".to_owned(),
        for_providers: Vec::new(),
    }
}

fn built(draft: &Draft) -> String {
    String::from_utf8(build(draft).unwrap()).unwrap()
}

fn assert_line_ends(bytes: &[u8]) {
    let mut before = 0;
    for (place, &byte) in bytes.iter().enumerate() {
        let previous = place.checked_sub(1).and_then(|previous| bytes.get(previous));
        match byte {
            b'\n' => {
                assert_eq!(previous, Some(&b'\r'), "bare LF at {place}");
                assert!(place - before <= 999, "line of {} bytes", place - before);
                before = place + 1;
            }
            b'\r' => assert_eq!(bytes.get(place + 1), Some(&b'\n'), "bare CR at {place}"),
            _ => (),
        }
    }
}

#[test]
fn every_header_that_receivers_ask_for_is_there() {
    let mut draft = draft();
    draft.in_reply_to = Some("first@sole.example".to_owned());
    draft.reply_to = Some(Sender { name: String::new(), email: Email::parse("team@sole.example").unwrap() });
    let mail = built(&draft);
    for line in [
        "Message-ID: <inv.01J9Z3@sole.example>",
        "Date: Sat, 07 Mar 2026 09:00:00 +0000",
        "From: \"Trattoria Sole\" <hello@sole.example>",
        "Reply-To: team@sole.example",
        "To: \"A. Guest\" <guest@example.org>",
        "Subject: How was your visit?",
        "List-Id: <visit.sole.example>",
        "List-Unsubscribe: <https://s.sole.example/u/abc>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Auto-Submitted: auto-generated",
        "Feedback-ID: visit:mitte:invite:canvass",
        "In-Reply-To: <first@sole.example>",
        "References: <first@sole.example>",
        "MIME-Version: 1.0",
    ] {
        assert!(mail.split("\r\n").any(|found| found == line), "no `{line}` in\n{mail}");
    }
}

#[test]
fn text_comes_first_and_html_second() {
    let bytes = build(&draft()).unwrap();
    let mail = MessageParser::default().parse(&bytes).unwrap();
    let kinds: Vec<_> = mail.parts.iter().map(mail_parser::MessagePart::is_text_html).collect();
    assert_eq!(kinds.last(), Some(&true));
    assert_eq!(mail.body_text(0).unwrap().trim(), "How was it?\r\nhttps://s.sole.example/s/abc");
    assert_eq!(mail.body_html(0).unwrap().trim(), "<p>How was it?</p>");
}

#[test]
fn the_same_draft_gives_the_same_bytes_and_another_id_another_boundary() {
    let (first, again) = (build(&draft()).unwrap(), build(&draft()).unwrap());
    assert_eq!(first, again);
    let mut other = draft();
    other.message_id = "other@sole.example".to_owned();
    assert_ne!(boundary(&draft().message_id), boundary(&other.message_id));
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut Draft), expected: MessageError) {
    let mut draft = draft();
    change(&mut draft);
    assert_eq!(build(&draft), Err(expected));
}

#[test]
fn no_header_can_be_smuggled_in_through_any_field() {
    use MessageError::{ControlCharacter, NotPlain};
    for found in ['\r', '\n', '\0'] {
        let evil = format!("x{found}Bcc: all@example.org");
        let control = |field| ControlCharacter { field, found };
        check_refused(|d| d.subject.clone_from(&evil), control("subject"));
        check_refused(|d| d.to_name.clone_from(&evil), control("to"));
        check_refused(|d| d.from.name.clone_from(&evil), control("from"));
        let sender = Sender { name: evil.clone(), email: draft().from.email };
        check_refused(|d| d.reply_to = Some(sender), control("reply_to"));
        check_refused(|d| d.message_id.clone_from(&evil), control("message_id"));
        check_refused(|d| d.in_reply_to = Some(evil.clone()), control("in_reply_to"));
        check_refused(|d| d.list_id.clone_from(&evil), control("list_id"));
        check_refused(|d| d.unsubscribe_url = format!("https://{evil}"), control("unsubscribe_url"));
        check_refused(|d| d.feedback_id = format!("{evil}:canvass"), control("feedback_id"));
    }
    check_refused(|d| d.text.push('\0'), ControlCharacter { field: "text", found: '\0' });
    check_refused(|d| d.html.push('\0'), ControlCharacter { field: "html", found: '\0' });
    check_refused(|d| d.message_id = "a>b@c".to_owned(), NotPlain { field: "message_id", found: '>' });
    check_refused(|d| d.list_id = "ü.example".to_owned(), NotPlain { field: "list_id", found: 'ü' });
}

#[test]
fn fields_that_do_not_fit_are_refused_by_name() {
    let long = "x".repeat(FIELD_BYTES_MAX + 1);
    let too_long = |field| MessageError::TooLong { field, n_bytes: FIELD_BYTES_MAX + 1 };
    check_refused(|d| d.subject.clone_from(&long), too_long("subject"));
    check_refused(|d| d.to_name.clone_from(&long), too_long("to"));
    check_refused(|d| d.list_id.clone_from(&long), too_long("list_id"));
    check_refused(|d| d.subject = " \t ".to_owned(), MessageError::Empty { field: "subject" });
    check_refused(|d| d.message_id.clear(), MessageError::Empty { field: "message_id" });
    let given = "mailto:x@example.org".to_owned();
    check_refused(|d| d.unsubscribe_url.clone_from(&given), MessageError::UnsubscribeUrl { given: given.clone() });
    let given = DateTime::from_timestamp(-1, 0).unwrap();
    check_refused(|d| d.date = given, MessageError::Date { given });
    let given = DateTime::from_timestamp(253_402_300_800, 0).unwrap();
    check_refused(|d| d.date = given, MessageError::Date { given });
}

#[test]
fn feedback_ids_have_at_most_three_parts_and_a_sender_of_5_to_15() {
    for good in ["canvass", "a:b:c:canvass", "::c:canvass", "a:fifteen-letters"] {
        assert_eq!(feedback_id(good), Ok(good));
    }
    for bad in ["", "four", "a:b:c:four", "a:b:c:d:canvass", "a:sixteen--letters"] {
        assert_eq!(feedback_id(bad), Err(MessageError::FeedbackId { given: bad.to_owned() }));
    }
}

#[test]
fn what_looks_like_an_encoded_word_reaches_the_reader_as_it_was_written() {
    let subject = "Grüße =?utf-8?b?QmNj?= und mehr davon, sehr viel mehr, damit es über eine Zeile geht";
    let mut draft = draft();
    draft.subject = subject.to_owned();
    draft.to_name = "=?utf-8?q?Bcc?=".to_owned();
    let bytes = build(&draft).unwrap();
    assert_line_ends(&bytes);
    let mail = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(mail.subject(), Some(subject));
    assert_eq!(mail.to().unwrap().first().unwrap().name(), Some("=?utf-8?q?Bcc?="));
}

#[test]
fn a_long_link_is_neither_folded_nor_encoded() {
    let mut draft = draft();
    draft.unsubscribe_url = format!("https://s.sole.example/u/{}", "a".repeat(800));
    let bytes = build(&draft).unwrap();
    assert_line_ends(&bytes);
    let line = format!("\r\nList-Unsubscribe: <{}>\r\n", draft.unsubscribe_url);
    assert!(String::from_utf8(bytes).unwrap().contains(&line));
}

#[test]
fn long_lines_and_all_line_ends_come_out_within_the_limits() {
    let mut draft = draft();
    draft.text = format!("{}\rone\r\ntwo\nthree\r.\r\n..dots", "long ".repeat(1_000));
    draft.html = format!("<p>{}</p>", "ü".repeat(3_000));
    let bytes = build(&draft).unwrap();
    assert!(bytes.is_ascii());
    assert_line_ends(&bytes);
    let mail = MessageParser::default().parse(&bytes).unwrap();
    let expected = draft.text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    assert_eq!(mail.body_text(0).unwrap().trim_end(), expected);
    assert_eq!(mail.body_html(0).unwrap().trim_end(), draft.html);
}

proptest! {
    #[test]
    fn names_and_subjects_survive_the_trip(
        subject in "\\PC{0,120}[a-zß€🌞]",
        name in "\\PC{0,80}[a-zß€🌞]",
        to_name in "[ -~]{0,80}x",
    ) {
        let mut draft = draft();
        draft.subject = subject;
        draft.from.name = name;
        draft.to_name = to_name;
        let bytes = build(&draft).unwrap();
        assert_line_ends(&bytes);
        prop_assert!(bytes.is_ascii());
        let mail = MessageParser::default().parse(&bytes).unwrap();
        prop_assert_eq!(mail.subject().unwrap(), single_blanks(&draft.subject));
        prop_assert_eq!(mail.from().unwrap().first().unwrap().name().unwrap(), single_blanks(&draft.from.name));
        prop_assert_eq!(mail.to().unwrap().first().unwrap().name().unwrap(), single_blanks(&draft.to_name));
        prop_assert_eq!(mail.headers().len(), 12);
        prop_assert!(!matches!(mail.list_unsubscribe(), Parsed::Empty));
    }
}

/// The fields from `Date` to `Subject`, written by lettre alone.
fn by_lettre(draft: &Draft) -> String {
    let mailbox = |name: &str, email: &Email| {
        let name = single_blanks(name).into_owned();
        Mailboxes::from(Mailbox::new((!name.is_empty()).then_some(name), email.as_str().parse().unwrap()))
    };
    let reply_to = draft.reply_to.as_ref().unwrap();
    let mut headers = Headers::new();
    headers.set(header::Date::new(draft.date.into()));
    headers.set(header::From::from(mailbox(&draft.from.name, &draft.from.email)));
    headers.set(header::ReplyTo::from(mailbox(&reply_to.name, &reply_to.email)));
    headers.set(header::To::from(mailbox(&draft.to_name, &draft.to)));
    headers.set(header::Subject::from(single_blanks(&draft.subject).into_owned()));
    headers.to_string()
}

proptest! {
    #[test]
    fn what_people_wrote_and_the_date_are_written_as_lettre_writes_them(
        subject in prop_oneof!["[A-Za-z0-9 \t,.!?'&-]{0,150}x", "\\PC{0,80}x", "[a-z]{60,90} [a-zß ]{0,40}x"],
        [name, to_name] in uniform2(prop_oneof!["[A-Za-z0-9 ._-]{0,110}", "[ -~]{0,110}", "\\PC{0,80}"]),
        local in "[a-z0-9]{1,60}",
        seconds in 0_i64..253_402_300_800,
    ) {
        let mut draft = draft();
        let email = Email::parse(&format!("{local}@sole.example")).unwrap();
        draft.reply_to = Some(Sender { name: to_name.clone(), email: email.clone() });
        draft.from = Sender { name, email: email.clone() };
        (draft.to_name, draft.to) = (to_name, email);
        draft.subject = subject.replace("=?", "");
        draft.date = DateTime::from_timestamp(seconds, 0).unwrap();
        let (mail, expected) = (built(&draft), by_lettre(&draft));
        prop_assert!(mail.contains(&format!("\r\n{expected}List-Id: ")), "{}\nis not\n{}", mail, expected);
    }
}
