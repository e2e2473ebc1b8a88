use super::super::sample::{ACCOUNT_SID, PASSWORD, PLAIN, gateway, kannel, message, plain_with, read, twilio};
use super::*;

/// The problems of a declaration, one a line.
fn problems(toml: &str) -> String {
    read(toml)
        .err()
        .unwrap_or_default()
        .iter()
        .flat_map(|problem| {
            [
                problem.to_string(),
                "
"
                .to_owned(),
            ]
        })
        .collect()
}

/// A declaration has exactly this problem.
#[track_caller]
fn check(toml: &str, expected: &str) {
    assert_eq!(problems(toml), format!("{expected}\n"), "{toml}");
}

#[test]
fn a_plain_declaration_has_no_problem() {
    assert_eq!(problems(PLAIN), "");
    assert_eq!(format!("{:?}", gateway(PLAIN)), "Gateway(main)");
    assert!(!gateway(PLAIN).is_idempotent());
    assert!(gateway(&plain_with("idempotency_header = 'Idempotency-Key'")).is_idempotent());
}

#[test]
fn unknown_keys_and_words_get_a_suggestion() {
    check(&plain_with("metod = 'POST'"), "metod: there is no key `metod`; did you mean `method`?");
    check(
        "preset = 'twillio'\n[body]\nform = { a = '{to}{text}' }\n[success]\nstatus = [200]",
        concat!(
            "preset: there is no preset `twillio`; did you mean `twilio`?\n",
            "url: there is no `url`: write the address that messages are sent to, without a query",
        ),
    );
    check(&plain_with("method = 'FETCH'"), "method: `FETCH` is no method for this: write one of `GET`, `POST`, `PUT`");
    check(
        &plain_with("number_format = 'E164'"),
        "number_format: `E164` is no way to write numbers: use `e164`, `e164_noplus`, `national`",
    );
    check(
        &plain_with("auth = 'digest'"),
        "auth: `digest` is no kind of `auth`: the kinds are `none`, `basic`, `bearer`, `header`, `query`",
    );
    check(
        &plain_with("auth = { kind = 'bearer', tokn = 'x' }"),
        "auth.tokn: there is no key `tokn`; did you mean `token`?",
    );
}

#[test]
fn all_problems_come_at_once() {
    let found = problems(
        r#"
        url = "ftp://sms.example/"
        method = 3
        query = { to = "{too}", flag = true }
        success = { status = [] , body_matches = "(" }
        message_id = { json = "a..b" }
        retry_on = { status = [999] }
        rate = "fast"
        max_inflight = 0
        timeout = { connect = "30s", total = "10s" }
        password = "hunter2"
        "#,
    );
    let expected = [
        "url: `ftp://sms.example/` is no web address",
        "method: `3` is not what can stand here: write a text in quotes",
        "query.to: `{too}` is no placeholder; did you mean `{to}`?",
        "query.flag: `true` is not what can stand here",
        "success.status: the list is empty",
        "success.body_matches: `(` is no regular expression: unclosed group",
        "message_id.json: `a..b` has an empty step",
        "retry_on.status: `999` is not what can stand here: write an HTTP status",
        "rate: `fast` is no rate",
        "max_inflight: `0` is not what can stand here: write a whole number from 1 to 256",
        "timeout: `connect` (30s) is not shorter than `total` (10s)",
        "password: a secret cannot stand in this file",
        "`{text}` stands nowhere in the request",
    ];
    for line in expected {
        assert!(found.lines().any(|found| found.starts_with(line)), "{line}\nis not in\n{found}");
    }
    assert!(!found.contains("hunter2"));
}

#[test]
fn what_is_missing_is_named() {
    check(
        "url = 'https://sms.example/'\nquery = { to = '{to}', text = '{text}' }",
        "success: there is no `success`, so no answer could ever count as one: write for example `success = { status = [200, 201] }`",
    );
    let without_secret = Gateway::from_table("main", &plain_with("auth = 'bearer'").parse().unwrap(), &|_| None);
    let expected = "`{token}` has no value: set `token_file`, or write `{token?}` to leave this out without it";
    assert_eq!(without_secret.unwrap_err()[0].message, expected);
    let sid = format!("preset = 'twilio'\naccount_sid = '{ACCOUNT_SID}'");
    check(&sid, "one of `from`, `messaging_service_sid` is needed: the gateway must know who the sender is");
    assert_eq!(problems(&format!("{sid}\nmessaging_service_sid = 'MG1'")), "");
}

#[test]
fn what_is_set_but_used_nowhere_is_a_problem() {
    check(
        &plain_with("username = 'survey'"),
        "username: `username` is set, but `{username}` stands nowhere in the request",
    );
    check(
        &plain_with("token_file = 'token'"),
        "token_file: `token_file` is set, but `{token}` stands nowhere in the request",
    );
}

#[test]
fn a_request_that_could_not_be_is_refused() {
    check(
        &plain_with("method = 'GET'"),
        "method: `GET` carries no body: write `method = \"POST\"`, or put the fields under `query`",
    );
    check(
        &plain_with("headers = { Content-Length = '3' }"),
        "headers.Content-Length: `Content-Length` cannot be set: it follows from `body`",
    );
    check(
        &plain_with("headers = { Authorization = 'Bearer abc' }"),
        "headers.Authorization: `Authorization` cannot be set: use `auth`, which keeps the secret out of this file",
    );
    check(
        &plain_with("headers = { X-A = \"a\\r\\nX-B: c\" }"),
        "headers.X-A: a header holds one line: it has a line break or another control character in it",
    );
    check(
        "url = 'https://sms.example/'\nsuccess = { status = [200] }\nbody = { raw = '{to}{text}', content_type = 'image/png' }",
        "body.content_type: it is not known how to escape values in `image/png`; known are `application/json`, \
         `application/xml`, `application/x-www-form-urlencoded`, `text/plain`",
    );
    check(
        &plain_with("from = 'Trattoria Sole'\nheaders = { X-From = '{from}' }"),
        "from: `Trattoria Sole` has 14 characters: a sender's name has at most 11",
    );
}

#[track_caller]
fn check_url(url: &str, expected: &str) {
    let query = "query = { to = '{to}', text = '{text}' }\nsuccess = { status = [200] }";
    let found = problems(&format!("url = '{url}'\n{query}"));
    assert!(if expected.is_empty() { found.is_empty() } else { found.contains(expected) }, "{url}: {found}");
}

#[test]
fn an_address_is_https_or_near_and_has_no_query() {
    check_url("https://sms.example/a/{to}", "");
    check_url("http://127.0.0.1:13013/cgi-bin/sendsms", "");
    check_url("http://[::1]:13013/", "");
    check_url("http://10.1.2.3/", "");
    check_url("http://kannel:13013/", "");
    check_url("http://sms.example/", "over the internet in the clear: write `https://…`");
    check_url("http://8.8.8.8/", "over the internet in the clear");
    check_url("https://sms.example/?a=b", "contains `?`: put parameters under `query`");
    check_url("https://sms.example/a%20b", "contains `%`: write the path without escapes");
    check_url("https://user:hunter2@sms.example/", "cannot stand in the address: use `auth`");
    check_url("https://{to}.example/", "has a placeholder in its host");
    check_url("https://sms.example/{text}", "`{text}` cannot stand in a path");
    check_url("https://sms.example/{from?}", "stands where nothing can be left out");
    check_url("sms.example/send", "is no web address");
}

#[test]
fn rules_and_encodings_are_checked_to_the_leaf() {
    let with = |lines: &str| problems(&plain_with(lines));
    assert!(with("retry_on = {}").contains("retry_on: nothing is said about the answer"));
    assert!(
        with("dead_on = [{ json = { path = 'code' } }]").contains("dead_on.json: write either `equals = …` or `any_of")
    );
    assert!(with("dead_on = { json = { equals = 1 } }").contains("dead_on.json: there is no `path`"));
    assert!(with("permanent_on = { any_parts = true, status = [400] }").contains("there is no key `any_parts`"));
    assert!(with("message_id = { regex = 'id=1' }").contains("has no group"));
    assert!(with("message_id = { json = 'a', header = 'b' }").contains("stands in one place"));
    assert!(with("message_id = 'first'").contains("`\"first\"` is not what can stand here"));
    assert!(with("encoding = { gsm7 = { coding = 0 } }").contains("encoding: `coding` is missing for `ucs2`"));
    assert!(with("encoding = { gsm7 = { text = 0 }, ucs2 = { text = 2 } }").contains("`text` cannot name a parameter"));
    assert!(with("encoding = 'utf-8'").contains("is not what can stand here: write \"auto\""));
    assert_eq!(with("encoding = 'auto'\nmessage_id = 'none'\nretry_on = [{ status = ['5xx'] }]"), "");
}

#[test]
fn a_preset_is_laid_over_key_by_key() {
    let changed = gateway(&format!(
        "preset = 'twilio'\naccount_sid = '{ACCOUNT_SID}'\nmessaging_service_sid = 'MG1'\n\
         body = {{ form = {{ StatusCallback = '', ValidityPeriod = 3600 }} }}"
    ));
    let preview = changed.preview(&message("Hi"));
    let form = preview.lines().last().unwrap();
    let mut fields: Vec<_> = form.split('&').collect();
    fields.sort_unstable();
    assert_eq!(fields, ["Body=Hi", "MessagingServiceSid=MG1", "To=%2B4915112345678", "ValidityPeriod=3600"]);
}

#[test]
fn a_preview_shows_the_request_and_no_secret() {
    let kannel = kannel("http://127.0.0.1:13013").preview(&message("Grüße"));
    assert!(kannel.starts_with("GET http://127.0.0.1:13013/cgi-bin/sendsms?"), "{kannel}");
    for part in ["password=********", "username=survey", "text=Gr%C3%BC%C3%9Fe", "coding=0", "from=SOLE", "dlr-mask=31"]
    {
        assert!(kannel.contains(part), "{part} is not in {kannel}");
    }
    let twilio = twilio(None).preview(&message("Hi"));
    let head = format!("POST https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json\n");
    assert!(twilio.starts_with(&head), "{twilio}");
    assert!(twilio.contains("authorization: Basic ********\n") && twilio.contains("Body=Hi"), "{twilio}");
    for preview in [kannel, twilio] {
        assert!(!preview.contains(PASSWORD) && !preview.contains("pa+ss") && !preview.contains("cGEgc3M"));
    }
}

#[test]
fn a_name_as_sender_is_known() {
    assert!(kannel("http://127.0.0.1:1").sender_is_name());
    assert!(!twilio(None).sender_is_name());
}

#[test]
fn a_price_is_read_and_a_wrong_one_told() {
    assert_eq!(gateway(PLAIN).price(), None);
    let price = gateway(&plain_with("price = '0.079 EUR'")).price().unwrap();
    assert_eq!(price.to_string(), "0.079 EUR");
    let told = problems(&plain_with("price = '7.9 cents'"));
    assert!(told.starts_with("price: `7.9 cents` is no price: write an amount of at most 1000 with"), "{told}");
}

#[test]
fn a_limit_of_the_day_is_read_and_a_wrong_one_told() {
    assert_eq!(gateway(PLAIN).day_limit(), None);
    let limit =
        gateway(&plain_with("price = '0.079 EUR'\ndaily_limit = '5000 EUR'\ndaily_segments = 1000")).day_limit();
    let limit = limit.unwrap();
    assert_eq!((limit.segments, limit.money.unwrap().to_string()), (Some(1_000), "5000.00 EUR".to_owned()));
    assert!(gateway(&plain_with("daily_segments = 10")).day_limit().unwrap().money.is_none());
    for (wrong, expected) in [
        (
            "daily_limit = '50 EUR'",
            "daily_limit: `50.00 EUR` cannot be kept without the price of a segment: write for example `price = \"0.079 EUR\"`",
        ),
        (
            "price = '0.079 USD'\ndaily_limit = '50 EUR'",
            "daily_limit: `50.00 EUR` is of another currency than `price`, `0.079 USD`: write both in USD",
        ),
        (
            "price = '0.079 EUR'\ndaily_limit = '0.07 EUR'",
            "daily_limit: `0.07 EUR` is less than one message of 10 segments may cost: write `0.79 EUR` at least",
        ),
        (
            "price = '0 EUR'\ndaily_limit = '5 EUR'",
            "daily_limit: it is never reached while `price` is nothing: write what a segment costs, or `daily_segments`",
        ),
    ] {
        assert_eq!(problems(&plain_with(wrong)).trim_end(), expected);
    }
    let told = problems(&plain_with("price = '0.079 EUR'\ndaily_limit = '2000000 EUR'"));
    assert!(told.contains("write an amount of at most 1000000 with"), "{told}");
    let told = problems(&plain_with("daily_segments = 9"));
    assert!(told.starts_with("daily_segments: "), "{told}");
}
