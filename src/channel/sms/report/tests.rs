use super::super::sample::{kannel, of_preset, plain_with, read, twilio};
use super::*;
use crate::channel::sms::Gateway;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

/// What a report says, in short: the news, how bad they are, and what is kept.
#[track_caller]
fn check(gateway: &Gateway, report: &Report<'_>, expected: &str) {
    let said = match gateway.receipt(report) {
        Ok(Some(receipt)) => {
            assert_eq!(receipt.source, "main");
            let class = if let News::Bounced(class) = receipt.news { class.as_str() } else { "-" };
            format!("{} {class}: {}", receipt.news.as_str(), receipt.reply)
        }
        Ok(None) => "nothing".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(said, expected);
}

#[test]
fn kannels_reports_are_read() {
    let kannel = kannel("http://127.0.0.1:13013");
    let report = |query| Report::of(query, None, b"");
    check(&kannel, &report("st=1&ans=&fid=7&ts=1&smsc=fake1"), "delivered -: 1");
    check(&kannel, &report("st=2&ans=NACK%2F88%2FQueue+full"), "bounced soft: 2 NACK/88/Queue full");
    check(&kannel, &report("st=16&ans=NACK%2Fbuffer%0A"), "bounced soft: 16 NACK/buffer");
    for taken in ["st=4&ans=", "st=8&ans=ACK%2F", "st=32", "st=one"] {
        check(&kannel, &report(taken), "nothing");
    }
    let missing = "there is no state in it: `receipts.state` of the gateway says that it stands in the query, as `st`";
    for unreadable in ["", "ans=ACK%2F", "st=", "ST=1"] {
        check(&kannel, &report(unreadable), missing);
    }
    check(&kannel, &Report::of("", FORM, b"st=1"), missing);
}

#[test]
fn twilios_reports_are_read() {
    let twilio = twilio(None);
    let report = |form: &'static str| Report::of("", FORM, form.as_bytes());
    for (form, expected) in [
        ("MessageStatus=delivered&MessageSid=SM1", "delivered -: delivered"),
        ("MessageStatus=read", "delivered -: read"),
        ("MessageStatus=undelivered&ErrorCode=30003", "bounced soft: undelivered 30003"),
        ("MessageStatus=undelivered&ErrorCode=30005", "bounced hard: undelivered 30005"),
        ("MessageStatus=undelivered&ErrorCode=30006", "bounced hard: undelivered 30006"),
        ("MessageStatus=failed&ErrorCode=21610", "bounced hard: failed 21610"),
        ("MessageStatus=undelivered&ErrorCode=30004", "bounced policy: undelivered 30004"),
        ("MessageStatus=undelivered&ErrorCode=30007", "bounced policy: undelivered 30007"),
        ("MessageStatus=failed", "bounced soft: failed"),
        ("MessageStatus=failed&ErrorCode=", "bounced soft: failed"),
        ("MessageStatus=sent&ErrorCode=30005", "nothing"),
        ("MessageStatus=queued", "nothing"),
    ] {
        check(&twilio, &report(form), expected);
    }
    check(
        &twilio,
        &report("SmsStatus=delivered"),
        "there is no state in it: `receipts.state` of the gateway says that it stands in the form, as `MessageStatus`",
    );
}

#[test]
fn vonage_reports_in_whatever_form_the_account_asked_for() {
    let vonage = of_preset("vonage");
    check(&vonage, &Report::of("status=delivered&err-code=0", None, b""), "delivered -: delivered 0");
    check(&vonage, &Report::of("", FORM, b"status=failed&err-code=9"), "bounced hard: failed 9");
    let json = |json: &'static str| Report::of("", Some("application/json"), json.as_bytes());
    check(&vonage, &json(r#"{"status": "rejected", "err-code": "6"}"#), "bounced policy: rejected 6");
    check(&vonage, &json(r#"{"status": "expired", "err-code": 1}"#), "bounced soft: expired 1");
    check(&vonage, &json(r#"{"status": "buffered"}"#), "nothing");
    let missing = "there is no state in it: `receipts.state` of the gateway says that it stands in the query, the form or \
                   the JSON, as `status`";
    check(&vonage, &json(r#"{"state": "delivered", "deeper": {"status": "delivered"}}"#), missing);
}

#[test]
fn messagebird_and_plivo_report() {
    let messagebird = of_preset("messagebird");
    let query = |query| Report::of(query, None, b"");
    check(
        &messagebird,
        &query("id=1&status=delivered&statusReason=successfully+delivered"),
        "delivered -: delivered successfully delivered",
    );
    check(&messagebird, &query("status=sent"), "nothing");
    check(
        &messagebird,
        &query("status=delivery_failed&statusReason=unknown+subscriber"),
        "bounced hard: delivery_failed unknown subscriber",
    );
    check(
        &messagebird,
        &query("status=delivery_failed&statusReason=carrier+rejected"),
        "bounced policy: delivery_failed carrier rejected",
    );
    check(&messagebird, &query("status=expired"), "bounced soft: expired");
    let plivo = of_preset("plivo");
    let form = |form: &'static str| Report::of("", FORM, form.as_bytes());
    check(&plivo, &form("Status=delivered&ErrorCode=000"), "delivered -: delivered 000");
    check(&plivo, &form("Status=queued"), "nothing");
    check(&plivo, &form("Status=undelivered&ErrorCode=70"), "bounced hard: undelivered 70");
    check(&plivo, &form("Status=rejected&ErrorCode=200"), "bounced hard: rejected 200");
    check(&plivo, &form("Status=failed&ErrorCode=30"), "bounced policy: failed 30");
    check(&plivo, &form("Status=undelivered&ErrorCode=80"), "bounced soft: undelivered 80");
}

#[test]
fn reports_in_json_are_read() {
    let gateway = read(&format!(
        "{}[receipts]\nstate = {{ json = 'data.state' }}\ndelivered = [1]\nfailed = ['lost', 2]\n\
         code = {{ json = 'data.errors[*].code' }}\ndead_on = ['gone', 7]\nreply = {{ json = 'data.text' }}",
        plain_with("")
    ))
    .unwrap();
    let report = |json: &'static str| Report::of("state=1", Some("Application/JSON; charset=utf-8"), json.as_bytes());
    let missing =
        "there is no state in it: `receipts.state` of the gateway says that it stands in the JSON, at `data.state`";
    check(&gateway, &report(r#"{"data": {"state": 1, "text": "fine"}}"#), "delivered -: 1 fine");
    let lost = r#"{"data": {"state": "lost", "errors": [{"code": 7}, {"code": 8}]}}"#;
    check(&gateway, &report(lost), "bounced hard: lost 7");
    check(&gateway, &report(r#"{"data": {"state": "underway"}}"#), "nothing");
    for unreadable in ["", "{", "[]", r#"{"data": {"state": null}}"#, r#"{"data": {"state": [1]}}"#] {
        check(&gateway, &report(unreadable), missing);
    }
    check(&gateway, &Report::of("", FORM, br#"{"data": {"state": 1}}"#), missing);
}

#[test]
fn a_long_reply_is_cut_and_a_gateway_that_says_nothing_of_reports_takes_none() {
    let query = format!("st=2&ans={}", "x".repeat(10_000));
    let receipt = kannel("http://127.0.0.1").receipt(&Report::of(&query, None, b"")).unwrap().unwrap();
    assert_eq!(receipt.reply.chars().count(), crate::domain::attempt::REPLY_CHARS_MAX);
    let silent = read(&plain_with("")).unwrap();
    check(&silent, &Report::of("st=1", FORM, b"MessageStatus=delivered"), "nothing");
}

#[test]
fn keys_of_a_preset_can_be_replaced() {
    let toml = "preset = 'kannel'\nurl = 'http://127.0.0.1'\nusername = 'u'\n\
                receipts = { state = { form = 'state' }, failed = ['16'] }";
    let gateway = read(toml).unwrap();
    check(&gateway, &Report::of("st=1&ans=ok", FORM, b"state=1"), "delivered -: 1 ok");
    check(&gateway, &Report::of("", FORM, b"state=2"), "nothing");
    check(&gateway, &Report::of("", FORM, b"state=16"), "bounced soft: 16");
}

/// A declaration with this table has exactly these problems.
#[track_caller]
fn check_problems(table: &str, expected: &[&str]) {
    let problems = read(&format!("{}[receipts]\n{table}", plain_with(""))).err().unwrap_or_default();
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, expected, "{table}");
}

#[test]
fn mistakes_are_told() {
    check_problems("state = { query = 'st' }\ndelivered = [1]", &[]);
    check_problems(
        "delivered = [1]",
        &["receipts: there is no `state`: say where it stands in a report, like `state = { query = \"st\" }`"],
    );
    check_problems(
        "state = { query = 'st' }",
        &[
            "receipts: no state means anything: write those of arrived messages into `delivered = [ … ]`, those of lost \
           ones into `failed = [ … ]`",
        ],
    );
    check_problems(
        "state = { query = 'st' }\ndelivered = [1, 2]\nfaild = ['x']\nfailed = [2, '1', true, '']",
        &[
            "receipts.faild: there is no key `faild`; did you mean `failed`?",
            "receipts.failed: `true` is not what can stand here: write texts or whole numbers, like `[\"undelivered\", \
             30005]`",
            "receipts.failed: `\"\"` is not what can stand here: write texts or whole numbers, like `[\"undelivered\", \
             30005]`",
            "receipts.failed: `1`, `2` stands in `delivered` as well: leave it in one of the two",
        ],
    );
    let place = "it stands in one place: write `{ query = \"st\" }`, `{ form = \"MessageStatus\" }` or `{ json = \
                 \"data.status\" }`, or, where it comes now in one and now in another, `{ field = \"status\" }`";
    check_problems("delivered = [1]\nstate = {}", &[&format!("receipts.state: {place}")]);
    check_problems(
        "delivered = [1]\nstate = { query = 'a', form = 'b' }\ncode = 'x'",
        &[
            &format!("receipts.state: {place}"),
            "receipts.code: `\"x\"` is not what can stand here: write a table, `{ … }`",
        ],
    );
    check_problems(
        "delivered = [1]\nstate = { json = 'a..b' }\nreply = { form = '' }\ncode = { json = 3 }",
        &[
            "receipts.state.json: `a..b` has an empty step: write keys with dots between them, like `error.code` or \
             `messages[*].status`",
            "receipts.code.json: `3` is not what can stand here: write a text in quotes",
            "receipts.reply.form: the name is empty: write that of a field",
        ],
    );
    check_problems(
        "delivered = [1]\nstate = { query = 'st' }\ndead_on = [5]\npolicy_on = ['5']",
        &[
            "receipts.policy_on: `5` stands in `dead_on` as well: leave it in one of the two",
            "receipts.dead_on: it is not said where a code stands: write for example `code = { form = \"ErrorCode\" }`",
            "receipts.policy_on: it is not said where a code stands: write for example `code = { form = \"ErrorCode\" }`",
        ],
    );
    check_problems(
        "delivered = [1]\nstate = { query = 'st' }\nsignature = 'twilo'",
        &[
            "receipts.signature: `twilo` is no way to sign that is known: write one of `none`, `messagebird`, `plivo`, `twilio`, `vonage`",
        ],
    );
    let signed = "[receipts]\ndelivered = [1]\nstate = { query = 'st' }\nsignature = 'twilio'";
    let without_secret =
        Gateway::from_table("main", &format!("{}{signed}", plain_with("")).parse().unwrap(), &|_| None);
    let problems: Vec<_> = without_secret.unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(problems, ["receipts.signature: the secret that signs is missing: set `token_file`"]);
    check_problems("delivered = [1]\nstate = { query = 'st' }\nsignature = 'twilio'", &[]);
    let both = "token_file = 't'\nsigning_key_file = 'k'";
    assert!(read(&format!("{}{signed}", plain_with(both))).is_ok(), "what signs is used");
}
