//! The examples of the standards.

use super::*;

/// RFC 8463, appendix A.3.
const SIGNED: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
";

/// Appendix A.2.
const RECORDS: [(&str, &str); 2] = [
    ("brisbane._domainkey.football.example.com", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
    (
        "test._domainkey.football.example.com",
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16\
         JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+\
         l/K4w3QIDAQAB",
    ),
];

/// The Ed25519 key of appendix A.2 as PKCS#8: a fixed beginning, and the 32 bytes.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";

fn mail() -> Vec<u8> {
    SIGNED.replace('\n', "\r\n").into_bytes()
}

fn records() -> BTreeMap<String, String> {
    RECORDS.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

#[test]
fn both_signatures_of_rfc_8463_hold_and_neither_does_after_a_change() {
    let found = verified(&mail(), &records());
    let algorithms: Vec<_> = found.iter().map(|tags| tags["a"].as_str()).collect();
    assert_eq!(algorithms, ["ed25519-sha256", "rsa-sha256"]);
    let lost = String::from_utf8(mail()).unwrap().replace("hungry", "angry");
    assert!(verified(lost.as_bytes(), &records()).is_empty());
}

#[test]
fn the_key_of_rfc_8463_signs_as_it_does_there() {
    let key = key("brisbane", KEY).unwrap();
    assert_eq!(key.public(), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    let mut data = Vec::new();
    let mail = mail();
    let head = mail.get(..memmem::find(&mail, b"\r\n\r\n").unwrap() + 2).unwrap();
    let all: Vec<_> = fields(head).collect();
    for field in &all[2..] {
        relaxed::field(field, &mut data);
        data.extend_from_slice(b"\r\n");
    }
    let text = std::str::from_utf8(all[0]).unwrap();
    relaxed::field(text.rsplit_once("/gCrin").unwrap().0.as_bytes(), &mut data);
    let expected = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";
    assert_eq!(BASE64.encode(&key.sign(&data).unwrap()), expected);
}

/// RFC 6376 §3.4.5, example 1.
#[test]
fn the_example_of_rfc_6376_comes_out_as_it_does_there() {
    let mail = b"A: X\r\nB : Y\t\r\n\tZ  \r\n";
    let mut header = Vec::new();
    for field in fields(mail) {
        relaxed::field(field, &mut header);
        header.extend_from_slice(b"\r\n");
    }
    assert_eq!(String::from_utf8(header).unwrap(), "a:X\r\nb:Y Z\r\n");
    assert_eq!(relaxed::body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
    assert_eq!(relaxed::body(b"\r\n\r\n"), b"");
    assert_eq!(relaxed::body(b""), b"");
    assert_eq!(relaxed::body(b"C"), b"C\r\n");
}
