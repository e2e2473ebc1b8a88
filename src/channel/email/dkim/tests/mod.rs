use std::collections::BTreeMap;

use aws_lc_rs::signature::{
    ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY as RSA, UnparsedPublicKey, VerificationAlgorithm,
};
use proptest::prelude::*;

use super::*;
use crate::config::settings::Secret;

mod rfc;

const MAIL: &str = "Message-ID: <inv.1@sole.example>\r\n\
    Date: Sat, 07 Mar 2026 09:00:00 +0000\r\n\
    From: \"Trattoria Sole\" <hello@sole.example>\r\n\
    To: guest@example.org\r\n\
    Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n =?utf-8?b?IHVuZCBtZWhy?=\r\n\
    X-Other: not ours\r\n\
    List-Unsubscribe: <https://s.sole.example/u/abc>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/alternative;\r\n boundary=\"b\"\r\n\
    \r\n\
    --b\r\n\r\nHow was it?\r\n--b--\r\n";

fn date() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_874_000, 0).unwrap()
}

fn rsa() -> Key {
    key("c2026r", include_str!("keys/rsa.pem")).unwrap()
}

fn ed25519() -> Key {
    key("c2026e", include_str!("keys/ed25519.pem")).unwrap()
}

fn key(selector: &str, pem: &str) -> Result<Key, KeyError> {
    Key::read(selector.to_owned(), &Secret::new(pem))
}

fn signer(keys: Vec<Key>) -> Signer {
    Signer::new("sole.example".to_owned(), keys)
}

/// Verifies the signatures on top of a mail as a receiver does, from what is published. Gives the tags of each that holds.
fn verified(mail: &[u8], records: &BTreeMap<String, String>) -> Vec<BTreeMap<String, String>> {
    let at = memmem::find(mail, b"\r\n\r\n").unwrap();
    let (head, body) = (&mail[..at + 2], &mail[at + 4..]);
    let all: Vec<_> = fields(head).collect();
    let signatures = all.iter().filter(|field| relaxed::name(field) == "dkim-signature");
    let tags = signatures.map(|field| (*field, tags(std::str::from_utf8(field).unwrap())));
    let holds = |(field, tags): &(&[u8], BTreeMap<String, String>)| {
        let hash = BASE64.encode(digest(&SHA256, &relaxed::body(body)).as_ref());
        let mut data = Vec::new();
        let mut left = all.clone();
        for name in tags["h"].split(':') {
            // From the bottom; one that is not there counts as nothing.
            if let Some(at) = left.iter().rposition(|field| relaxed::name(field) == name.trim().to_lowercase()) {
                relaxed::field(left.remove(at), &mut data);
                data.extend_from_slice(b"\r\n");
            }
        }
        let text = std::str::from_utf8(field).unwrap();
        let bare = text.rsplit_once("b=").unwrap().0.to_owned() + "b=";
        relaxed::field(bare.as_bytes(), &mut data);
        let record = self::tags(&format!("x: {}", records[&format!("{}._domainkey.{}", tags["s"], tags["d"])]));
        let public = BASE64.decode(record["p"].as_bytes()).unwrap();
        let signature = BASE64.decode(tags["b"].as_bytes()).unwrap();
        let (algorithm, data): (&'static dyn VerificationAlgorithm, _) = match record["k"].as_str() {
            "rsa" => (&RSA, data),
            _ => (&ED25519, digest(&SHA256, &data).as_ref().to_vec()),
        };
        tags["bh"] == hash && UnparsedPublicKey::new(algorithm, public).verify(&data, &signature).is_ok()
    };
    tags.filter(holds).map(|(_, tags)| tags).collect()
}

fn tags(field: &str) -> BTreeMap<String, String> {
    let (_, value) = field.split_once(':').unwrap();
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    value.split(';').filter_map(|tag| tag.split_once('=')).map(|(tag, value)| (plain(tag), plain(value))).collect()
}

fn published(signer: &Signer) -> BTreeMap<String, String> {
    signer.records().map(|record| (record.name, record.text)).collect()
}

#[test]
fn a_mail_has_a_signature_of_each_key_and_both_hold() {
    let signer = signer(vec![rsa(), ed25519()]);
    let signed = signer.sign(MAIL.as_bytes(), date()).unwrap();
    assert!(signed.ends_with(MAIL.as_bytes()));
    let found = verified(&signed, &published(&signer));
    let of = |name: &str| found.iter().map(|tags| tags[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("a"), ["rsa-sha256", "ed25519-sha256"]);
    assert_eq!(of("s"), ["c2026r", "c2026e"]);
    assert_eq!(of("c"), ["relaxed/relaxed"; 2]);
    assert_eq!(of("t"), ["1772874000"; 2]);
    // What is there, in its order; not the type of the content, no strangers, and the sender once more than it is there.
    assert_eq!(of("h"), ["message-id:date:from:to:subject:list-unsubscribe:mime-version:from"; 2]);
    assert!(found.iter().all(|tags| !tags.contains_key("l")));
}

#[test]
fn the_same_mail_and_date_give_the_same_bytes() {
    let signer = signer(vec![rsa(), ed25519()]);
    let sign = |date| signer.sign(MAIL.as_bytes(), date).unwrap();
    assert_eq!(sign(date()), sign(date()));
    assert_ne!(sign(date()), sign(date() + chrono::TimeDelta::seconds(1)));
}

#[test]
fn no_line_of_a_signature_is_wider_than_a_page() {
    let signer = signer(vec![rsa(), ed25519()]);
    let signed = String::from_utf8(signer.sign(MAIL.as_bytes(), date()).unwrap()).unwrap();
    let lines: Vec<_> = signed.strip_suffix(MAIL).unwrap().lines().collect();
    assert!(lines.iter().all(|line| line.len() < 78 && !line.trim().is_empty()), "{lines:#?}");
    assert!(lines.len() > 10, "{lines:#?}");
}

/// Changes the signed mail; so many of the two signatures hold then.
#[track_caller]
fn check_after(change: impl FnOnce(&str) -> String, expected: usize) {
    let signer = signer(vec![rsa(), ed25519()]);
    let signed = String::from_utf8(signer.sign(MAIL.as_bytes(), date()).unwrap()).unwrap();
    let changed = change(&signed);
    assert_ne!(signed, changed);
    assert_eq!(verified(changed.as_bytes(), &published(&signer)).len(), expected, "{changed}");
}

#[test]
fn what_a_relay_may_do_leaves_the_signatures_whole_and_anything_else_breaks_them() {
    check_after(|mail| format!("Received: by relay\r\n{mail}"), 2);
    check_after(|mail| mail.replace("Subject: =?", "SUBJECT:\t=?"), 2);
    check_after(|mail| mail.replace("multipart/alternative;\r\n boundary", "multipart/alternative; boundary"), 2);
    check_after(|mail| mail.replace("X-Other: not ours", "X-Other: theirs"), 2);
    check_after(|mail| mail.to_owned() + "\r\n\r\n", 2);
    check_after(|mail| mail.replace("How was it?", "How  was\tit? "), 2);
    check_after(|mail| mail.replace("How was it?", "Howwas it?"), 0);
    check_after(|mail| mail.replace("How was it?", "How was it!"), 0);
    check_after(|mail| mail.replace("To: guest@", "To: other@"), 0);
    check_after(|mail| mail.replace("/u/abc", "/u/abd"), 0);
    check_after(|mail| format!("From: evil@example.net\r\n{mail}"), 0);
    check_after(|mail| mail.replacen("t=1772874000", "t=1772874001", 1), 1);
}

#[test]
fn a_mail_without_a_body_is_signed_too() {
    let signer = signer(vec![ed25519()]);
    let signed = signer.sign(b"From: a@sole.example\r\n\r\n", date()).unwrap();
    let found = verified(&signed, &published(&signer));
    // RFC 6376 §3.4.4: the hash of nothing.
    assert_eq!(found[0]["bh"], "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[track_caller]
fn check_key(pem: &str, expected: Result<&str, KeyError>) {
    assert_eq!(key("s", pem).map(|key| key.kind()).as_ref().map_err(|err| *err), expected.as_ref().map_err(|err| *err));
}

#[test]
fn the_kind_of_a_key_is_read_from_it() {
    check_key(include_str!("keys/rsa.pem"), Ok("rsa"));
    check_key(include_str!("keys/rsa-pkcs1.pem"), Ok("rsa"));
    check_key(include_str!("keys/ed25519.pem"), Ok("ed25519"));
    let with_remark = format!("made in March\n{}", include_str!("keys/ed25519.pem"));
    check_key(&with_remark, Ok("ed25519"));
}

#[test]
fn what_is_no_key_to_sign_with_is_refused_with_the_reason() {
    check_key(include_str!("keys/rsa-1024.pem"), Err(KeyError::Short));
    check_key(include_str!("keys/rsa-5120.pem"), Err(KeyError::Long));
    check_key(include_str!("keys/rsa-public.pem"), Err(KeyError::Public));
    check_key(include_str!("keys/rsa-encrypted.pem"), Err(KeyError::Encrypted));
    check_key(include_str!("keys/p256.pem"), Err(KeyError::Kind));
    check_key(include_str!("keys/p256-sec1.pem"), Err(KeyError::Kind));
    check_key("", Err(KeyError::NotPem));
    check_key("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", Err(KeyError::NotPem));
    check_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", Err(KeyError::Kind));
}

#[test]
fn debug_shows_no_key() {
    let shown = format!("{:?}", signer(vec![rsa(), ed25519()]));
    assert_eq!(shown, "Signer { domain: \"sole.example\", keys: [Key(c2026r, rsa), Key(c2026e, ed25519)] }");
}

#[test]
fn what_is_to_be_published_is_what_openssl_says_the_public_half_is() {
    let lines = include_str!("keys/rsa-public.pem").lines().filter(|line| !line.starts_with("-----"));
    let expected = format!("v=DKIM1; k=rsa; p={}", lines.collect::<String>());
    let records: Vec<_> = signer(vec![rsa()]).records().collect();
    assert_eq!(records, [Record { name: "c2026r._domainkey.sole.example".to_owned(), text: expected }]);
}

proptest! {
    #[test]
    fn whatever_a_mail_holds_its_signature_holds(
        lines in prop::collection::vec("[ \ta-z<>=.-]{0,90}", 0..20),
        subject in "[ -~]{0,200}",
    ) {
        let mail = format!("From: a@sole.example\r\nSubject: {subject}\r\n\r\n{}", lines.join("\r\n"));
        let signer = signer(vec![ed25519()]);
        let signed = signer.sign(mail.as_bytes(), date()).unwrap();
        prop_assert_eq!(verified(&signed, &published(&signer)).len(), 1);
    }

    #[test]
    fn the_relaxed_body_is_its_own_and_does_not_see_what_may_change(
        lines in prop::collection::vec("[ \ta-c]{0,12}", 0..12),
    ) {
        let body = lines.join("\r\n");
        let relaxed = relaxed::body(body.as_bytes());
        prop_assert_eq!(&relaxed::body(&relaxed), &relaxed);
        prop_assert!(relaxed.is_empty() || relaxed.ends_with(b"\r\n"));
        prop_assert!(!relaxed.ends_with(b"\r\n\r\n") && relaxed != b"\r\n");
        let text = std::str::from_utf8(&relaxed).unwrap();
        prop_assert!(!text.contains("  ") && !text.contains('\t') && !text.contains(" \r\n"), "{:?}", text);
        let spread = body.replace(' ', " \t ").replace("\r\n", " \r\n") + "\r\n \r\n\r\n";
        prop_assert_eq!(&relaxed::body(spread.as_bytes()), &relaxed);
        // Nothing else is lost: word by word and line by line it says the same.
        let words = |text: &str| text.split("\r\n").map(|line| line.split([' ', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>();
        let mut expected = words(&body);
        while expected.last().is_some_and(Vec::is_empty) {
            expected.pop();
        }
        let mut found = words(text);
        while found.last().is_some_and(Vec::is_empty) {
            found.pop();
        }
        prop_assert_eq!(found, expected);
    }
}
