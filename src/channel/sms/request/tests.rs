//! No text can leave the place that it is put into.

use reqwest::Url;

use super::super::sample::{PASSWORD, STATUS_URL, gateway, kannel, message, of_preset, plain_with};
use super::*;

/// What an attacker would write: it closes strings and objects, begins parameters, headers, elements and placeholders.
const EVIL: &str = "a&to=123\"}],{text}\r\nX-Evil: 1\r\n\r\n</text><to>1</to>%00&amp;#?+;='\u{2028}ü😀";

fn pairs(url: &Url) -> Vec<(String, String)> {
    url.query_pairs().into_owned().collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_text_stays_one_parameter_of_a_query() {
    let gateway = gateway(
        "url = 'https://sms.example/send'\nsuccess = { status = [200] }\nauth = { kind = 'query', name = 'key', value = '{token}' }\n[query]\ntext = 'x{text}y'\nto = '{to}'",
    );
    let request = gateway.request(&message(EVIL)).unwrap();
    let mut found = pairs(&request.url);
    found.sort_unstable();
    let text = format!("x{EVIL}y");
    assert_eq!(found, owned(&[("key", PASSWORD), ("text", &text), ("to", "+4915112345678")]));
    assert_eq!((request.url.path(), request.url.fragment(), request.body), ("/send", None, None));
    assert!(request.url.as_str().is_ascii() && !request.url.as_str().contains(['\r', '\n', ' ']));
}

#[test]
fn a_text_stays_one_field_of_a_form() {
    let request = gateway(&plain_with("")).request(&message(EVIL)).unwrap();
    let body = request.body.unwrap();
    let mut found: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    found.sort_unstable();
    assert_eq!(found, owned(&[("text", EVIL), ("to", "+4915112345678")]));
    assert_eq!(request.headers, [(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))]);
}

#[test]
fn a_text_stays_one_string_of_json() {
    let toml = "url = 'https://sms.example/'\nsuccess = { status = [200] }\n[body.json]\nmessages = [{ text = '<{text}>', to = ['{to}', '{from?}'], flash = false, n = 1, from = '{from?}' }]";
    let request = gateway(toml).request(&message(EVIL)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&request.body.unwrap()).unwrap();
    let text = format!("<{EVIL}>");
    let expected = serde_json::json!({"messages": [{"text": text, "to": ["+4915112345678"], "flash": false, "n": 1}]});
    assert_eq!(json, expected);
}

#[test]
fn a_text_stays_where_it_is_in_a_raw_body() {
    let body = |content_type: &str, raw: &str| {
        let toml = format!(
            "url = 'https://sms.example/'\nsuccess = {{ status = [200] }}\nbody = {{ raw = '''{raw}''', content_type = '{content_type}' }}"
        );
        gateway(&toml).request(&message(EVIL)).unwrap().body.unwrap()
    };
    let json: serde_json::Value =
        serde_json::from_str(&body("application/json; charset=utf-8", r#"{{"t": "{text}", "to": "{to}"}}"#)).unwrap();
    assert_eq!(json, serde_json::json!({"t": EVIL, "to": "+4915112345678"}));
    let form = body("application/x-www-form-urlencoded", "t={text}&to={to}");
    let fields: Vec<_> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    assert_eq!(fields, owned(&[("t", EVIL), ("to", "+4915112345678")]));
    let xml = body("application/xml", "<m><text>{text}</text><to>{to}</to><from>{from?}</from></m>");
    assert_eq!(xml.matches("<text>").count() + xml.matches("<to>").count(), 2, "{xml}");
    assert!(
        xml.contains("&lt;/text&gt;&lt;to&gt;1&lt;/to&gt;%00&amp;amp;") && xml.ends_with("<from></from></m>"),
        "{xml}"
    );
    assert!(!xml.contains(['\r', '\n']), "{xml}");
}

#[test]
fn a_line_break_never_gets_into_a_header() {
    let gateway = gateway(&plain_with("headers = { X-Text = '{text}' }"));
    let refused = gateway.request(&message(EVIL)).unwrap_err();
    assert_eq!(refused, RenderError::Header { name: "x-text".to_owned() });
    let request = gateway.request(&message("Grüße\"; a=b")).unwrap();
    assert_eq!(request.headers[0].1.as_bytes(), "Grüße\"; a=b".as_bytes());
}

#[test]
fn a_value_stays_in_its_segment_of_the_path() {
    let path = |account: &str| {
        let toml = format!(
            "url = 'https://sms.example/a/{{account_sid}}.json/'\naccount_sid = '{account}'\nsuccess = {{ status = [200] }}\nquery = {{ to = '{{to}}', text = '{{text}}' }}"
        );
        gateway(&toml).request(&message("Hi")).unwrap().url.path().to_owned()
    };
    assert_eq!(path("AC1"), "/a/AC1.json/");
    assert_eq!(path("../b?c#d%2F\\"), "/a/..%2Fb%3Fc%23d%252F%5C.json/");
}

#[test]
fn a_segment_of_dots_is_no_segment() {
    let toml = "url = 'https://sms.example/a/{account_sid}'\naccount_sid = '..'\nsuccess = { status = [200] }\nquery = { to = '{to}', text = '{text}' }";
    assert_eq!(gateway(toml).request(&message("Hi")).unwrap_err(), RenderError::Path);
}

#[test]
fn kannel_gets_the_coding_of_the_text_and_a_link_to_report_to() {
    let of = |text: &str| pairs(&kannel("http://127.0.0.1:1").request(&message(text)).unwrap().url);
    let value = |pairs: &[(String, String)], name: &str| {
        pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap()
    };
    let gsm7 = of("Grüße für 10 €");
    assert_eq!(value(&gsm7, "coding"), "0");
    assert_eq!(value(&gsm7, "charset"), "UTF-8");
    assert_eq!(value(&gsm7, "dlr-url"), format!("{STATUS_URL}&st=%d&ans=%A&fid=%F&ts=%T&smsc=%i"));
    assert_eq!(value(&gsm7, "password"), PASSWORD);
    assert_eq!(value(&of("Żółć"), "coding"), "2");
}

#[test]
fn the_reference_goes_where_the_gateway_looks_for_a_repetition() {
    let request = gateway(&plain_with("idempotency_header = 'Idempotency-Key'")).request(&message("Hi")).unwrap();
    assert_eq!(request.headers[0], ("idempotency-key".parse().unwrap(), HeaderValue::from_static("inv_01J9Z3-1")));
}

#[test]
fn every_kind_of_auth_is_written_as_its_rule_says() {
    let header = |auth: &str| {
        let request = gateway(&plain_with(auth)).request(&message("Hi")).unwrap();
        assert!(request.headers[0].1.is_sensitive());
        (request.headers[0].0.to_string(), request.headers[0].1.to_str().unwrap().to_owned())
    };
    let check = |auth: &str, name: &str, value: &str| assert_eq!(header(auth), (name.to_owned(), value.to_owned()));
    // printf 'survey:pa ss&word="1"' | base64
    check("auth = 'basic'\nusername = 'survey'", "authorization", "Basic c3VydmV5OnBhIHNzJndvcmQ9IjEi");
    check("auth = { kind = 'basic', username = 'survey' }", "authorization", "Basic c3VydmV5OnBhIHNzJndvcmQ9IjEi");
    check("auth = 'bearer'", "authorization", &format!("Bearer {PASSWORD}"));
    check(
        "auth = { kind = 'header', name = 'X-Key', value = 'AccessKey {token}' }",
        "x-key",
        &format!("AccessKey {PASSWORD}"),
    );
}

#[test]
fn the_presets_ask_as_their_gateways_want_to_be_asked() {
    let request = |preset: &str| of_preset(preset).request(&message("Grüße ✓")).unwrap();
    let vonage = request("vonage");
    assert_eq!((vonage.method, vonage.url.as_str()), (Method::POST, "https://rest.nexmo.com/sms/json"));
    let form: Vec<_> = form_urlencoded::parse(vonage.body.as_deref().unwrap().as_bytes()).into_owned().collect();
    let expected = [
        ("api_key", "a1b2c3d4"),
        ("api_secret", PASSWORD),
        ("callback", STATUS_URL),
        ("client-ref", "inv_01J9Z3-1"),
        ("from", "SOLE"),
        ("text", "Grüße ✓"),
        ("to", "4915112345678"),
        ("type", "unicode"),
    ];
    let mut found = form;
    found.sort_unstable();
    assert_eq!(found, owned(&expected));

    let messagebird = request("messagebird");
    assert_eq!(messagebird.url.as_str(), "https://rest.messagebird.com/messages");
    let key = HeaderValue::from_str(&format!("AccessKey {PASSWORD}")).unwrap();
    assert!(messagebird.headers.contains(&(reqwest::header::AUTHORIZATION, key)));
    let json: serde_json::Value = serde_json::from_str(&messagebird.body.unwrap()).unwrap();
    let expected = serde_json::json!({
        "originator": "SOLE", "recipients": ["4915112345678"], "body": "Grüße ✓", "datacoding": "unicode",
        "reference": "inv_01J9Z3-1", "reportUrl": STATUS_URL,
    });
    assert_eq!(json, expected);

    let plivo = request("plivo");
    assert_eq!(plivo.url.as_str(), "https://api.plivo.com/v1/Account/MAXXXXXXXXXXXXXXXXXX/Message/");
    let json: serde_json::Value = serde_json::from_str(&plivo.body.unwrap()).unwrap();
    let expected = serde_json::json!({
        "src": "SOLE", "dst": "+4915112345678", "text": "Grüße ✓", "type": "sms", "url": STATUS_URL, "method": "POST",
    });
    assert_eq!(json, expected);
}
