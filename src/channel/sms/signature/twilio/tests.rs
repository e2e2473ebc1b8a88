use super::super::super::place::Report;
use super::super::Signature;
use super::*;
use crate::config::settings::Secret;
use crate::domain::invitation::tests::at;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const JSON: Option<&str> = Some("application/json");
/// The example of Twilio's documentation.
const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
const FIELDS: &str =
    "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
const SIGNATURE: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
const SETTINGS: &str = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256";

/// The account's token and the key that was made to sign.
fn secrets() -> [Secret; 2] {
    ["12345", "s3cr3t"].map(Secret::new)
}

/// Whether a report with these headers is taken for Twilio's own.
fn is_right(url: &str, report: &Report<'_>, signature: &str, settings: &str) -> bool {
    let header = |name: &str| match name {
        "x-twilio-signature" => Some(signature),
        "x-twilio-webhooks-signature-settings" => Some(settings).filter(|settings| !settings.is_empty()),
        _ => None,
    };
    let [token, key] = secrets();
    let signed = Signed { url, report, header: &header, now: at("2026-03-06T12:00:00Z") };
    Signature::Twilio.is_right(&signed, &|name| Some(if name == TOKEN { &token } else { &key }))
}

fn signed(algorithm: hmac::Algorithm, secret: &str, text: &str) -> String {
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    BASE64.encode(hmac::sign(&key, text.as_bytes()).as_ref())
}

fn sha1(text: &str) -> String {
    signed(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "12345", text)
}

fn form(body: &str) -> Report<'_> {
    Report::of("foo=1&bar=2", FORM, body.as_bytes())
}

#[test]
fn twilios_own_example_is_right_and_one_changed_byte_is_not() {
    assert!(is_right(URL, &form(FIELDS), SIGNATURE, ""));
    let reordered: Vec<_> = FIELDS.split('&').rev().collect();
    assert!(is_right(URL, &form(&reordered.join("&")), SIGNATURE, ""));
    assert!(!is_right(URL, &form(&FIELDS.replace("1234&", "1235&")), SIGNATURE, ""));
    assert!(!is_right(URL, &form(&format!("{FIELDS}&x=")), SIGNATURE, ""));
    assert!(!is_right(&URL.replace("bar=2", "bar=3"), &form(FIELDS), SIGNATURE, ""));
    for signature in ["", "=", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "RSOY", "é"] {
        assert!(!is_right(URL, &form(FIELDS), signature, ""), "{signature}");
    }
    let no_headers = |_: &str| None;
    let [token, _] = secrets();
    let signed = Signed { url: URL, report: &form(FIELDS), header: &no_headers, now: at("2026-03-06T12:00:00Z") };
    assert!(!Signature::Twilio.is_right(&signed, &|_| Some(&token)));
    assert!(Signature::None.is_right(&signed, &|_| None));
}

#[test]
fn the_port_may_be_signed_or_not() {
    for url in ["https://a.example:443/b?c=1", "https://a.example/b?c=1"] {
        for signed_url in ["https://a.example:443/b?c=1", "https://a.example/b?c=1"] {
            assert!(is_right(url, &form(""), &sha1(signed_url), ""), "{url} {signed_url}");
        }
        assert!(!is_right(url, &form(""), &sha1("https://a.example:80/b?c=1"), ""));
    }
    for (url, expected) in [
        ("http://a.example?b", ["http://a.example?b", "http://a.example:80?b"]),
        ("https://a.example:8443/b:1", ["https://a.example/b:1", "https://a.example:8443/b:1"]),
        ("http://[::1]/b", ["http://[::1]/b", "http://[::1]:80/b"]),
        ("http://[::1]:8080/b", ["http://[::1]/b", "http://[::1]:8080/b"]),
    ] {
        assert_eq!(with_and_without_port(url).unwrap(), expected);
    }
    assert_eq!(with_and_without_port("mycompany.com"), None);
}

#[test]
fn values_of_a_repeated_name_are_sorted_and_signed_once() {
    let signature = sha1("https://a.example/Media1Media2Zx");
    assert!(is_right("https://a.example/", &form("Media=2&Z=x&Media=1&Media=2"), &signature, ""));
    assert!(!is_right("https://a.example/", &form("Media=2&Z=x"), &signature, ""));
}

#[test]
fn json_is_signed_by_its_hash_in_the_query() {
    let body = br#"{"MessageStatus":"delivered"}"#;
    let query = format!("bodySHA256={}", HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref()));
    let url = format!("https://a.example/b?{query}");
    let signature = sha1(&url);
    assert!(is_right(&url, &Report::of(&query, JSON, body), &signature, ""));
    assert!(!is_right(&url, &Report::of(&query, JSON, br#"{"MessageStatus":"undelivered"}"#), &signature, ""));
    let bare = "https://a.example/b";
    assert!(!is_right(bare, &Report::of("", JSON, body), &sha1(bare), ""), "nothing vouches for the body");
}

#[test]
fn a_key_of_its_own_is_used_where_the_header_says_so() {
    let text = format!("{URL}a1");
    let sha256 = signed(hmac::HMAC_SHA256, "s3cr3t", &text);
    assert!(is_right(URL, &form("a=1"), &sha256, SETTINGS));
    // As Twilio's own library signs its example with this key.
    assert!(is_right(URL, &form(FIELDS), "IPxiBZ4uzvOwAo0b96mExiJbm317F//qT8rzcGWG/GU=", SETTINGS));
    assert!(is_right(URL, &form("a=1"), &sha256, "algorithm = HMAC_SHA256 , key = x"));
    assert!(!is_right(URL, &form("a=2"), &sha256, SETTINGS));
    assert!(!is_right(URL, &form("a=1"), &sha256, ""), "without the header the token signs");
    assert!(!is_right(URL, &form("a=1"), &sha256, "key=x,algorithm=HMAC_MD5"));
    let by_token = signed(hmac::HMAC_SHA256, "12345", &text);
    assert!(!is_right(URL, &form("a=1"), &by_token, SETTINGS), "the token does not sign under the header");
    let header = |name: &str| Some(if name == "x-twilio-signature" { sha256.as_str() } else { SETTINGS });
    let [token, _] = secrets();
    let no_key = |name: &str| (name == TOKEN).then_some(&token);
    let report = form("a=1");
    let by_no_key = Signed { url: URL, report: &report, header: &header, now: at("2026-03-06T12:00:00Z") };
    assert!(!Signature::Twilio.is_right(&by_no_key, &no_key));
    let empty_key = signed(hmac::HMAC_SHA256, "", &text);
    assert!(!is_right(URL, &form("a=1"), &empty_key, SETTINGS));
}
