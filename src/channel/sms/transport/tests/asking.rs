//! Gateways that are asked what became of a message.

use serde_json::{Value, json};

use super::*;
use crate::channel::sms::Lack;
use crate::channel::sms::sample::NUMBER;
use crate::domain::contact::Phone;
use crate::domain::receipt::News;

const LINK: &str = "/s/0123456789abcdefghijklmnopqrstuvwx";
const NEXT: &str = "/2010-04-01/Accounts/AC/Messages.json?Page=1&PageToken=PASM6";

fn sent() -> SentSms {
    SentSms { to: Phone::parse(NUMBER, None).unwrap(), reference: "inv_01J9Z3-1".to_owned(), in_text: LINK.to_owned() }
}

/// A page of Twilio's list with one message on it.
fn page(sid: &str, body: &str, next: Option<&str>) -> Step {
    let message = json!({ "sid": sid, "body": body, "status": "delivered", "error_code": null });
    let page: Value = json!({ "messages": [message], "next_page_uri": next });
    answer(200, "Content-Type: application/json\r\n", &page.to_string())
}

fn ask(steps: &[Step]) -> (Result<Verdict, AskError>, Vec<String>) {
    let server = Server::start(steps);
    let mut gateway = twilio(Some(&server.url()));
    if matches!(steps, [Step::Hang]) {
        gateway.limits.total = Duration::from_secs(2);
    }
    let verdict = block_on(open(gateway).ask(&sent()));
    (verdict, server.requests())
}

#[track_caller]
fn check_error(steps: &[Step], expected: &str) {
    let (verdict, requests) = ask(steps);
    let error = verdict.unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
    assert!(!error.to_string().contains("127.0.0.1") && !error.to_string().contains("4915112345678"), "{error}");
    assert!(requests.len() <= steps.len());
}

#[test]
fn a_list_is_read_page_by_page_until_the_message_is_there() {
    let ours = format!("How was it? https://s.sole.example{LINK}");
    let (verdict, requests) = ask(&[page("SM6", "Another", Some(NEXT)), page("SM7", &ours, None)]);
    let Ok(Verdict::Taken { provider_ref, receipt }) = verdict else { panic!("{verdict:?}") };
    assert_eq!((provider_ref.as_str(), receipt.map(|receipt| receipt.news)), ("SM7", Some(News::Delivered)));
    let [first, second] = requests.try_into().unwrap();
    assert!(first.starts_with("GET /2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json?"), "{first}");
    assert!(first.contains("To=%2B4915112345678"), "{first}");
    assert!(second.starts_with(&format!("GET {NEXT} HTTP/1.1")), "{second}");
    let login = |request: &str| {
        request.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization: basic ")).map(str::to_owned)
    };
    assert!(login(&first).is_some());
    assert_eq!(login(&first), login(&second));
}

#[test]
fn what_a_whole_list_does_not_have_is_not_there() {
    let (verdict, requests) = ask(&[page("SM6", "Another", Some(NEXT)), page("SM5", "One more", None)]);
    assert_eq!((verdict, requests.len()), (Ok(Verdict::NotThere), 2));
    let empty = answer(200, "", r#"{"messages": [], "next_page_uri": null}"#);
    assert_eq!(ask(&[empty]).0, Ok(Verdict::NotThere));
}

#[test]
fn a_list_with_something_missing_tells_only_what_is_on_it() {
    let forgotten = || page("SM6", "", Some(NEXT));
    assert_eq!(ask(&[forgotten(), page("SM5", "Another", None)]).0, Err(AskError::NotWhole(Lack::Marks)));
    let (verdict, _) = ask(&[forgotten(), page("SM7", LINK, None)]);
    assert!(matches!(verdict, Ok(Verdict::Taken { .. })), "{verdict:?}");
    let elsewhere = page("SM6", "Another", Some("https://sms.example/next"));
    assert_eq!(ask(&[elsewhere]).0, Err(AskError::NotWhole(Lack::Rest)));
}

#[test]
fn an_answer_that_is_none_tells_nothing() {
    check_error(&[answer(401, "", r#"{"messages": []}"#)], "HTTP status 401");
    check_error(&[answer(429, "Retry-After: 1\r\n", "")], "HTTP status 429");
    check_error(&[answer(200, "", "<html>")], "HTTP status 200");
    check_error(&[answer(200, "", r#"{"messages": 7}"#)], "HTTP status 200");
    check_error(&[answer(307, "Location: /elsewhere\r\n", ""), page("SM7", LINK, None)], "HTTP status 307");
    check_error(&[page("SM6", "Another", Some(NEXT)), answer(500, "", "")], "HTTP status 500");
    check_error(&[answer(200, "", &" ".repeat(LIST_BYTES_MAX + 1))], "HTTP status 200");
    check_error(&[Step::CloseAfterReading], "it did not answer");
    check_error(&[Step::Hang], "it did not answer");
}

#[test]
fn a_list_without_an_end_is_left_after_some_pages() {
    let (verdict, requests) = ask(&vec![page("SM6", "Another", Some(NEXT)); PAGES_MAX + 1]);
    assert_eq!((verdict, requests.len()), (Err(AskError::TooLong), PAGES_MAX));
}
