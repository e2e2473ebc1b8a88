use serde_json::json;

use super::super::sample::{ACCOUNT_SID, NUMBER, gateway, plain_with, read, twilio};
use super::*;
use crate::channel::SentSms;
use crate::channel::sms::Gateway;
use crate::domain::contact::Phone;
use crate::domain::receipt::{Bounce, News};

const LINK: &str = "/s/0123456789abcdefghijklmnopqrstuvwx";

fn sent() -> SentSms {
    SentSms { to: Phone::parse(NUMBER, None).unwrap(), reference: "inv_01J9Z3-1".to_owned(), in_text: LINK.to_owned() }
}

fn url() -> Url {
    Url::parse("https://api.twilio.com/2010-04-01/Accounts/AC/Messages.json?To=1").unwrap()
}

/// An entry of Twilio's list.
fn entry(sid: &str, body: &str, status: &str, error_code: Option<u32>) -> Json {
    json!({ "sid": sid, "body": body, "status": status, "error_code": error_code, "to": NUMBER, "num_segments": "1" })
}

fn ours(status: &str, error_code: Option<u32>) -> Json {
    entry("SM7", &format!("How was it? https://s.sole.example{LINK} STOP?"), status, error_code)
}

fn page(gateway: &Gateway, json: &Json) -> Option<Page> {
    gateway.page((json, &url()), &sent())
}

fn not_here(next: Option<Url>, lack: Option<Lack>) -> Page {
    Page::NotHere { next, lack }
}

#[track_caller]
fn check(entry: &Json, expected: Option<News>) {
    let list = json!({ "messages": [self::entry("SM6", "Another", "delivered", None), entry], "next_page_uri": null });
    let Some(Page::Found(Verdict::Taken { provider_ref, receipt })) = page(&twilio(None), &list) else {
        panic!("{entry} was not found")
    };
    assert_eq!((provider_ref.as_str(), receipt.map(|receipt| receipt.news)), ("SM7", expected), "{entry}");
}

#[test]
fn twilios_list_says_what_became_of_ours() {
    for on_its_way in ["accepted", "scheduled", "queued", "sending", "sent"] {
        check(&ours(on_its_way, None), None);
    }
    check(&ours("delivered", None), Some(News::Delivered));
    check(&ours("undelivered", Some(30003)), Some(News::Bounced(Bounce::Soft)));
    check(&ours("undelivered", Some(30005)), Some(News::Bounced(Bounce::Hard)));
    check(&ours("failed", Some(30007)), Some(News::Bounced(Bounce::Policy)));
}

#[test]
fn what_is_not_on_this_page_may_be_on_the_next_of_the_same_server() {
    let list = |next: Json| json!({ "messages": [entry("SM6", "Another", "sent", None)], "next_page_uri": next });
    let next = "/2010-04-01/Accounts/AC/Messages.json?To=1&Page=1&PageToken=PASM6";
    let expected = Url::parse("https://api.twilio.com").unwrap().join(next).unwrap();
    assert_eq!(page(&twilio(None), &list(json!(next))), Some(not_here(Some(expected), None)));
    for last in [json!(null), json!("")] {
        assert_eq!(page(&twilio(None), &list(last)), Some(not_here(None, None)));
    }
    // Somewhere else is not asked, so the list is not whole.
    for elsewhere in [json!("https://api.twilio.com.example/x"), json!("http://api.twilio.com/x"), json!({}), json!([])]
    {
        assert_eq!(page(&twilio(None), &list(elsewhere)), Some(not_here(None, Some(Lack::Rest))));
    }
    for no_list in [json!({}), json!({ "messages": "none" }), json!([])] {
        assert_eq!(page(&twilio(None), &no_list), None);
    }
}

#[test]
fn a_list_that_may_leave_ours_out_does_not_say_that_it_is_not_there() {
    let by_text = twilio(None);
    let by_reference = gateway(&plain_with("reconcile = { list = 'messages', reference = 'ref', message_id = 'sid' }"));
    let check = |gateway: &Gateway, entries: Json, lack: Option<Lack>| {
        let list = json!({ "messages": entries, "next_page_uri": null });
        assert_eq!(page(gateway, &list), Some(not_here(None, lack)), "{list}");
    };
    let other = entry("SM6", "Another", "sent", None);
    check(&by_text, json!([]), None);
    check(&by_text, json!([other]), None);
    // A gateway that forgets texts gives them empty, or not at all.
    check(&by_text, json!([other, entry("SM5", "", "sent", None)]), Some(Lack::Marks));
    check(&by_text, json!([other, { "sid": "SM5", "body": null }]), Some(Lack::Marks));
    check(&by_text, json!([{ "body": format!("https://s.sole.example{LINK}"), "sid": null }]), Some(Lack::Name));
    check(&by_reference, json!([]), None);
    check(&by_reference, json!([{ "sid": "SM6" }, { "sid": "SM5", "ref": "inv_01J9Z3-2" }]), None);
    check(&by_reference, json!([{ "sid": "SM6" }, { "sid": "SM5", "reference": "inv_01J9Z3-1" }]), Some(Lack::Marks));
}

#[test]
fn of_a_message_that_was_sent_again_the_best_counts() {
    let named = |sid: &str, status: &str| {
        let mut entry = ours(status, None);
        entry["sid"] = json!(sid);
        entry
    };
    let best = |entries: [Json; 3]| {
        let Some(Page::Found(Verdict::Taken { provider_ref, receipt })) =
            page(&twilio(None), &json!({ "messages": entries }))
        else {
            panic!("it was not found")
        };
        (provider_ref, receipt.map(|receipt| receipt.news))
    };
    let [failed, sent, delivered] = [named("SM9", "failed"), named("SM8", "sent"), named("SM7", "delivered")];
    assert_eq!(best([failed.clone(), sent.clone(), delivered]), ("SM7".to_owned(), Some(News::Delivered)));
    assert_eq!(best([failed.clone(), sent, failed]), ("SM8".to_owned(), None));
}

#[test]
fn our_reference_tells_where_the_gateway_keeps_it() {
    let lines = "reconcile = { list = 'data', reference = 'ref', message_id = 'id' }";
    let gateway = gateway(&plain_with(lines));
    let list = json!({ "data": [{ "id": 6, "ref": "inv_01J9Z3-2" }, { "id": 7, "ref": "inv_01J9Z3-1" }] });
    let taken = Verdict::Taken { provider_ref: "7".to_owned(), receipt: None };
    assert_eq!(page(&gateway, &list), Some(Page::Found(taken)));
}

#[test]
fn the_question_goes_where_messages_go_unless_it_is_said_otherwise() {
    let request = twilio(None).question(&sent()).unwrap().unwrap();
    let expected = format!(
        "https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json?PageSize=100&To=%2B4915112345678"
    );
    assert_eq!((request.method.as_str(), request.url.as_str()), ("GET", expected.as_str()));
    assert!(request.headers.iter().any(|(name, value)| name == "authorization" && value.is_sensitive()));
    assert_eq!(request.body, None);

    let lines = "reconcile = { url = 'https://ask.sms.example/list', query = { q = '{reference}' }, list = 'l', text = 't', message_id = 'id' }";
    let request = gateway(&plain_with(lines)).question(&sent()).unwrap().unwrap();
    assert_eq!(request.url.as_str(), "https://ask.sms.example/list?q=inv_01J9Z3-1");
    assert!(gateway(&plain_with("")).question(&sent()).is_none());
}

#[track_caller]
fn check_problem(table: &str, path: &[&str], words: &str) {
    let problems = read(&plain_with(&format!("reconcile = {{ {table} }}"))).unwrap_err();
    let found = problems.iter().any(|problem| problem.path == path && problem.message.contains(words));
    assert!(found, "{problems:?}");
}

#[test]
fn a_table_that_could_not_work_is_refused() {
    check_problem("text = 'body', message_id = 'sid'", &["reconcile", "list"], "there is no `list`");
    check_problem("list = 'm', text = 'body'", &["reconcile", "message_id"], "there is no `message_id`");
    check_problem("list = 'm', message_id = 'sid'", &["reconcile"], "nothing says which message is ours");
    let whole = "list = 'm', message_id = 'sid', text = 'body'";
    check_problem(&format!("{whole}, next = 'a..b'"), &["reconcile", "next"], "`a..b` has an empty step");
    check_problem(&format!("{whole}, query = {{ x = '{{text}}' }}"), &["reconcile", "query", "x"], "text");
    check_problem(&format!("{whole}, body = 'x'"), &["reconcile", "body"], "there is no key `body`");
}
